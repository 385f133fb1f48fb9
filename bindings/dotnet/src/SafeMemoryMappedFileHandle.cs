using System;
using Microsoft.Win32.SafeHandles;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>A handle to a mapping, which keeps its name.</summary>
    public sealed class SafeMemoryMappedFileHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        /// <summary>Makes an object without a handle.</summary>
        public SafeMemoryMappedFileHandle() : base(true) { }

        internal SafeMemoryMappedFileHandle(IntPtr handle) : base(true)
        {
            SetHandle(handle);
        }

        /// <summary>Closes the handle.</summary>
        protected override bool ReleaseHandle()
        {
            return (Native.IsWindows ? Native.Windows.CloseHandle(handle) : Native.Linux.CloseHandle(handle)) != 0;
        }
    }
}
