// The functions themselves, in the declarations that programs use: each character set, handles as
// numbers and as objects, errors and successes.

using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

static class Functions
{
    const uint ReadWrite = 0x04, All = 0xf001f, Read = 0x04;
    static readonly IntPtr Memory = new IntPtr(-1), None = IntPtr.Zero;

    public static void Try(string name)
    {
        Names(name);
        Errors(name);
        Handles(name);
        global::Handles.Try(name);
        Texts();
        Copies();
        Lost();
    }

    // Each character set leads to the same name.
    static void Names(string name)
    {
        IntPtr wide = Wide(Memory, None, ReadWrite, 0, 1, name);
        Check.Equal(0, Marshal.GetLastWin32Error(), "the code of a new mapping");
        foreach (var open in new Func<uint, bool, string, IntPtr>[] { OpenAuto, OpenAnsi, OpenPlain, OpenWide })
        {
            IntPtr opened = open(All, false, name);
            Check.Equal(true, opened != None && CloseHandle(opened), "the name by " + open.Method.Name);
        }
        foreach (var create in new Func<IntPtr, IntPtr, uint, uint, uint, string, IntPtr>[] { Auto, Ansi, Plain, Wide })
        {
            IntPtr again = create(Memory, None, ReadWrite, 0, 1, name);
            Check.Equal(183, Marshal.GetLastWin32Error(), "the code of a mapping that is there");
            Check.Equal(true, again != None && CloseHandle(again), "the name by " + create.Method.Name);
        }
        IntPtr nameless = Auto(Memory, None, ReadWrite, 0, 1, null);
        Check.Equal(0, Marshal.GetLastWin32Error(), "the code of one without a name");
        Check.Equal(true, CloseHandle(nameless) && CloseHandle(wide), "both are closed");
    }

    // Each of these fails, with its code in the calling thread, whatever that does meanwhile.
    static void Errors(string name)
    {
        Failed(2, OpenAuto(All, false, name), "a name that nobody has");
        Failed(87, OpenWide(All, false, null), "no name");
        Failed(87, Wide(Memory, None, ReadWrite, 0, 0, name), "memory of no size");
        Failed(87, Wide(Memory, None, 0x1234, 0, 1, name), "a protection that is none");
        Failed(6, MapViewOfFile(new IntPtr(0x7fff0000), Read, 0, 0, UIntPtr.Zero), "a handle of nothing");
        Check.Equal(6u, GetLastError(), "the last error, asked for by a call");
        Check.Equal(false, UnmapViewOfFile(new IntPtr(0x10000)), "an address of no view");
        Check.Equal(487, Marshal.GetLastWin32Error(), "its code");
        OpenAuto(All, false, name);
        GC.Collect();
        for (int round = 0; round < 1000; round++)
            GC.KeepAlive(new byte[10000]);
        Check.Equal(2, Marshal.GetLastWin32Error(), "the code after collections");
    }

    static void Failed(int code, IntPtr result, string what)
    {
        Check.Equal(code, Marshal.GetLastWin32Error(), what);
        Check.Equal(None, result, what);
    }

    static void Handles(string name)
    {
        string fileName = Path.GetTempFileName();
        using (var file = new FileStream(fileName, FileMode.Open, FileAccess.ReadWrite))
        {
            // As an object, as its number, and as the number that the oldest programs use.
            using (var mapping = OfFile(file.SafeFileHandle, None, ReadWrite, 0, 10, name))
                Check.Equal(false, mapping.IsInvalid, "a mapping of a file's handle");
            Check.Equal(10L, file.Length, "the file has grown");
#pragma warning disable 618
            IntPtr number = Auto(file.Handle, None, ReadWrite, 0, 20, name);
#pragma warning restore 618
            Check.Equal(20L, file.Length, "the file has grown");
            IntPtr view = MapViewOfFile(number, All, 0, 0, UIntPtr.Zero);
            Check.Equal(true, CloseHandle(number), "the mapping is closed");
            Failed(2, OpenAuto(All, false, name), "a view does not keep the name");
            Marshal.WriteByte(view, 19, 7);
            Check.Equal(true, FlushViewOfFile(view, UIntPtr.Zero) && UnmapViewOfFile(view), "the view");
            file.Seek(19, SeekOrigin.Begin);
            Check.Equal(7, file.ReadByte(), "what was written through the view");
            Check.Equal(false, CloseHandle(number), "closed twice");
            Check.Equal(6, Marshal.GetLastWin32Error(), "its code");
        }
        IntPtr created = CreateFile(fileName, 0xc0000000, 3, None, 3, 0x80, None);
        IntPtr ofCreated = Wide(created, None, ReadWrite, 0, 0, name);
        Check.Equal(true, ofCreated != None, "a mapping of what CreateFile opened");
        Check.Equal(true, CloseHandle(ofCreated) && CloseHandle(created), "both are closed");
        File.Delete(fileName);
    }

