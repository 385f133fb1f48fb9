// The functions as many programs declare them, to check that those programs work as they did:
// numbers are split by Int32.MaxValue and not at bit 32, lengths have 32 bits, the library is
// spelled in three ways, and character sets are left to the runtime.
//
// No limit, Int64.MaxValue, becomes halves of 2 and 1: a file of 8 GiB and a byte. Offsets from
// 2 GiB on reach other bytes than they name, or none.

using System;
using System.IO;
using System.Runtime.InteropServices;

static partial class Win32API
{
    static Int32 High(Int64 number)
    {
        return unchecked((Int32)(number / Int32.MaxValue));
    }

    static Int32 Low(Int64 number)
    {
        return (Int32)(number % Int32.MaxValue);
    }

    public static IntPtr CreateFileMapping(FileStream file, FileMapProtection protection, Int64 maximum, string name)
    {
        return CreateFileMapping(HandleOf(file), IntPtr.Zero, protection, High(maximum), Low(maximum), name);
    }

    public static IntPtr MapViewOfFile(IntPtr mapping, FileMapAccess access, Int64 offset, Int32 length)
    {
        return MapViewOfFile(mapping, access, High(offset), Low(offset), length);
    }

    [DllImport("Kernel32", SetLastError = true, CharSet = CharSet.Auto)]
    static extern IntPtr CreateFileMapping(IntPtr file, IntPtr security, FileMapProtection protection, Int32 high, Int32 low, string name);

    [DllImport("kernel32.dll", SetLastError = true)]
    public static extern IntPtr OpenFileMapping(FileMapAccess access, bool inherit, string name);

    [DllImport("Kernel32", SetLastError = true, CharSet = CharSet.Auto)]
    static extern IntPtr MapViewOfFile(IntPtr mapping, FileMapAccess access, Int32 high, Int32 low, Int32 length);

    [DllImport("KERNEL32.DLL", SetLastError = true)]
    public static extern bool FlushViewOfFile(IntPtr address, Int32 length);

    [DllImport("kernel32", SetLastError = true)]
    public static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport("kernel32.dll", SetLastError = true)]
    public static extern bool CloseHandle(IntPtr handle);

    [DllImport("Kernel32")]
    public static extern void GetSystemInfo(ref SYSTEM_INFO system);
}
