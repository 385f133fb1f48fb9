using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security;

namespace System.Runtime.InteropServices
{
    /// <summary>Marks for .NET that a function is as short as an access to memory, and takes no leave of the
    /// collector. The runtime, from .NET 5 on, knows the attribute by this name, wherever it is.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class SuppressGCTransitionAttribute : Attribute
    {
    }
}

namespace Filemap
{
    /// <summary>Copies of a few bytes, which cost what a call costs.</summary>
    /// <remarks>
    /// Both runtimes tell their collector of each call to other code, which takes longer than such a copy. They
    /// have ways to leave that out. The thread is then where it is when it reads memory by an address: it may
    /// wait for a page of a file, and the collector for it, which is so for the class library's accessors as well.
    /// </remarks>
    [SuppressUnmanagedCodeSecurity]
    internal static unsafe class Short
    {
        /// <summary>The most bytes of a short copy: a page takes less than a microsecond.</summary>
        internal const int Most = 4096;

        static readonly bool IsMono = Type.GetType("Mono.Runtime") != null && Mono.Register();

        [DllImport("filemap", EntryPoint = "filemap_get"), SuppressGCTransition]
        static extern uint GetDirectly(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

        [DllImport("filemap", EntryPoint = "filemap_put"), SuppressGCTransition]
        static extern uint PutDirectly(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

        internal static uint Get(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length)
        {
            return IsMono ? OnMonoGet(pin, offset, buffer, length) : GetDirectly(pin, offset, buffer, length);
        }

        internal static uint Put(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length)
        {
            return IsMono ? OnMonoPut(pin, offset, buffer, length) : PutDirectly(pin, offset, buffer, length);
        }

        // .NET refuses to compile what calls such a function: these are compiled by Mono alone.

        [MethodImpl(MethodImplOptions.NoInlining)]
        static uint OnMonoGet(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length)
        {
            return Mono.Get(pin, offset, buffer, length);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static uint OnMonoPut(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length)
        {
            return Mono.Put(pin, offset, buffer, length);
        }

        /// <summary>The same functions as ones of Mono itself, which no other runtime has to look at.</summary>
        static class Mono
        {
            [DllImport("__Internal")]
            static extern void mono_dangerous_add_raw_internal_call(string name, IntPtr function);

            [DllImport("filemap")]
            static extern IntPtr GetModuleHandleA(string name);

            [DllImport("filemap")]
            static extern IntPtr GetProcAddress(IntPtr module, string name);

            [MethodImpl(MethodImplOptions.InternalCall)]
            internal static extern uint Get(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

            [MethodImpl(MethodImplOptions.InternalCall)]
            internal static extern uint Put(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

            /// <summary>Returns whether that could be done: an old Mono has no such function.</summary>
            internal static bool Register()
            {
                try
                {
                    IntPtr module = GetModuleHandleA("kernel32");
                    mono_dangerous_add_raw_internal_call("Filemap.Short/Mono::Get", GetProcAddress(module, "filemap_get"));
                    mono_dangerous_add_raw_internal_call("Filemap.Short/Mono::Put", GetProcAddress(module, "filemap_put"));
                    return true;
                }
                catch (EntryPointNotFoundException)
                {
                    return false;
                }
            }
        }
    }
}
