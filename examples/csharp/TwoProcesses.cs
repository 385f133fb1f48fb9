// Two processes share a page of memory by its name. Written as for Windows, and runs on Linux:
//
//   mcs TwoProcesses.cs
//   filemap kernel32 --run -- mono TwoProcesses.exe          holds the name until Enter
//   filemap kernel32 --run -- mono TwoProcesses.exe hello    writes, in another terminal
//
// `filemap ls` and `filemap read scores` show the same memory.

using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

static class TwoProcesses
{
    const uint PageReadWrite = 0x04, MapReadAndWrite = 0x06;

    [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr CreateFileMapping(
        IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr OpenFileMapping(uint access, bool inherit, string name);

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern IntPtr MapViewOfFile(
        IntPtr mapping, uint access, uint high, uint low, UIntPtr length);

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport("kernel32.dll", SetLastError = true)]
    static extern bool CloseHandle(IntPtr handle);

    static void Main(string[] arguments)
    {
        bool holds = arguments.Length == 0;
        // No file, -1, is memory.
        IntPtr mapping = Checked(holds
            ? CreateFileMapping(new IntPtr(-1), IntPtr.Zero, PageReadWrite, 0, 4096, "scores")
            : OpenFileMapping(MapReadAndWrite, false, "scores"));
        IntPtr view = Checked(MapViewOfFile(mapping, MapReadAndWrite, 0, 0, UIntPtr.Zero));
        if (holds)
        {
            Console.WriteLine("holding `scores`; Enter reads it");
            Console.ReadLine();
            var bytes = new byte[Marshal.ReadInt32(view)];
            Marshal.Copy(view + 4, bytes, 0, bytes.Length);
            Console.WriteLine("read `" + Encoding.UTF8.GetString(bytes) + "`");
        }
        else
        {
            byte[] bytes = Encoding.UTF8.GetBytes(arguments[0]);
            Marshal.Copy(bytes, 0, view + 4, Math.Min(bytes.Length, 4092));
            Marshal.WriteInt32(view, Math.Min(bytes.Length, 4092));
            Console.WriteLine("wrote `" + arguments[0] + "`");
        }
        UnmapViewOfFile(view);
        CloseHandle(mapping);
    }

    // Windows' code is the same here; what a runtime prints for it on Linux may not be.
    static IntPtr Checked(IntPtr result)
    {
        int code = Marshal.GetLastWin32Error();
        if (result == IntPtr.Zero)
            throw new Win32Exception(code, "kernel32 said " + code);
        return result;
    }
}
