using System;
using System.Runtime.InteropServices;

namespace Filemap
{
    /// <summary>What other users may do with a name. Its maker and the superuser may do everything.</summary>
    public enum Permissions
    {
        /// <summary>Nobody else may open the name.</summary>
        Private = 0,
        /// <summary>All users may open it to read.</summary>
        ReadByOthers = 1,
        /// <summary>All users may open it to read and to write.</summary>
        WriteByOthers = 2,
    }

    /// <summary>The attributes that a function gets, for as long as it runs.</summary>
    internal unsafe struct NameSecurity : IDisposable
    {
        internal SecurityAttributes Attributes;

        internal NameSecurity(Permissions permissions, bool inherits)
        {
            Attributes = new SecurityAttributes { Length = sizeof(SecurityAttributes), Inherits = inherits ? 1 : 0 };
            if (permissions == Permissions.Private)
                return;
            if (permissions != Permissions.ReadByOthers && permissions != Permissions.WriteByOthers)
                throw new ArgumentOutOfRangeException("permissions");
            // The owner's own rights stand first, for Windows gives nothing that no entry names.
            string text = "D:(A;;GA;;;OW)" + (permissions == Permissions.ReadByOthers ? "(A;;GR;;;WD)" : "(A;;GRGW;;;WD)");
            int made = Native.IsWindows
                ? Native.Windows.ConvertDescriptor(text, 1, out Attributes.Descriptor, IntPtr.Zero)
                : Native.Linux.ConvertDescriptor(text, 1, out Attributes.Descriptor, IntPtr.Zero);
            if (made == 0)
                throw Failure.Last("make a security descriptor");
        }

        public void Dispose()
        {
            if (Attributes.Descriptor == IntPtr.Zero)
                return;
            if (Native.IsWindows)
                Native.Windows.LocalFree(Attributes.Descriptor);
            else
                Native.Linux.LocalFree(Attributes.Descriptor);
            Attributes.Descriptor = IntPtr.Zero;
        }
    }
}
