using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Filemap.Threading
{
    /// <summary>A lock that one thread of all processes owns.</summary>
    /// <remarks>
    /// If its owner ends without giving it back, killed or not, the next one gets it, and an
    /// <see cref="AbandonedMutexException"/> that says so.
    /// </remarks>
    public sealed class Mutex : WaitHandle
    {
        const uint Modify = 0x100001, All = 0x1F0001;

        /// <summary>Makes one without a name, which nobody owns.</summary>
        public Mutex() : this(false, null) { }

        /// <summary>Makes one without a name.</summary>
        public Mutex(bool initiallyOwned) : this(initiallyOwned, null) { }

        /// <summary>Makes one under a name, or opens what has the name.</summary>
        public Mutex(bool initiallyOwned, string name) : this(Make(initiallyOwned, name)) { }

        /// <summary>Makes one under a name, or opens what has the name; the thread owns it only if it was made.</summary>
        public Mutex(bool initiallyOwned, string name, out bool createdNew)
            : this(Make(initiallyOwned, name, Permissions.Private, out createdNew)) { }

        /// <summary>Makes one under a name that other users may open as the permissions say.</summary>
        public Mutex(bool initiallyOwned, string name, out bool createdNew, Permissions permissions)
            : this(Make(initiallyOwned, name, permissions, out createdNew)) { }

        Mutex(IntPtr handle) : base(handle) { }

        static IntPtr Make(bool owned, string name)
        {
            bool createdNew;
            return Make(owned, name, Permissions.Private, out createdNew);
        }

        static unsafe IntPtr Make(bool owned, string name, Permissions permissions, out bool createdNew)
        {
            var security = new NameSecurity(permissions, false);
            try
            {
                SecurityAttributes attributes = security.Attributes;
                uint flags = owned ? 1u : 0;
                return Named.Checked(
                    Native.IsWindows
                        ? Native.Windows.CreateMutex(&attributes, name, flags, All)
                        : Native.Linux.CreateMutex(&attributes, name, flags, All),
                    name, out createdNew);
            }
            finally
            {
                security.Dispose();
            }
        }

        /// <summary>Opens a mutex by its name.</summary>
        /// <exception cref="WaitHandleCannotBeOpenedException">No process holds the name, or it is of another kind.</exception>
        public static Mutex OpenExisting(string name)
        {
            Mutex result;
            if (!TryOpenExisting(name, out result))
                throw Named.Absent(name);
            return result;
        }

        /// <summary>Opens a mutex by its name, if there is one.</summary>
        public static bool TryOpenExisting(string name, out Mutex result)
        {
            Named.Check(name);
            IntPtr handle = Named.Opened(
                Native.IsWindows ? Native.Windows.OpenMutex(Modify, 0, name) : Native.Linux.OpenMutex(Modify, 0, name), name);
            result = handle == IntPtr.Zero ? null : new Mutex(handle);
            return result != null;
        }

        /// <summary>Gives the mutex back: once for each time that this thread took it.</summary>
        /// <exception cref="ApplicationException">This thread does not own it.</exception>
        public void ReleaseMutex()
        {
            bool held = false;
            int code = 0;
            try
            {
                Hold(ref held);
                IntPtr handle = SafeWaitHandle.DangerousGetHandle();
                if ((Native.IsWindows ? Native.Windows.ReleaseMutex(handle) : Native.Linux.ReleaseMutex(handle)) == 0)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (held)
                    SafeWaitHandle.DangerousRelease();
            }
            if (code != 0)
                throw new ApplicationException("This thread does not own the mutex.");
        }
    }
}
