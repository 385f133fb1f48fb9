// Handles in the declarations of generated bindings, of older programs, and of Visual Basic: numbers
// of 32 bits with and without a sign, of 64 bits, and the objects that the runtimes have for handles
// of files.

using System;
using System.IO;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

static class Handles
{
    const uint ReadWrite = 0x04, All = 0xf001f;
    static readonly IntPtr None = IntPtr.Zero;
    static readonly bool isMono = Type.GetType("Mono.Runtime") != null;

    public static void Try(string name)
    {
        Numbers(name);
        Objects(name);
        Streams();
    }

    static void Numbers(string name)
    {
        int signed = CreateSigned(-1, None, ReadWrite, 0, 10, name);
        Check.Equal(true, signed > 2, "a handle as a number with a sign");
        IntPtr view = MapSigned(signed, All, 0, 0, UIntPtr.Zero);
        Check.Equal(true, view != None && UnmapViewOfFile(view), "a view by such a number");

        uint unsigned = CreateUnsigned(0xffffffff, None, ReadWrite, 0, 10, name);
        Check.Equal(true, unsigned > 2 && unsigned < 0x80000000, "a handle as a number without a sign");
        Check.Equal(183, Marshal.GetLastWin32Error(), "the same name");

        // Visual Basic's number of 64 bits for &HFFFFFFFF, with a sign and without.
        foreach (long memory in new[] { -1L, 0xffffffffL })
        {
            long wide = CreateLong(memory, None, ReadWrite, 0, 10, name);
            Check.Equal(true, wide > 2 && wide <= int.MaxValue, "a handle as a number of 64 bits");
            Check.Equal(true, CloseLong(wide), "it is closed");
        }
        IntPtr pointer = Create(new IntPtr(-1), None, ReadWrite, 0, 10, name);
        int narrow = pointer.ToInt32();
        Check.Equal(true, CloseSigned(narrow), "a handle is closed by its 32 bits");
        Check.Equal(false, CloseHandle(pointer), "and closed with that");

        uint twin;
        Check.Equal(true, Duplicate(GetCurrentProcess(), unsigned, GetCurrentProcess(), out twin, 0, false, 2), "a duplicate");
        Check.Equal(true, CloseUnsigned(unsigned) && CloseUnsigned(twin) && CloseSigned(signed), "all are closed");
        Check.Equal(None, Open(All, false, name), "the name is gone");
    }

    // The runtime's own object closes on .NET. On Mono it does not, and one that calls CloseHandle does.
    static void Objects(string name)
    {
        for (int round = 0; round < 100; round++)
        {
            var memory = CreateObject(new IntPtr(-1), None, ReadWrite, 0, 10, name);
            Check.Equal(false, memory.IsInvalid, "memory is a good handle");
            var opened = OpenObject(All, false, name);
            Check.Equal(false, opened.IsInvalid, "an opened name is a good handle");
            IntPtr view = MapObject(opened, All, 0, 0, UIntPtr.Zero);
            Check.Equal(true, view != None && UnmapViewOfFile(view), "a view by an object");
            foreach (var handle in new[] { memory, opened })
            {
                IntPtr number = handle.DangerousGetHandle();
                handle.Dispose();
                Check.Equal(isMono, CloseHandle(number), "left open by the object");
            }
            Check.Equal(None, Open(All, false, name), "the name is gone with the objects");
            Check.Equal(2, Marshal.GetLastWin32Error(), "its code");

            using (var own = CreateOwn(new IntPtr(-1), None, ReadWrite, 0, 10, name))
                Check.Equal(0, Marshal.GetLastWin32Error(), "the code of a new name");
            Check.Equal(None, Open(All, false, name), "the name is gone with an object of the program's");
        }
        // To .NET's object NULL is descriptor 0.
        var none = OpenObject(All, false, name);
        Check.Equal(2, Marshal.GetLastWin32Error(), "the code of a name of nobody");
        Check.Equal(isMono, none.IsInvalid, "no handle");
        none.SetHandleAsInvalid();
    }

    // What CreateFile returns is a descriptor: .NET's streams read it, and close it.
    static void Streams()
    {
        string fileName = Path.GetTempFileName();
        File.WriteAllText(fileName, "text");
        IntPtr file = CreateFile(fileName, 0xc0000000, 3, None, 3, 0x80, None);
        if (isMono)
        {
            Check.Throws<Exception>("a stream of Mono's over it", () => new FileStream(new SafeFileHandle(file, false), FileAccess.Read));
            Check.Equal(true, CloseHandle(file), "it is closed");
        }
        else
        {
            using (var reader = new StreamReader(new FileStream(new SafeFileHandle(file, true), FileAccess.Read)))
                Check.Equal("text", reader.ReadToEnd(), "the file's text");
            Check.Equal(false, CloseHandle(file), "closed with the stream");
        }
        File.Delete(fileName);
    }

    sealed class OwnHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        OwnHandle() : base(true) { }

        protected override bool ReleaseHandle()
        {
            return CloseHandle(handle);
        }
    }

    const string Kernel32 = "kernel32.dll", CreateName = "CreateFileMappingW", CloseName = "CloseHandle";

    [DllImport(Kernel32, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr CreateFile(string name, uint access, uint share, IntPtr security, uint how, uint flags, IntPtr template);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr Create(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern int CreateSigned(int file, IntPtr security, uint protection, int high, int low, string name);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern uint CreateUnsigned(uint file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern long CreateLong(long file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern SafeFileHandle CreateObject(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = CreateName, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern OwnHandle CreateOwn(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = "OpenFileMappingW", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr Open(uint access, bool inherit, string name);

    [DllImport(Kernel32, EntryPoint = "OpenFileMappingW", SetLastError = true, CharSet = CharSet.Unicode)]
    static extern SafeFileHandle OpenObject(uint access, bool inherit, string name);

    [DllImport(Kernel32, EntryPoint = "MapViewOfFile", SetLastError = true)]
    static extern IntPtr MapSigned(int mapping, uint access, uint high, uint low, UIntPtr length);

    [DllImport(Kernel32, EntryPoint = "MapViewOfFile", SetLastError = true)]
    static extern IntPtr MapObject(SafeFileHandle mapping, uint access, uint high, uint low, UIntPtr length);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport(Kernel32)]
    static extern uint GetCurrentProcess();

    [DllImport(Kernel32, EntryPoint = "DuplicateHandle", SetLastError = true)]
    static extern bool Duplicate(uint fromProcess, uint handle, uint toProcess, out uint twin, uint access, bool inherit, uint options);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool CloseHandle(IntPtr handle);

    [DllImport(Kernel32, EntryPoint = CloseName, SetLastError = true)]
    static extern bool CloseSigned(int handle);

    [DllImport(Kernel32, EntryPoint = CloseName, SetLastError = true)]
    static extern bool CloseUnsigned(uint handle);

    [DllImport(Kernel32, EntryPoint = CloseName, SetLastError = true)]
    static extern bool CloseLong(long handle);
}
