// The functions that a class over file mappings calls, under the names that such classes use. This
// part is independent of how 64-bit numbers are split into two halves.
//
// Exact.cs or Historical.cs completes it; they are never compiled together.

using System;
using System.IO;
using System.Runtime.InteropServices;

static partial class Win32API
{
    public enum FileMapProtection : uint
    {
        PageReadWrite = 0x04,
    }

    [Flags]
    public enum FileMapAccess : uint
    {
        FileMapWrite = 0x02,
        FileMapRead = 0x04,
        FileMapAllAccess = 0x1f,
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SYSTEM_INFO
    {
        public ushort wProcessorArchitecture;
        public ushort wReserved;
        public uint dwPageSize;
        public IntPtr lpMinimumApplicationAddress;
        public IntPtr lpMaximumApplicationAddress;
        public IntPtr dwActiveProcessorMask;
        public uint dwNumberOfProcessors;
        public uint dwProcessorType;
        public uint dwAllocationGranularity;
        public ushort wProcessorLevel;
        public ushort wProcessorRevision;
    }

    // The handle of a file: on Linux the number of its descriptor.
    static IntPtr HandleOf(FileStream file)
    {
        return file.SafeFileHandle.DangerousGetHandle();
    }
}
