// The class that C# programs had for years, as far as bytes go: each access maps a view, copies
// through a stream, flushes what it wrote, and unmaps.

using System;
using System.ComponentModel;
using System.IO;

public class EachCall : IDisposable
{
    readonly FileStream _file;
    readonly long _granule;
    IntPtr _mapping;

    public EachCall(string fileName, string name)
    {
        _file = File.Open(fileName, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        _mapping = Win32API.CreateFileMapping(
            _file, Win32API.FileMapProtection.PageReadWrite, Int64.MaxValue, name);
        if (_mapping == IntPtr.Zero)
            throw new Win32Exception();
        var system = new Win32API.SYSTEM_INFO();
        Win32API.GetSystemInfo(ref system);
        _granule = system.dwAllocationGranularity;
    }

    public unsafe void Write(byte[] buffer, int count, long offset)
    {
        long within = offset % _granule;
        int length = (int)(within + _granule);
        IntPtr view = Map(Win32API.FileMapAccess.FileMapWrite, offset - within, length);
        try
        {
            var stream = new UnmanagedMemoryStream(
                (byte*)view + within, length - within, length - within, FileAccess.Write);
            stream.Write(buffer, 0, count);
            Win32API.FlushViewOfFile(view, length);
        }
        finally
        {
            Win32API.UnmapViewOfFile(view);
        }
    }

    public unsafe int Read(byte[] buffer, int count, long offset)
    {
        long within = offset % _granule;
        int length = (int)(within + _granule);
        IntPtr view = Map(Win32API.FileMapAccess.FileMapRead, offset - within, length);
        try
        {
            var stream = new UnmanagedMemoryStream(
                (byte*)view + within, length - within, length - within, FileAccess.Read);
            return stream.Read(buffer, 0, count);
        }
        finally
        {
            Win32API.UnmapViewOfFile(view);
        }
    }

    public void Dispose()
    {
        if (_mapping != IntPtr.Zero)
            Win32API.CloseHandle(_mapping);
        _mapping = IntPtr.Zero;
        _file.Dispose();
    }

    IntPtr Map(Win32API.FileMapAccess access, long start, int length)
    {
        IntPtr view = Win32API.MapViewOfFile(_mapping, access, start, length);
        if (view == IntPtr.Zero)
            throw new Win32Exception();
        return view;
    }
}
