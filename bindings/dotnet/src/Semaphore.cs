using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Filemap.Threading
{
    /// <summary>A count that threads of all processes take from, and add to.</summary>
    public sealed class Semaphore : WaitHandle
    {
        const uint Modify = 0x100002, All = 0x1F0003;

        /// <summary>Makes one without a name.</summary>
        public Semaphore(int initialCount, int maximumCount) : this(initialCount, maximumCount, null) { }

        /// <summary>Makes one under a name, or opens what has the name.</summary>
        public Semaphore(int initialCount, int maximumCount, string name) : this(Make(initialCount, maximumCount, name)) { }

        /// <summary>Makes one under a name, or opens what has the name, whose counts stay.</summary>
        public Semaphore(int initialCount, int maximumCount, string name, out bool createdNew)
            : this(Make(initialCount, maximumCount, name, Permissions.Private, out createdNew)) { }

        /// <summary>Makes one under a name that other users may open as the permissions say.</summary>
        public Semaphore(int initialCount, int maximumCount, string name, out bool createdNew, Permissions permissions)
            : this(Make(initialCount, maximumCount, name, permissions, out createdNew)) { }

        Semaphore(IntPtr handle) : base(handle) { }

        static IntPtr Make(int initial, int maximum, string name)
        {
            bool createdNew;
            return Make(initial, maximum, name, Permissions.Private, out createdNew);
        }

        static unsafe IntPtr Make(int initial, int maximum, string name, Permissions permissions, out bool createdNew)
        {
            if (initial < 0)
                throw new ArgumentOutOfRangeException("initialCount", "A non-negative number is required.");
            if (maximum < 1)
                throw new ArgumentOutOfRangeException("maximumCount", "A positive number is required.");
            if (initial > maximum)
                throw new ArgumentException("The initial count is more than the maximum.");
            var security = new NameSecurity(permissions, false);
            try
            {
                SecurityAttributes attributes = security.Attributes;
                return Named.Checked(
                    Native.IsWindows
                        ? Native.Windows.CreateSemaphore(&attributes, initial, maximum, name, 0, All)
                        : Native.Linux.CreateSemaphore(&attributes, initial, maximum, name, 0, All),
                    name, out createdNew);
            }
            finally
            {
                security.Dispose();
            }
        }

        /// <summary>Opens a semaphore by its name.</summary>
        /// <exception cref="WaitHandleCannotBeOpenedException">No process holds the name, or it is of another kind.</exception>
        public static Semaphore OpenExisting(string name)
        {
            Semaphore result;
            if (!TryOpenExisting(name, out result))
                throw Named.Absent(name);
            return result;
        }

        /// <summary>Opens a semaphore by its name, if there is one.</summary>
        public static bool TryOpenExisting(string name, out Semaphore result)
        {
            Named.Check(name);
            IntPtr handle = Named.Opened(
                Native.IsWindows ? Native.Windows.OpenSemaphore(Modify, 0, name) : Native.Linux.OpenSemaphore(Modify, 0, name),
                name);
            result = handle == IntPtr.Zero ? null : new Semaphore(handle);
            return result != null;
        }

        /// <summary>Adds one, and returns the count before.</summary>
        public int Release()
        {
            return Release(1);
        }

        /// <summary>Adds to the count, and returns the one before.</summary>
        /// <exception cref="SemaphoreFullException">The count would be more than the maximum; it stays.</exception>
        public int Release(int releaseCount)
        {
            if (releaseCount < 1)
                throw new ArgumentOutOfRangeException("releaseCount", "A positive number is required.");
            bool held = false;
            int before = 0, code = 0;
            try
            {
                Hold(ref held);
                IntPtr handle = SafeWaitHandle.DangerousGetHandle();
                int done = Native.IsWindows
                    ? Native.Windows.ReleaseSemaphore(handle, releaseCount, out before)
                    : Native.Linux.ReleaseSemaphore(handle, releaseCount, out before);
                if (done == 0)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (held)
                    SafeWaitHandle.DangerousRelease();
            }
            if (code == Native.TooManyPosts)
                throw new SemaphoreFullException();
            if (code != 0)
                throw Failure.Of(code, "add to a semaphore");
            return before;
        }
    }
}
