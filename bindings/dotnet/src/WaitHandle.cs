using System;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Filemap.Threading
{
    /// <summary>A handle to a mutex, an event or a semaphore, which keeps its name.</summary>
    public sealed class SafeWaitableHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal SafeWaitableHandle(IntPtr handle) : base(true)
        {
            SetHandle(handle);
        }

        /// <summary>Closes the handle.</summary>
        protected override bool ReleaseHandle()
        {
            return (Native.IsWindows ? Native.Windows.CloseHandle(handle) : Native.Linux.CloseHandle(handle)) != 0;
        }
    }

    /// <summary>What threads of all processes wait for: mutexes, events and semaphores.</summary>
    /// <remarks>It is not System.Threading.WaitHandle, whose objects the runtime keeps to itself.</remarks>
    public abstract class WaitHandle : IDisposable
    {
        /// <summary>What <see cref="WaitAny(WaitHandle[], int)"/> returns if the time is over.</summary>
        public const int WaitTimeout = 258;

        /// <summary>The most objects that one wait takes.</summary>
        const int Most = 64;

        readonly SafeWaitableHandle handle;

        internal WaitHandle(IntPtr opened)
        {
            handle = new SafeWaitableHandle(opened);
        }

        /// <summary>Gets the handle.</summary>
        public SafeWaitableHandle SafeWaitHandle
        {
            get { return handle; }
        }

        /// <summary>Waits until the object is signalled, and takes it.</summary>
        /// <exception cref="AbandonedMutexException">The mutex is taken; its last owner ended without giving it back.</exception>
        public virtual bool WaitOne()
        {
            return WaitOne(Timeout.Infinite);
        }

        /// <summary>Waits until the object is signalled, or the time is over; returns whether it was taken.</summary>
        public virtual bool WaitOne(TimeSpan timeout)
        {
            return WaitOne(Milliseconds(timeout));
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public virtual bool WaitOne(TimeSpan timeout, bool exitContext)
        {
            return WaitOne(timeout);
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public virtual bool WaitOne(int millisecondsTimeout, bool exitContext)
        {
            return WaitOne(millisecondsTimeout);
        }

        /// <summary>Waits until the object is signalled, or the time is over; returns whether it was taken.</summary>
        public virtual bool WaitOne(int millisecondsTimeout)
        {
            if (millisecondsTimeout < -1)
                throw new ArgumentOutOfRangeException("millisecondsTimeout");
            bool held = false;
            uint result;
            int code = 0;
            try
            {
                Hold(ref held);
                IntPtr number = handle.DangerousGetHandle();
                result = Native.IsWindows
                    ? Native.Windows.WaitForSingleObject(number, (uint)millisecondsTimeout)
                    : Native.Linux.WaitForSingleObject(number, (uint)millisecondsTimeout);
                if (result == Native.WaitFailed)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (held)
                    handle.DangerousRelease();
            }
            if (result == 0)
                return true;
            if (result == WaitTimeout)
                return false;
            if (result == Native.WaitAbandoned)
                throw new AbandonedMutexException();
            throw Failure.Of(code, "wait");
        }

        internal void Hold(ref bool held)
        {
            if (handle.IsClosed)
                throw new ObjectDisposedException(null, "The object is closed.");
            handle.DangerousAddRef(ref held);
        }

        /// <summary>Waits until all are signalled at once, and takes them.</summary>
        public static bool WaitAll(WaitHandle[] waitHandles)
        {
            return WaitAll(waitHandles, Timeout.Infinite);
        }

        /// <summary>Waits until all are signalled at once, and takes them; returns false if the time is over.</summary>
        public static bool WaitAll(WaitHandle[] waitHandles, TimeSpan timeout)
        {
            return WaitAll(waitHandles, Milliseconds(timeout));
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public static bool WaitAll(WaitHandle[] waitHandles, TimeSpan timeout, bool exitContext)
        {
            return WaitAll(waitHandles, timeout);
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public static bool WaitAll(WaitHandle[] waitHandles, int millisecondsTimeout, bool exitContext)
        {
            return WaitAll(waitHandles, millisecondsTimeout);
        }

        /// <summary>Waits until all are signalled at once, and takes them; returns false if the time is over.</summary>
        /// <exception cref="AbandonedMutexException">All are taken; a mutex among them has lost its owner.</exception>
        public static bool WaitAll(WaitHandle[] waitHandles, int millisecondsTimeout)
        {
            uint result = Wait(waitHandles, true, millisecondsTimeout);
            if (result == WaitTimeout)
                return false;
            if (result >= Native.WaitAbandoned)
                throw new AbandonedMutexException();
            return true;
        }

        /// <summary>Waits until one is signalled, takes it, and returns its index.</summary>
        public static int WaitAny(WaitHandle[] waitHandles)
        {
            return WaitAny(waitHandles, Timeout.Infinite);
        }

        /// <summary>Waits until one is signalled, takes it, and returns its index, or <see cref="WaitTimeout"/>.</summary>
        public static int WaitAny(WaitHandle[] waitHandles, TimeSpan timeout)
        {
            return WaitAny(waitHandles, Milliseconds(timeout));
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public static int WaitAny(WaitHandle[] waitHandles, TimeSpan timeout, bool exitContext)
        {
            return WaitAny(waitHandles, timeout);
        }

        /// <summary>Waits, and leaves no context before: there is none.</summary>
        public static int WaitAny(WaitHandle[] waitHandles, int millisecondsTimeout, bool exitContext)
        {
            return WaitAny(waitHandles, millisecondsTimeout);
        }

        /// <summary>Waits until one is signalled, takes it, and returns its index, or <see cref="WaitTimeout"/>.</summary>
        /// <exception cref="AbandonedMutexException">A mutex is taken, which has lost its owner; it is told which.</exception>
        public static int WaitAny(WaitHandle[] waitHandles, int millisecondsTimeout)
        {
            uint result = Wait(waitHandles, false, millisecondsTimeout);
            if (result >= Native.WaitAbandoned && result < Native.WaitAbandoned + Most)
            {
                int index = (int)(result - Native.WaitAbandoned);
                // The class library's exception takes no mutex of another class: it has the index.
                throw new AbandonedMutexException(index, null);
            }
            return (int)result;
        }

        /// <summary>Signals one object, and waits for another.</summary>
        public static bool SignalAndWait(WaitHandle toSignal, WaitHandle toWaitOn)
        {
            return SignalAndWait(toSignal, toWaitOn, Timeout.Infinite, false);
        }

        /// <summary>Signals one object, and waits for another; returns false if the time is over.</summary>
        public static bool SignalAndWait(WaitHandle toSignal, WaitHandle toWaitOn, TimeSpan timeout, bool exitContext)
        {
            return SignalAndWait(toSignal, toWaitOn, Milliseconds(timeout), exitContext);
        }

        /// <summary>Signals one object, and waits for another; returns false if the time is over.</summary>
        public static bool SignalAndWait(WaitHandle toSignal, WaitHandle toWaitOn, int millisecondsTimeout, bool exitContext)
        {
            if (toSignal == null)
                throw new ArgumentNullException("toSignal");
            if (toWaitOn == null)
                throw new ArgumentNullException("toWaitOn");
            if (millisecondsTimeout < -1)
                throw new ArgumentOutOfRangeException("millisecondsTimeout");
            bool first = false, second = false;
            uint result;
            int code = 0;
            try
            {
                toSignal.Hold(ref first);
                toWaitOn.Hold(ref second);
                IntPtr signalled = toSignal.handle.DangerousGetHandle(), waited = toWaitOn.handle.DangerousGetHandle();
                result = Native.IsWindows
                    ? Native.Windows.SignalObjectAndWait(signalled, waited, (uint)millisecondsTimeout, 0)
                    : Native.Linux.SignalObjectAndWait(signalled, waited, (uint)millisecondsTimeout, 0);
                if (result == Native.WaitFailed)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (first)
                    toSignal.handle.DangerousRelease();
                if (second)
                    toWaitOn.handle.DangerousRelease();
            }
            if (result == Native.WaitAbandoned)
                throw new AbandonedMutexException();
            if (code == Native.TooManyPosts)
                throw new InvalidOperationException("The semaphore to signal is full.");
            if (code == Native.NotOwner)
                throw new ApplicationException("The mutex to signal is not owned by this thread.");
            if (result == Native.WaitFailed)
                throw Failure.Of(code, "signal one object and wait for another");
            return result == 0;
        }

        static unsafe uint Wait(WaitHandle[] objects, bool all, int milliseconds)
        {
            if (objects == null)
                throw new ArgumentNullException("waitHandles", "The array of objects is null.");
            if (objects.Length == 0)
                throw new ArgumentException("There is no object to wait for.", "waitHandles");
            if (objects.Length > Most)
                throw new NotSupportedException("One wait takes at most 64 objects.");
            if (milliseconds < -1)
                throw new ArgumentOutOfRangeException("millisecondsTimeout");
            IntPtr* handles = stackalloc IntPtr[objects.Length];
            // The caller may change the array meanwhile: what was held is let go.
            var taken = new WaitHandle[objects.Length];
            uint result;
            int code = 0;
            try
            {
                for (int index = 0; index < taken.Length; index++)
                {
                    WaitHandle one = objects[index];
                    if (one == null)
                        throw new ArgumentNullException("waitHandles[" + index + "]", "One of the objects is null.");
                    bool held = false;
                    one.Hold(ref held);
                    taken[index] = one;
                    handles[index] = one.handle.DangerousGetHandle();
                    if (all && Array.IndexOf(taken, one) != index)
                        throw new DuplicateWaitObjectException("waitHandles[" + index + "]");
                }
                result = Native.IsWindows
                    ? Native.Windows.WaitForMultipleObjects((uint)taken.Length, handles, all ? 1 : 0, (uint)milliseconds)
                    : Native.Linux.WaitForMultipleObjects((uint)taken.Length, handles, all ? 1 : 0, (uint)milliseconds);
                if (result == Native.WaitFailed)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                foreach (WaitHandle one in taken)
                    if (one != null)
                        one.handle.DangerousRelease();
            }
            if (result == Native.WaitFailed && code == 87 && all)
                throw new DuplicateWaitObjectException("waitHandles");
            if (result == Native.WaitFailed)
                throw Failure.Of(code, "wait for several objects");
            return result;
        }

        static int Milliseconds(TimeSpan timeout)
        {
            long milliseconds = (long)timeout.TotalMilliseconds;
            if (milliseconds < -1 || milliseconds > int.MaxValue)
                throw new ArgumentOutOfRangeException("timeout");
            return (int)milliseconds;
        }

        /// <summary>Gives the handle up, and the name with the last one.</summary>
        public virtual void Close()
        {
            Dispose();
        }

        /// <summary>Gives the handle up, and the name with the last one.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Gives the handle up.</summary>
        protected virtual void Dispose(bool explicitDisposing)
        {
            handle.Dispose();
        }
    }

    /// <summary>The names of objects, checked, and what to throw about them.</summary>
    internal static class Named
    {
        /// <summary>Returns the handle of an object that was made or opened, and whether it was made.</summary>
        internal static IntPtr Checked(IntPtr handle, string name, out bool createdNew)
        {
            int code = Marshal.GetLastWin32Error();
            createdNew = code != Native.AlreadyExists;
            if (handle != IntPtr.Zero)
                return handle;
            if (code == Native.InvalidHandle && !string.IsNullOrEmpty(name))
                throw new WaitHandleCannotBeOpenedException("`" + name + "` is the name of another kind of object.");
            throw Failure.Of(code, name == null ? "make an object" : "make the object `" + name + "`");
        }

        /// <summary>Returns the handle of an object that was opened, or 0 if there is none.</summary>
        internal static IntPtr Opened(IntPtr handle, string name)
        {
            int code = Marshal.GetLastWin32Error();
            if (handle != IntPtr.Zero || code == Native.FileNotFound)
                return handle;
            if (code == Native.InvalidHandle)
                throw new WaitHandleCannotBeOpenedException("`" + name + "` is the name of another kind of object.");
            throw Failure.Of(code, "open the object `" + name + "`");
        }

        internal static void Check(string name)
        {
            if (name == null)
                throw new ArgumentNullException("name");
            if (name.Length == 0)
                throw new ArgumentException("A name has at least one character.", "name");
        }

        internal static Exception Absent(string name)
        {
            return new WaitHandleCannotBeOpenedException("No process holds `" + name + "`.");
        }
    }
}