    // The four functions that Mono has itself, and their names in kernel32.
    static void Copies()
    {
        var from = new byte[] { 1, 2, 3, 4 };
        foreach (var copy in new Action<byte[], byte[], IntPtr>[] { CopyMemory, MoveMemory, RtlMoveMemory })
        {
            var to = new byte[4];
            copy(to, from, new IntPtr(3));
            Check.Equal(new byte[] { 1, 2, 3, 0 }, to, "bytes by " + copy.Method.Name);
        }
        FillMemory(from, new IntPtr(2), 9);
        Check.Equal(new byte[] { 9, 9, 3, 4 }, from, "filled bytes");
        ZeroMemory(from, new IntPtr(3));
        Check.Equal(new byte[] { 0, 0, 0, 4 }, from, "cleared bytes");
    }

    // The runtimes' texts are for the numbers of Linux, these for Windows' codes.
    static void Texts()
    {
        foreach (int code in new[] { 2, 5, 6, 87, 183, 487, 1006, 1132 })
        {
            var wide = new StringBuilder(512);
            var narrow = new StringBuilder(512);
            Check.Equal(true, FormatWide(0x1200, None, code, 0, wide, 512, None) > 0, "a text of " + code);
            Check.Equal(true, FormatAuto(0x1200, None, code, 0, narrow, 512, None) > 0, "a text of " + code);
            Check.Equal(wide.ToString(), narrow.ToString(), "both texts of " + code);
        }
    }

    // Pages that the file has lost: this library's functions copy the bytes before them, and return
    // an error. A runtime that accesses them directly reads zeros, and asks which bytes were lost.
    static void Lost()
    {
        string fileName = Path.GetTempFileName();
        using (var file = new FileStream(fileName, FileMode.Open, FileAccess.ReadWrite))
        {
            IntPtr mapping = Wide(file.SafeFileHandle.DangerousGetHandle(), None, ReadWrite, 0, 8192, null);
            IntPtr view = MapViewOfFile(mapping, All, 0, 0, UIntPtr.Zero);
            Marshal.WriteByte(view, 4095, 7);
            file.SetLength(4096);

            object nothing = Environment.GetEnvironmentVariable("no such variable");
            for (int round = 0; round < 100; round++)
            {
                var bytes = new byte[2];
                UIntPtr done;
                Check.Equal(false, filemap_read(view + 4095, bytes, new UIntPtr(2), out done), "a lost page");
                Check.Equal(999, Marshal.GetLastWin32Error(), "its code");
                Check.Equal(1UL, done.ToUInt64(), "the bytes before it");
                Check.Equal(new byte[] { 7, 0 }, bytes, "the bytes before it");
                Check.Equal(false, filemap_write(view + 5000, bytes, new UIntPtr(2), out done), "a lost page");
                // The runtime's own use of signals still works.
                Check.Throws<NullReferenceException>("no object", () => nothing.ToString());
                GC.Collect();
            }
            for (int round = 0; round < 100; round++)
            {
                Check.Equal((byte)0, Marshal.ReadByte(view, 5000), "a lost page, by its address");
                Marshal.WriteByte(view, 5000, 9);
                UIntPtr count;
                Check.Equal(true, filemap_lost(view, IntPtr.Zero, UIntPtr.Zero, out count), "it is told");
                Check.Equal(1UL, count.ToUInt64(), "one range is lost");
                Check.Throws<NullReferenceException>("no object", () => nothing.ToString());
                GC.Collect();
                file.SetLength(8192);
                Check.Equal(true, filemap_restore(view, IntPtr.Zero, UIntPtr.Zero, out count), "it is restored");
                Check.Equal((byte)0, Marshal.ReadByte(view, 5000), "no store to a lost page is kept");
                file.SetLength(4096);
            }
            Check.Equal(true, UnmapViewOfFile(view) && CloseHandle(mapping), "both are closed");
        }
        File.Delete(fileName);
    }

