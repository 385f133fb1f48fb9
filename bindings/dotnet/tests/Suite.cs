// Hundreds of small cases over a MemoryMappedFile, a line of output for each. Compiled twice: over the class
// library's own types with BCL defined, and over Filemap's; nothing but the `using` differs.

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
#if BCL
using System.IO.MemoryMappedFiles;
#else
using Filemap.MemoryMappedFiles;
#endif

static unsafe class Suite
{
    const int Length = 10000;

    struct Pair { public int A; public long B; }
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    struct Odd { public byte A; public short B; }
    struct WithText { public int A; public string Text; }

    static string folder;

    static void Case(string name, Func<object> body)
    {
        string told;
        try
        {
            told = Show(body());
        }
        catch (Exception error)
        {
            told = error.GetType().Name + " " + error.HResult.ToString("X8");
            var argument = error as ArgumentException;
            if (argument != null && argument.ParamName != null)
                told += " " + argument.ParamName;
        }
        Console.WriteLine(name + ": " + told);
    }

    static void Do(string name, Action body)
    {
        Case(name, delegate { body(); return "done"; });
    }

    static string Show(object value)
    {
        var bytes = value as byte[];
        if (bytes != null)
            return BitConverter.ToString(bytes, 0, Math.Min(bytes.Length, 40));
        return value == null ? "null" : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    static string NewFile(int length)
    {
        string path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
        var bytes = new byte[length];
        for (int index = 0; index < length; index++)
            bytes[index] = (byte)(index * 7 + 3);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    static MemoryMappedFile Mapped(MemoryMappedFileAccess access)
    {
        return MemoryMappedFile.CreateFromFile(NewFile(Length), FileMode.Open, null, 0, access);
    }

    static readonly MemoryMappedFileAccess[] Accesses =
    {
        MemoryMappedFileAccess.ReadWrite, MemoryMappedFileAccess.Read, MemoryMappedFileAccess.Write,
        MemoryMappedFileAccess.CopyOnWrite,
    };

    static void Main(string[] arguments)
    {
        folder = arguments[0];
        Creations();
        Views();
        Scalars();
        Structures();
        Arrays();
        Streams();
        Disposals();
    }

    static void Creations()
    {
        string path = NewFile(Length), empty = NewFile(0);
        Do("file null", () => MemoryMappedFile.CreateFromFile((string)null));
        Do("file empty path", () => MemoryMappedFile.CreateFromFile(""));
        Do("file absent", () => MemoryMappedFile.CreateFromFile(Path.Combine(folder, "absent")));
        Do("file absent folder", () => MemoryMappedFile.CreateFromFile(Path.Combine(folder, "absent", "file")));
        Do("file is empty", () => MemoryMappedFile.CreateFromFile(empty));
        foreach (FileMode mode in new[] { FileMode.Append, FileMode.Truncate, FileMode.CreateNew, FileMode.Create, FileMode.Open, FileMode.OpenOrCreate, (FileMode)0, (FileMode)7 })
            foreach (long capacity in new long[] { -1, 0, 1, Length, Length + 5000 })
            {
                string file = NewFile(mode == FileMode.Create ? 0 : Length);
                Case("file mode " + (int)mode + " capacity " + capacity, delegate
                {
                    using (var map = MemoryMappedFile.CreateFromFile(file, mode, null, capacity))
                    using (var view = map.CreateViewAccessor())
                        return new FileInfo(file).Length;
                });
                Case("  and then exists", () => File.Exists(file));
            }
        Do("file name empty", () => MemoryMappedFile.CreateFromFile(path, FileMode.Open, ""));
        for (int access = -1; access < 7; access++)
        {
            var wanted = (MemoryMappedFileAccess)access;
            if (access == 4 || access == 5)
                continue;
            Do("file access " + access, () => MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, wanted).Dispose());
            Do("file access larger " + access, () => MemoryMappedFile.CreateFromFile(NewFile(10), FileMode.Open, null, 100, wanted).Dispose());
            Do("memory access " + access, () => MemoryMappedFile.CreateNew(null, 100, wanted).Dispose());
            Do("open-or-create access without name " + access, () => MemoryMappedFile.CreateOrOpen(null, 100, wanted).Dispose());
        }
        foreach (int inheritability in new[] { -1, 0, 1, 2 })
        {
            var wanted = (HandleInheritability)inheritability;
            Do("stream inheritability " + inheritability, delegate
            {
                using (var stream = File.Open(NewFile(100), FileMode.Open))
                    MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, wanted, true).Dispose();
            });
            Do("memory inheritability " + inheritability, () => MemoryMappedFile.CreateNew(
                null, 100, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.None, wanted).Dispose());
        }
        foreach (int options in new[] { -1, 1, 0, 0x4000000 })
            Do("memory options " + options, () => MemoryMappedFile.CreateNew(
                null, 100, MemoryMappedFileAccess.ReadWrite, (MemoryMappedFileOptions)options, HandleInheritability.None).Dispose());
        foreach (long capacity in new long[] { long.MinValue, -1, 0, 1, 4096, 100000 })
            Do("memory capacity " + capacity, () => MemoryMappedFile.CreateNew(null, capacity).Dispose());
        Do("memory name empty", () => MemoryMappedFile.CreateNew("", 100));
        Do("open-or-create name empty", () => MemoryMappedFile.CreateOrOpen("", 100));
        Do("open name null", () => MemoryMappedFile.OpenExisting(null));
        Do("open name empty", () => MemoryMappedFile.OpenExisting(""));
        foreach (bool leaves in new[] { false, true })
            Case("stream left open " + leaves, delegate
            {
                var stream = File.Open(NewFile(100), FileMode.Open);
                MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaves).Dispose();
                return stream.CanRead;
            });
        Do("stream null", () => MemoryMappedFile.CreateFromFile((FileStream)null, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, false));
        Do("stream reads alone", delegate
        {
            using (var stream = File.OpenRead(NewFile(100)))
                MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true).Dispose();
        });
        Case("stream grows", delegate
        {
            using (var stream = File.Open(NewFile(100), FileMode.Open))
            using (MemoryMappedFile.CreateFromFile(stream, null, 70000, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
                return stream.Length;
        });
        Case("stream unflushed", delegate
        {
            using (var stream = File.Open(NewFile(100), FileMode.Open))
            {
                stream.WriteByte(77);
                using (var map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
                using (var view = map.CreateViewAccessor())
                    return view.ReadByte(0);
            }
        });
    }

    static void Views()
    {
        foreach (MemoryMappedFileAccess made in new[] { MemoryMappedFileAccess.ReadWrite, MemoryMappedFileAccess.Read, MemoryMappedFileAccess.CopyOnWrite })
            for (int access = -1; access < 7; access++)
                if (access != 4 && access != 5)
                    Case("view " + access + " of " + made, delegate
                    {
                        using (var map = Mapped(made))
                        using (var view = map.CreateViewAccessor(0, 0, (MemoryMappedFileAccess)access))
                            return view.CanRead + " " + view.CanWrite + " " + view.Capacity;
                    });
        using (var map = Mapped(MemoryMappedFileAccess.ReadWrite))
            foreach (long offset in new long[] { -1, 0, 1, 100, 4096, 9999, Length, Length + 1, 65536, long.MaxValue })
                foreach (long size in new long[] { -1, 0, 1, 50, 4096, Length, Length + 1, 1L << 50, long.MaxValue })
                {
                    Case("accessor " + offset + " + " + size, delegate
                    {
                        using (var view = map.CreateViewAccessor(offset, size))
                            return view.Capacity + " " + view.PointerOffset + " " + view.ReadByte(0) + " " + view.SafeMemoryMappedViewHandle.ByteLength;
                    });
                    Case("stream " + offset + " + " + size, delegate
                    {
                        using (var view = map.CreateViewStream(offset, size))
                            return view.Length + " " + view.PointerOffset + " " + view.ReadByte() + " " + view.Capacity + " " + view.Position;
                    });
                }
        Case("views see each other", delegate
        {
            using (var map = Mapped(MemoryMappedFileAccess.ReadWrite))
            using (var first = map.CreateViewAccessor())
            using (var second = map.CreateViewStream(100, 100))
            {
                first.Write(103, (byte)222);
                second.Position = 3;
                return second.ReadByte();
            }
        });
        Case("copy on write is private", delegate
        {
            string path = NewFile(100);
            using (var map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.CopyOnWrite))
            using (var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite))
            {
                view.Write(0, (byte)99);
                return view.ReadByte(0);
            }
        });
        Case("pointer", delegate
        {
            using (var map = Mapped(MemoryMappedFileAccess.ReadWrite))
            using (var view = map.CreateViewAccessor(100, 50))
            {
                byte* place = null;
                view.SafeMemoryMappedViewHandle.AcquirePointer(ref place);
                byte value = place[view.PointerOffset + 3];
                view.SafeMemoryMappedViewHandle.ReleasePointer();
                return value == view.ReadByte(3);
            }
        });
    }

    static void Scalars()
    {
        foreach (MemoryMappedFileAccess access in Accesses)
            using (var map = MemoryMappedFile.CreateFromFile(
                NewFile(Length), FileMode.Open, null, 0, access == MemoryMappedFileAccess.CopyOnWrite ? access : MemoryMappedFileAccess.ReadWrite))
            using (var view = map.CreateViewAccessor(0, 100, access))
                foreach (long at in new long[] { long.MinValue, -1, 0, 1, 84, 85, 92, 93, 96, 97, 98, 99, 100, 101, long.MaxValue })
                {
                    string place = " " + access + " at " + at;
                    Case("boolean" + place, () => view.ReadBoolean(at));
                    Case("byte" + place, () => view.ReadByte(at));
                    Case("char" + place, () => (int)view.ReadChar(at));
                    Case("int16" + place, () => view.ReadInt16(at));
                    Case("int32" + place, () => view.ReadInt32(at));
                    Case("int64" + place, () => view.ReadInt64(at));
                    Case("sbyte" + place, () => view.ReadSByte(at));
                    Case("single" + place, () => BitConverter.ToInt32(BitConverter.GetBytes(view.ReadSingle(at)), 0));
                    Case("double" + place, () => BitConverter.DoubleToInt64Bits(view.ReadDouble(at)));
                    Case("uint16" + place, () => view.ReadUInt16(at));
                    Case("uint32" + place, () => view.ReadUInt32(at));
                    Case("uint64" + place, () => view.ReadUInt64(at));
                    Case("decimal" + place, () => view.ReadDecimal(at));
                    Do("boolean to" + place, () => view.Write(at, true));
                    Do("byte to" + place, () => view.Write(at, (byte)200));
                    Do("char to" + place, () => view.Write(at, 'x'));
                    Do("int16 to" + place, () => view.Write(at, (short)-2));
                    Do("int32 to" + place, () => view.Write(at, -3));
                    Do("int64 to" + place, () => view.Write(at, -4L));
                    Do("sbyte to" + place, () => view.Write(at, (sbyte)-5));
                    Do("single to" + place, () => view.Write(at, 1.5f));
                    Do("double to" + place, () => view.Write(at, 2.5));
                    Do("uint16 to" + place, () => view.Write(at, (ushort)65000));
                    Do("uint32 to" + place, () => view.Write(at, 4000000000u));
                    Do("uint64 to" + place, () => view.Write(at, ulong.MaxValue));
                    Do("decimal to" + place, () => view.Write(at, -12.345m));
                    if (access != MemoryMappedFileAccess.Write)
                        Case("bytes after" + place, delegate
                        {
                            var bytes = new byte[40];
                            view.ReadArray(60, bytes, 0, 40);
                            return bytes;
                        });
                }
    }

    static void Structures()
    {
        using (var map = Mapped(MemoryMappedFileAccess.ReadWrite))
        using (var view = map.CreateViewAccessor(0, 100))
        using (var reader = map.CreateViewAccessor(0, 100, MemoryMappedFileAccess.Read))
            foreach (long at in new long[] { -1, 0, 3, 84, 85, 97, 98, 99, 100, 101, long.MaxValue })
            {
                string place = " at " + at;
                Case("pair" + place, delegate { Pair pair; view.Read(at, out pair); return pair.A + " " + pair.B; });
                Case("odd" + place, delegate { Odd odd; view.Read(at, out odd); return odd.A + " " + odd.B; });
                Case("guid" + place, delegate { Guid guid; view.Read(at, out guid); return guid; });
                Case("text" + place, delegate { WithText text; view.Read(at, out text); return text.A; });
                Case("long as a structure" + place, delegate { long value; view.Read(at, out value); return value; });
                Do("pair to" + place, delegate { var pair = new Pair { A = 5, B = -6 }; view.Write(at, ref pair); });
                Do("odd to" + place, delegate { var odd = new Odd { A = 5, B = -6 }; view.Write(at, ref odd); });
                Do("text to" + place, delegate { var text = new WithText(); view.Write(at, ref text); });
                Do("pair to a reader" + place, delegate { var pair = new Pair(); reader.Write(at, ref pair); });
                Case("pair after" + place, delegate { Pair pair; view.Read(0, out pair); return pair.A + " " + pair.B; });
            }
    }

    static void Arrays()
    {
        using (var map = Mapped(MemoryMappedFileAccess.ReadWrite))
        using (var view = map.CreateViewAccessor(0, 100))
        using (var reader = map.CreateViewAccessor(0, 100, MemoryMappedFileAccess.Read))
        using (var writer = map.CreateViewAccessor(0, 100, MemoryMappedFileAccess.Write))
        {
            Do("array null", () => view.ReadArray<int>(0, null, 0, 0));
            Do("array null to", () => view.WriteArray<int>(0, null, 0, 0));
            Do("array of a writer", () => writer.ReadArray(0, new int[3], 0, 3));
            Do("array to a reader", () => reader.WriteArray(0, new int[3], 0, 3));
            foreach (long at in new long[] { -1, 0, 3, 88, 89, 99, 100, 101 })
                foreach (int offset in new[] { -1, 0, 1, 4, 5 })
                    foreach (int count in new[] { -1, 0, 1, 3, 4, 5 })
                    {
                        string place = " at " + at + " " + offset + " " + count;
                        Case("ints" + place, delegate
                        {
                            var ints = new int[4];
                            int read = view.ReadArray(at, ints, offset, count);
                            return read + ": " + string.Join(" ", ints);
                        });
                        Do("ints to" + place, () => view.WriteArray(at, new[] { 1, 2, 3, 4 }, offset, count));
                        Case("bytes" + place, delegate
                        {
                            var bytes = new byte[4];
                            return view.ReadArray(at, bytes, offset, count) + ": " + Show(bytes);
                        });
                        Case("odds" + place, delegate
                        {
                            var odds = new Odd[4];
                            return view.ReadArray(at, odds, offset, count) + ": " + odds[0].B + " " + odds[1].B + " " + odds[2].B;
                        });
                        Case("chars" + place, delegate
                        {
                            var chars = new char[4];
                            return view.ReadArray(at, chars, offset, count) + ": " + (int)chars[1];
                        });
                        Case("bools" + place, delegate
                        {
                            var bools = new bool[4];
                            return view.ReadArray(at, bools, offset, count);
                        });
                    }
            Do("pairs to", () => view.WriteArray(8, new[] { new Pair { A = 1, B = 2 }, new Pair { A = 3, B = 4 } }, 0, 2));
            Do("odds to", () => view.WriteArray(60, new[] { new Odd { A = 1, B = 2 }, new Odd { A = 3, B = 4 } }, 0, 2));
            Do("too many to", () => view.WriteArray(90, new long[2], 0, 2));
            Do("texts", () => view.ReadArray(0, new WithText[1], 0, 1));
            Case("bytes after arrays", delegate
            {
                var bytes = new byte[100];
                view.ReadArray(0, bytes, 0, 100);
                return BitConverter.ToString(bytes);
            });
        }
    }

    static void Streams()
    {
        foreach (MemoryMappedFileAccess access in Accesses)
            using (var map = MemoryMappedFile.CreateFromFile(
                NewFile(Length), FileMode.Open, null, 0, access == MemoryMappedFileAccess.CopyOnWrite ? access : MemoryMappedFileAccess.ReadWrite))
            using (var view = map.CreateViewStream(10, 100, access))
            {
                string place = " " + access;
                Case("stream can" + place, () => view.CanRead + " " + view.CanWrite + " " + view.CanSeek + " " + view.Length);
                foreach (long at in new long[] { -1, 0, 50, 99, 100, 101, 1000 })
                {
                    string where = place + " at " + at;
                    Case("position" + where, delegate { view.Position = at; return view.Position; });
                    Case("seek" + where, () => view.Seek(at, SeekOrigin.Begin));
                    Case("seek from end" + where, () => view.Seek(at, SeekOrigin.End));
                    Do("set length" + where, () => view.SetLength(at));
                    foreach (int count in new[] { -1, 0, 1, 60, 200 })
                    {
                        Case("read " + count + where, delegate
                        {
                            view.Position = at;
                            var bytes = new byte[150];
                            return view.Read(bytes, 3, count) + " " + bytes[3] + " " + bytes[4] + " " + view.Position;
                        });
                        Case("write " + count + where, delegate
                        {
                            view.Position = at;
                            view.Write(new byte[150], 3, count);
                            return view.Position;
                        });
                    }
                    Case("read a byte" + where, delegate { view.Position = at; return view.ReadByte() + " " + view.Position; });
                    Case("write a byte" + where, delegate { view.Position = at; view.WriteByte(9); return view.Position; });
                }
                Do("read null" + place, () => view.Read(null, 0, 0));
                Do("write null" + place, () => view.Write(null, 0, 0));
                Do("read past the array" + place, () => view.Read(new byte[3], 2, 2));
                Do("flush" + place, () => view.Flush());
                Case("copy to" + place, delegate
                {
                    view.Position = 0;
                    var copy = new MemoryStream();
                    view.CopyTo(copy);
                    return copy.ToArray();
                });
                Case("position pointer" + place, () => (long)view.PositionPointer);
                if (access == MemoryMappedFileAccess.ReadWrite)
                    Case("reader and writer", delegate
                    {
                        view.Position = 20;
                        var writer = new BinaryWriter(view);
                        writer.Write("a text");
                        writer.Write(7.5);
                        writer.Flush();
                        view.Position = 20;
                        var reader = new BinaryReader(view);
                        return reader.ReadString() + " " + reader.ReadDouble();
                    });
            }
    }

    static void Disposals()
    {
        var map = Mapped(MemoryMappedFileAccess.ReadWrite);
        var view = map.CreateViewAccessor();
        var stream = map.CreateViewStream();
        map.Dispose();
        Do("mapping disposed twice", () => map.Dispose());
        Case("view outlives its mapping", () => view.ReadByte(5));
        Do("view of a closed mapping", () => map.CreateViewAccessor());
        Do("stream of a closed mapping", () => map.CreateViewStream());
        Case("handle closed", () => map.SafeMemoryMappedFileHandle.IsClosed);
        view.Dispose();
        Do("view disposed twice", () => view.Dispose());
        Do("read after", () => view.ReadInt32(0));
        Do("read after, outside", () => view.ReadInt32(-1));
        Do("write after", () => view.Write(0, 1));
        Do("structure after", delegate { Pair pair; view.Read(0, out pair); });
        Do("array after", () => view.ReadArray(0, new int[1], 0, 1));
        Do("array to after", () => view.WriteArray(0, new int[1], 0, 1));
        Do("flush after", () => view.Flush());
        Case("can after", () => view.CanRead + " " + view.CanWrite + " " + view.Capacity);
        stream.Dispose();
        Do("stream disposed twice", () => stream.Dispose());
        Do("stream read after", () => stream.Read(new byte[1], 0, 1));
        Do("stream read a byte after", () => stream.ReadByte());
        Do("stream write after", () => stream.Write(new byte[1], 0, 1));
        Do("stream write a byte after", () => stream.WriteByte(1));
        Do("stream flush after", () => stream.Flush());
        Do("stream length after", () => Show(stream.Length));
        Do("stream position after", () => Show(stream.Position));
        Do("stream seek after", () => stream.Seek(0, SeekOrigin.Begin));
        Do("stream set length after", () => stream.SetLength(1));
        Case("stream can after", () => stream.CanRead + " " + stream.CanWrite + " " + stream.CanSeek);
    }
}
