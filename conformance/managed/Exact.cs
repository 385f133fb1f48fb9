// The functions, declared correctly: 64-bit numbers are split at bit 32, and lengths are as wide as
// pointers. Names are UTF-16; the library is spelled as in Microsoft's documentation.

using System;
using System.IO;
using System.Runtime.InteropServices;

static partial class Win32API
{
    // The length of a file that is mapped with no limit, unless it is longer.
    //
    // Classes ask for a maximum of Int64.MaxValue and mean "no limit". To Windows that is a size
    // that no file can have, and the call fails. A section has one size for all its life, so the
    // user of the class chooses it here. The bytes are a hole of the file until they are written.
    // With Int64.MaxValue as this value, the number is passed on, and the call fails as on Windows.
    public static Int64 Room = 64 << 20;

    // The length that the file needs, so that every view of a granule that begins in it fits.
    static Int64 WithRoom(Int64 length)
    {
        if (Room == Int64.MaxValue)
            return Room;
        var system = new SYSTEM_INFO();
        GetSystemInfo(ref system);
        Int64 granule = system.dwAllocationGranularity;
        return Math.Max(Room, (length + granule - 1) / granule * granule);
    }

    public static IntPtr CreateFileMapping(FileStream file, FileMapProtection protection, Int64 maximum, string name)
    {
        if (maximum == Int64.MaxValue)
            maximum = WithRoom(file.Length);
        return CreateFileMapping(HandleOf(file), IntPtr.Zero, protection, High(maximum), Low(maximum), name);
    }

    public static IntPtr MapViewOfFile(IntPtr mapping, FileMapAccess access, Int64 offset, Int32 length)
    {
        return MapViewOfFile(mapping, access, High(offset), Low(offset), new UIntPtr((uint)length));
    }

    public static bool FlushViewOfFile(IntPtr address, Int32 length)
    {
        return FlushViewOfFile(address, new UIntPtr((uint)length));
    }

    static uint High(Int64 number)
    {
        return (uint)(number >> 32);
    }

    static uint Low(Int64 number)
    {
        return unchecked((uint)number);
    }

    [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr CreateFileMapping(IntPtr file, IntPtr security, FileMapProtection protection, uint high, uint low, string name);

    [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
    public static extern IntPtr OpenFileMapping(FileMapAccess access, bool inherit, string name);

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern IntPtr MapViewOfFile(IntPtr mapping, FileMapAccess access, uint high, uint low, UIntPtr length);

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool FlushViewOfFile(IntPtr address, UIntPtr length);

    [DllImport("kernel32.dll", SetLastError = true)]
    public static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport("kernel32.dll", SetLastError = true)]
    public static extern bool CloseHandle(IntPtr handle);

    [DllImport("kernel32.dll")]
    public static extern void GetSystemInfo(ref SYSTEM_INFO system);
}