    sealed class Handle : SafeHandleZeroOrMinusOneIsInvalid
    {
        Handle() : base(true) { }

        protected override bool ReleaseHandle()
        {
            return CloseHandle(handle);
        }
    }

    const string Kernel32 = "kernel32.dll", Create = "CreateFileMapping", Open = "OpenFileMapping";

    [DllImport(Kernel32, SetLastError = true, CharSet = CharSet.Auto)]
    static extern IntPtr CreateFile(string name, uint access, uint share, IntPtr security, uint how, uint flags, IntPtr template);

    [DllImport(Kernel32, EntryPoint = Create, SetLastError = true, CharSet = CharSet.Auto)]
    static extern IntPtr Auto(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = Create, SetLastError = true, CharSet = CharSet.Ansi)]
    static extern IntPtr Ansi(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = Create, SetLastError = true)]
    static extern IntPtr Plain(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = Create, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr Wide(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = Create, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern Handle OfFile(SafeFileHandle file, IntPtr security, uint protection, uint high, uint low, string name);

    [DllImport(Kernel32, EntryPoint = Open, SetLastError = true, CharSet = CharSet.Auto)]
    static extern IntPtr OpenAuto(uint access, bool inherit, string name);

    [DllImport(Kernel32, EntryPoint = Open, SetLastError = true, CharSet = CharSet.Ansi)]
    static extern IntPtr OpenAnsi(uint access, bool inherit, string name);

    [DllImport(Kernel32, EntryPoint = Open, SetLastError = true)]
    static extern IntPtr OpenPlain(uint access, bool inherit, string name);

    [DllImport(Kernel32, EntryPoint = Open, SetLastError = true, CharSet = CharSet.Unicode)]
    static extern IntPtr OpenWide(uint access, bool inherit, string name);

    [DllImport(Kernel32, SetLastError = true)]
    static extern IntPtr MapViewOfFile(IntPtr mapping, uint access, uint high, uint low, UIntPtr length);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool FlushViewOfFile(IntPtr address, UIntPtr length);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool UnmapViewOfFile(IntPtr address);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool CloseHandle(IntPtr handle);

    [DllImport(Kernel32)]
    static extern uint GetLastError();

    [DllImport(Kernel32, EntryPoint = "FormatMessage", CharSet = CharSet.Unicode)]
    static extern uint FormatWide(uint flags, IntPtr source, int code, uint language, StringBuilder text, uint size, IntPtr arguments);

    [DllImport(Kernel32, EntryPoint = "FormatMessage", CharSet = CharSet.Auto)]
    static extern uint FormatAuto(uint flags, IntPtr source, int code, uint language, StringBuilder text, uint size, IntPtr arguments);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool filemap_read(IntPtr address, [Out] byte[] bytes, UIntPtr count, out UIntPtr done);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool filemap_lost(IntPtr address, IntPtr ranges, UIntPtr room, out UIntPtr count);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool filemap_restore(IntPtr address, IntPtr ranges, UIntPtr room, out UIntPtr count);

    [DllImport(Kernel32, SetLastError = true)]
    static extern bool filemap_write(IntPtr address, byte[] bytes, UIntPtr count, out UIntPtr done);

    [DllImport(Kernel32)]
    static extern void CopyMemory([Out] byte[] to, byte[] from, IntPtr count);

    [DllImport(Kernel32)]
    static extern void MoveMemory([Out] byte[] to, byte[] from, IntPtr count);

    [DllImport(Kernel32)]
    static extern void RtlMoveMemory([Out] byte[] to, byte[] from, IntPtr count);

    [DllImport(Kernel32)]
    static extern void FillMemory([In, Out] byte[] bytes, IntPtr count, byte value);

    [DllImport(Kernel32)]
    static extern void ZeroMemory([In, Out] byte[] bytes, IntPtr count);
}
