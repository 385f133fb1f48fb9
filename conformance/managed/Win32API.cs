// What a class over file mappings calls, in the words that such classes use: this part is the same
// whichever way 64-bit numbers become the two halves that the functions take.
//
// Exact.cs and Historical.cs each complete it, and are never compiled together.

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

    // What a file is handed over as: on Linux the number of its descriptor.
    static IntPtr HandleOf(FileStream file)
    {
        return file.SafeFileHandle.DangerousGetHandle();
    }
}
