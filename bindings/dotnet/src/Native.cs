using System;
using System.Runtime.InteropServices;
using System.Security;

namespace Filemap
{
    /// <summary>What a name's maker passes on: whether children inherit the handle, and who may open the name.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SecurityAttributes
    {
        internal int Length;
        internal IntPtr Descriptor;
        internal int Inherits;
    }

    /// <summary>A range that filemap_lost tells of.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LostBytes
    {
        internal IntPtr Address;
        internal UIntPtr Length;
        internal ulong Since;
    }

    /// <summary>What the system says of the pages at an address.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MemoryInformation
    {
        internal IntPtr Base, AllocationBase;
        internal uint AllocationProtection;
        internal UIntPtr Length;
        internal uint State, Protection, Kind;
    }

    /// <summary>The functions of kernel32: of libfilemap on Linux, of the system on Windows.</summary>
    internal static unsafe class Native
    {
        internal static readonly bool IsWindows = System.IO.Path.DirectorySeparatorChar == '\\';

        internal const int FileNotFound = 2, PathNotFound = 3, AccessDenied = 5, InvalidHandle = 6, InvalidParameter = 87;
        internal const int AlreadyExists = 183, TooManyPosts = 298, NotOwner = 288, SwapError = 999;
        internal const uint WaitAbandoned = 0x80, WaitTimeout = 258, WaitFailed = 0xFFFFFFFF;

        /// <summary>The library's functions. Those of one view return their code, and are not asked for errno.</summary>
        [SuppressUnmanagedCodeSecurity]
        internal static class Linux
        {
            const string Library = "filemap";

