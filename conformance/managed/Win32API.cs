// What a class over file mappings calls, in the words that such classes use: this part is the same
// whichever way 64-bit numbers become the two halves that the functions take.
//
// Exact.cs and Historical.cs each complete it, and are never compiled together.

using System;
using System.IO;
using System.Runtime.InteropServices;

static partial class Win32API
{
    [Flags]
    public enum FileMapProtection : uint
    {
        PageReadonly = 0x02,
        PageReadWrite = 0x04,
        PageWriteCopy = 0x08,
        PageExecuteRead = 0x20,
        PageExecuteReadWrite = 0x40,
        SectionImage = 0x1000000,
        SectionReserve = 0x4000000,
        SectionCommit = 0x8000000,
        SectionNoCache = 0x10000000,
    }

    [Flags]
    public enum FileMapAccess : uint
    {
        FileMapCopy = 0x01,
        FileMapWrite = 0x02,
        FileMapRead = 0x04,
        FileMapAllAccess = 0x1f,
        FileMapExecute = 0x20,
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
