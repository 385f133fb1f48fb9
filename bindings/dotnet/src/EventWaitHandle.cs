using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Filemap.Threading
{
    /// <summary>An event that threads of all processes wait for.</summary>
    public class EventWaitHandle : WaitHandle
    {
        const uint Modify = 0x100002, All = 0x1F0003;

        /// <summary>Makes one without a name.</summary>
        public EventWaitHandle(bool initialState, EventResetMode mode) : this(initialState, mode, null) { }

        /// <summary>Makes one under a name, or opens what has the name.</summary>
        public EventWaitHandle(bool initialState, EventResetMode mode, string name)
            : base(Make(initialState, mode, name)) { }

        /// <summary>Makes one under a name, or opens what has the name, whose state stays.</summary>
        public EventWaitHandle(bool initialState, EventResetMode mode, string name, out bool createdNew)
            : base(Make(initialState, mode, name, Permissions.Private, out createdNew)) { }

        /// <summary>Makes one under a name that other users may open as the permissions say.</summary>
        public EventWaitHandle(
            bool initialState, EventResetMode mode, string name, out bool createdNew, Permissions permissions)
            : base(Make(initialState, mode, name, permissions, out createdNew)) { }

        EventWaitHandle(IntPtr handle) : base(handle) { }

        static IntPtr Make(bool set, EventResetMode mode, string name)
        {
            bool createdNew;
            return Make(set, mode, name, Permissions.Private, out createdNew);
        }

        static unsafe IntPtr Make(bool set, EventResetMode mode, string name, Permissions permissions, out bool createdNew)
        {
            if (mode != EventResetMode.AutoReset && mode != EventResetMode.ManualReset)
                throw new ArgumentException("An event resets automatically or manually.", "mode");
            uint flags = (mode == EventResetMode.ManualReset ? 1u : 0) | (set ? 2u : 0);
            var security = new NameSecurity(permissions, false);
            try
            {
                SecurityAttributes attributes = security.Attributes;
                return Named.Checked(
                    Native.IsWindows
                        ? Native.Windows.CreateEvent(&attributes, name, flags, All)
                        : Native.Linux.CreateEvent(&attributes, name, flags, All),
                    name, out createdNew);
            }
            finally
            {
                security.Dispose();
            }
        }

        /// <summary>Opens an event by its name.</summary>
        /// <exception cref="WaitHandleCannotBeOpenedException">No process holds the name, or it is of another kind.</exception>
        public static EventWaitHandle OpenExisting(string name)
        {
            EventWaitHandle result;
            if (!TryOpenExisting(name, out result))
                throw Named.Absent(name);
            return result;
        }

        /// <summary>Opens an event by its name, if there is one.</summary>
        public static bool TryOpenExisting(string name, out EventWaitHandle result)
        {
            Named.Check(name);
            IntPtr handle = Named.Opened(
                Native.IsWindows ? Native.Windows.OpenEvent(Modify, 0, name) : Native.Linux.OpenEvent(Modify, 0, name), name);
            result = handle == IntPtr.Zero ? null : new EventWaitHandle(handle);
            return result != null;
        }

        /// <summary>Sets the event: one who waits goes on, or all with manual reset.</summary>
        public bool Set()
        {
            return Change(true);
        }

        /// <summary>Resets the event: who waits, waits.</summary>
        public bool Reset()
        {
            return Change(false);
        }

        bool Change(bool sets)
        {
            bool held = false;
            int code = 0;
            try
            {
                Hold(ref held);
                IntPtr handle = SafeWaitHandle.DangerousGetHandle();
                int done = Native.IsWindows
                    ? sets ? Native.Windows.SetEvent(handle) : Native.Windows.ResetEvent(handle)
                    : sets ? Native.Linux.SetEvent(handle) : Native.Linux.ResetEvent(handle);
                if (done == 0)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (held)
                    SafeWaitHandle.DangerousRelease();
            }
            if (code != 0)
                throw Failure.Of(code, sets ? "set an event" : "reset an event");
            return true;
        }
    }
}