            [DllImport(Library, EntryPoint = "CreateFileMappingW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateFileMapping(
                IntPtr file, SecurityAttributes* security, uint protection, uint high, uint low, string name);

            [DllImport(Library, EntryPoint = "OpenFileMappingW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenFileMapping(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern IntPtr filemap_map_view(IntPtr mapping, uint access, ulong offset, UIntPtr length, uint choice);

            [DllImport(Library, SetLastError = true)]
            internal static extern int UnmapViewOfFile(IntPtr address);

            [DllImport(Library, SetLastError = true)]
            internal static extern int FlushViewOfFile(IntPtr address, UIntPtr length);

            [DllImport(Library, SetLastError = true)]
            internal static extern int CloseHandle(IntPtr handle);

            [DllImport(Library, SetLastError = true)]
            internal static extern IntPtr VirtualAlloc(IntPtr address, UIntPtr length, uint kind, uint protection);

            [DllImport(Library, SetLastError = true)]
            internal static extern UIntPtr VirtualQuery(IntPtr address, out MemoryInformation information, UIntPtr length);

            [DllImport(Library, EntryPoint = "FormatMessageW", ExactSpelling = true, CharSet = CharSet.Unicode)]
            internal static extern uint FormatMessage(
                uint flags, IntPtr source, uint code, uint language, char* buffer, uint length, IntPtr arguments);

            [DllImport(Library, EntryPoint = "ConvertStringSecurityDescriptorToSecurityDescriptorW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern int ConvertDescriptor(string text, uint revision, out IntPtr descriptor, IntPtr length);

            [DllImport(Library)]
            internal static extern IntPtr LocalFree(IntPtr memory);

            [DllImport(Library, EntryPoint = "CreateMutexExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateMutex(SecurityAttributes* security, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenMutexW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenMutex(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ReleaseMutex(IntPtr handle);

            [DllImport(Library, EntryPoint = "CreateEventExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateEvent(SecurityAttributes* security, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenEventW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenEvent(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int SetEvent(IntPtr handle);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ResetEvent(IntPtr handle);

            [DllImport(Library, EntryPoint = "CreateSemaphoreExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateSemaphore(
                SecurityAttributes* security, int initial, int maximum, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenSemaphoreW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenSemaphore(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ReleaseSemaphore(IntPtr handle, int count, out int before);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint WaitForSingleObject(IntPtr handle, uint milliseconds);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint WaitForMultipleObjects(uint count, IntPtr* handles, int all, uint milliseconds);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint SignalObjectAndWait(IntPtr signalled, IntPtr waited, uint milliseconds, int alertable);

            [DllImport(Library, SetLastError = true)]
            internal static extern int filemap_grown_length(IntPtr mapping, out ulong length);

            [DllImport(Library, SetLastError = true)]
            internal static extern int filemap_permissions(IntPtr mapping, out uint mode);

            [DllImport(Library, SetLastError = true)]
            internal static extern int filemap_holders(IntPtr mapping, uint* processes, UIntPtr room, out UIntPtr count);

            [DllImport(Library, SetLastError = true)]
            internal static extern IntPtr filemap_pin_view(IntPtr address);

            [DllImport(Library, SetLastError = true)]
            internal static extern int filemap_lost(IntPtr address, LostBytes* ranges, UIntPtr room, out UIntPtr count);

            [DllImport(Library, SetLastError = true)]
            internal static extern int filemap_restore(IntPtr address, LostBytes* ranges, UIntPtr room, out UIntPtr count);

            [DllImport(Library)]
            internal static extern int filemap_fence_threads();

            [DllImport(Library)]
            internal static extern void filemap_unpin(IntPtr pin);

            [DllImport(Library)]
            internal static extern UIntPtr filemap_pinned_length(IntPtr pin);

            [DllImport(Library)]
            internal static extern uint filemap_get(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

            [DllImport(Library)]
            internal static extern uint filemap_put(IntPtr pin, UIntPtr offset, void* buffer, UIntPtr length);

            [DllImport(Library)]
            internal static extern uint filemap_flush(IntPtr pin, UIntPtr offset, UIntPtr length, uint strength);
        }

        /// <summary>The same functions where the system has them.</summary>
        [SuppressUnmanagedCodeSecurity]
        internal static class Windows
        {
            const string Library = "kernel32.dll";

            [DllImport(Library)]
            internal static extern void FlushProcessWriteBuffers();

            [DllImport(Library, EntryPoint = "CreateFileMappingW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateFileMapping(
                IntPtr file, SecurityAttributes* security, uint protection, uint high, uint low, string name);

            [DllImport(Library, EntryPoint = "OpenFileMappingW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenFileMapping(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern IntPtr MapViewOfFile(IntPtr mapping, uint access, uint high, uint low, UIntPtr length);

            [DllImport(Library, SetLastError = true)]
            internal static extern int UnmapViewOfFile(IntPtr address);

            [DllImport(Library, SetLastError = true)]
            internal static extern int FlushViewOfFile(IntPtr address, UIntPtr length);

            [DllImport(Library, SetLastError = true)]
            internal static extern int CloseHandle(IntPtr handle);

            [DllImport(Library, SetLastError = true)]
            internal static extern IntPtr VirtualAlloc(IntPtr address, UIntPtr length, uint kind, uint protection);

            [DllImport(Library, SetLastError = true)]
            internal static extern UIntPtr VirtualQuery(IntPtr address, out MemoryInformation information, UIntPtr length);

            [DllImport(Library, EntryPoint = "FormatMessageW", ExactSpelling = true, CharSet = CharSet.Unicode)]
            internal static extern uint FormatMessage(
                uint flags, IntPtr source, uint code, uint language, char* buffer, uint length, IntPtr arguments);

            [DllImport("advapi32.dll", EntryPoint = "ConvertStringSecurityDescriptorToSecurityDescriptorW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern int ConvertDescriptor(string text, uint revision, out IntPtr descriptor, IntPtr length);

            [DllImport(Library)]
            internal static extern IntPtr LocalFree(IntPtr memory);

            [DllImport(Library, EntryPoint = "CreateMutexExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateMutex(SecurityAttributes* security, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenMutexW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenMutex(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ReleaseMutex(IntPtr handle);

            [DllImport(Library, EntryPoint = "CreateEventExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateEvent(SecurityAttributes* security, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenEventW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenEvent(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int SetEvent(IntPtr handle);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ResetEvent(IntPtr handle);

            [DllImport(Library, EntryPoint = "CreateSemaphoreExW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr CreateSemaphore(
                SecurityAttributes* security, int initial, int maximum, string name, uint flags, uint access);

            [DllImport(Library, EntryPoint = "OpenSemaphoreW", ExactSpelling = true, CharSet = CharSet.Unicode, SetLastError = true)]
            internal static extern IntPtr OpenSemaphore(uint access, int inherits, string name);

            [DllImport(Library, SetLastError = true)]
            internal static extern int ReleaseSemaphore(IntPtr handle, int count, out int before);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint WaitForSingleObject(IntPtr handle, uint milliseconds);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint WaitForMultipleObjects(uint count, IntPtr* handles, int all, uint milliseconds);

            [DllImport(Library, SetLastError = true)]
            internal static extern uint SignalObjectAndWait(IntPtr signalled, IntPtr waited, uint milliseconds, int alertable);
        }
    }
}
