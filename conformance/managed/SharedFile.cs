// A file that processes share by a name, with bytes and objects at any offset: the class that C#
// programs over CreateFileMapping have had for years, without its faults.
//
// Objects have any size that fits, and nothing is written of one that does not. Reads and writes
// are checked against the mapping and never pass its end. Handles and views are freed even without
// Dispose. The caller chooses the size. Offsets have 64 bits. Only objects of types that the reader
// has allowed are deserialized. Several threads may use it.

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Formatters.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

public class SharedFile : IDisposable
{
    const uint PageReadWrite = 0x04, MapWrite = 0x02, MapRead = 0x04;

    readonly FileStream _file;
    readonly Mapping _mapping;
    readonly long _length;
    readonly Named _types = new Named();

    // Maps the file under the name, or opens the mapping that has the name already. The file is
    // created if it does not exist, and has at least `length` bytes, rounded up to whole pages.
    public SharedFile(string fileName, string name, long length)
    {
        if (length < 0)
            throw new ArgumentOutOfRangeException("length");
        _file = File.Open(fileName, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            long wanted = WholePages(Math.Max(length, Math.Max(_file.Length, 1)));
            _mapping = CreateFileMapping(_file.SafeFileHandle.DangerousGetHandle(), IntPtr.Zero,
                PageReadWrite, (uint)(wanted >> 32), unchecked((uint)wanted), name);
            if (_mapping.IsInvalid)
                throw Failure("map " + fileName + " as " + name);
            // If the name existed already, its mapping has the size that it was created with.
            _length = Measure();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // Opens the mapping of this name, which another process holds.
    public SharedFile(string name)
    {
        _mapping = OpenFileMapping(MapRead | MapWrite, false, name);
        if (_mapping.IsInvalid)
            throw Failure("open the mapping " + name);
        try
        {
            _length = Measure();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // The number of bytes that can be accessed.
    public long Length
    {
        get { return _length; }
    }

    // Allows Read to create objects of this type. Numbers, strings, dates and arrays of those need
    // no permission; all other types within an object do.
    public void Allow(Type type)
    {
        _types.Add(type);
    }

    public void Write(object value, long offset)
    {
        using (var bytes = new MemoryStream())
        {
            new BinaryFormatter().Serialize(bytes, value);
            Write(bytes.GetBuffer(), checked((int)bytes.Length), offset);
        }
    }

    public unsafe object Read(long offset)
    {
        CheckRange(0, offset);
        // The length of an object is not stored: it may reach to the end.
        using (var view = new View(this, MapRead, offset, _length - offset))
        using (var bytes = new UnmanagedMemoryStream(view.Start, _length - offset))
            return new BinaryFormatter { Binder = _types }.Deserialize(bytes);
    }

    public unsafe void Write(byte[] buffer, int count, long offset)
    {
        CheckBuffer(buffer, count);
        CheckRange(count, offset);
        if (count == 0)
            return;
        using (var view = new View(this, MapWrite, offset, count))
            Marshal.Copy(buffer, 0, (IntPtr)view.Start, count);
    }

    // Returns the number of bytes read: fewer than requested only at the end.
    public unsafe int Read(byte[] buffer, int count, long offset)
    {
        CheckBuffer(buffer, count);
        CheckRange(0, offset);
        int there = (int)Math.Min(count, _length - offset);
        if (there == 0)
            return 0;
        using (var view = new View(this, MapRead, offset, there))
            Marshal.Copy((IntPtr)view.Start, buffer, 0, there);
        return there;
    }

    // Returns the number of bytes that the object takes.
    public long Size(object value)
    {
        using (var bytes = new MemoryStream())
        {
            new BinaryFormatter().Serialize(bytes, value);
            return bytes.Length;
        }
    }

    // Writes modified bytes to the disk. Other processes see them without this.
    public void Flush()
    {
        using (var view = new View(this, MapWrite, 0, _length))
        {
            if (!FlushViewOfFile(view.DangerousGetHandle(), UIntPtr.Zero))
                throw Failure("flush");
        }
        if (_file != null)
            _file.Flush(true);
    }

    public void Dispose()
    {
        if (_mapping != null)
            _mapping.Dispose();
        if (_file != null)
            _file.Dispose();
    }

    static void CheckBuffer(byte[] buffer, int count)
    {
        if (buffer == null)
            throw new ArgumentNullException("buffer");
        if (count < 0 || count > buffer.Length)
            throw new ArgumentOutOfRangeException("count");
    }

    void CheckRange(long count, long offset)
    {
        if (_mapping.IsClosed)
            throw new ObjectDisposedException("SharedFile");
        if (offset < 0 || offset > _length || count > _length - offset)
            throw new ArgumentOutOfRangeException("offset",
                count + " bytes at " + offset + " do not lie in the " + _length + " that are mapped");
    }

    // No function returns the size of a mapping. That of a view of all of it is in whole pages,
    // which is exact if all mappings are created with whole pages.
    unsafe long Measure()
    {
        using (var view = MapViewOfFile(_mapping, MapRead, 0, 0, UIntPtr.Zero))
        {
            Region region;
            var size = new UIntPtr((uint)Marshal.SizeOf(typeof(Region)));
            if (view.IsInvalid || VirtualQuery(view.DangerousGetHandle(), out region, size) == UIntPtr.Zero)
                throw Failure("measure the mapping");
            return (long)region.Size;
        }
    }

    static long WholePages(long length)
    {
        long page = SystemInfo().PageSize;
        return checked(length + page - 1) / page * page;
    }

    // Runtimes print the text of a Linux error for the number; kernel32 has the right text.
    static Win32Exception Failure(string what)
    {
        const uint FromSystem = 0x1000, IgnoreInserts = 0x200;
        int code = Marshal.GetLastWin32Error();
        var text = new StringBuilder(512);
        FormatMessage(FromSystem | IgnoreInserts, IntPtr.Zero, (uint)code, 0, text, 512, IntPtr.Zero);
        return new Win32Exception(code, "could not " + what + ": " + text.ToString().Trim());
    }

    static SystemInformation SystemInfo()
    {
        SystemInformation system;
        GetSystemInfo(out system);
        return system;
    }

    // A handle to a mapping, closed after its last use.
    sealed class Mapping : SafeHandleZeroOrMinusOneIsInvalid
    {
        Mapping() : base(true) { }

        protected override bool ReleaseHandle()
        {
            return CloseHandle(handle);
        }
    }

    // An address returned by MapViewOfFile.
    sealed class Mapped : SafeHandleZeroOrMinusOneIsInvalid
    {
        Mapped() : base(true) { }

        protected override bool ReleaseHandle()
        {
            return UnmapViewOfFile(handle);
        }
    }

    // A mapped range of the file, from the beginning of the granule of its first byte.
    unsafe sealed class View : IDisposable
    {
        readonly Mapped _mapped;
        public readonly byte* Start;

        public View(SharedFile file, uint access, long offset, long count)
        {
            long within = offset % SystemInfo().Granularity;
            long granule = offset - within;
            _mapped = MapViewOfFile(file._mapping, access, (uint)(granule >> 32),
                unchecked((uint)granule), new UIntPtr((ulong)(within + count)));
            if (_mapped.IsInvalid)
                throw Failure("map " + count + " bytes at " + offset);
            Start = (byte*)_mapped.DangerousGetHandle() + within;
        }

        public IntPtr DangerousGetHandle()
        {
            return _mapped.DangerousGetHandle();
        }

        public void Dispose()
        {
            _mapped.Dispose();
        }
    }

    // The allowed types of objects. Bytes from other processes may name any type, and creating one
    // may run its code.
    sealed class Named : SerializationBinder
    {
        readonly Dictionary<string, Type> _types = new Dictionary<string, Type>();

        public Named()
        {
            foreach (var type in new[] { typeof(bool), typeof(byte), typeof(sbyte), typeof(char),
                typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
                typeof(float), typeof(double), typeof(decimal), typeof(string), typeof(object),
                typeof(DateTime), typeof(TimeSpan), typeof(Guid) })
            {
                Add(type);
                Add(type.MakeArrayType());
            }
        }

        public void Add(Type type)
        {
            lock (_types)
                _types[Plain(type.FullName)] = type;
        }

        public override Type BindToType(string assembly, string name)
        {
            Type type;
            lock (_types)
            {
                if (_types.TryGetValue(Plain(name), out type))
                    return type;
            }
            throw new SerializationException("an object of " + name + " is not expected here");
        }

        // The name without those of assemblies, which differ between runtimes.
        static string Plain(string name)
        {
            return Regex.Replace(name, @", [^\[\]]*", "");
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    struct SystemInformation
    {
        readonly uint Processor;
        public readonly uint PageSize;
        readonly IntPtr First, Last, Processors;
        readonly uint Count, Kind;
        public readonly uint Granularity;
        readonly uint Model;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Region
    {
        readonly IntPtr Address, Base;
        readonly uint FirstProtection, Partition;
        public readonly UIntPtr Size;
        readonly uint State, Protection, Kind;
    }

    const string Kernel32 = "kernel32.dll";

    [DllImport(Kernel32, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern Mapping CreateFileMapping(
        IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern Mapping OpenFileMapping(uint access, bool inherit, string name);

    [DllImport(Kernel32, SetLastError = true)]
    static extern Mapped MapViewOfFile(
        Mapping mapping, uint access, uint high, uint low, UIntPtr length);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool FlushViewOfFile(IntPtr address, UIntPtr length);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool CloseHandle(IntPtr handle);

    [DllImport(Kernel32, SetLastError = true)]
    static extern UIntPtr VirtualQuery(IntPtr address, out Region region, UIntPtr size);

    [DllImport(Kernel32, CharSet = CharSet.Unicode)]
    static extern uint FormatMessage(uint flags, IntPtr source, uint code, uint language,
        StringBuilder text, uint size, IntPtr arguments);

    [DllImport(Kernel32)]
    static extern void GetSystemInfo(out SystemInformation system);
}
