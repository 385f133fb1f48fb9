// The subject of the cases for a class in a page of text. `PageClass` stands for its name.
//
// Such classes have a common form: each call maps the granule of the offset and up to one granule
// more, and puts a stream over that. So a call can take one granule, 65,536 bytes, at any offset.
// More is refused by the stream if the offset is a multiple of the granule; at other offsets the
// stream is longer than the view and writes past it, which ends the process or destroys what is
// mapped there, on Windows as well. No case does that.

using System;
using System.IO;
using System.Runtime.Serialization;

sealed class Subject : PageClass
{
#if HISTORICAL
    public const long LengthByFile = (2L << 32) + 1;

    public static readonly long[] Far = { 0x7fff0000, 0x7ffffe01, 0x7fffffff };
#else
    public const long LengthByFile = 5L << 30;

    public static readonly long[] Far =
    {
        0x7fff0000, 0x7ffffff0, 0x80000100, 0xfffffffe, 0x100000101, LengthByFile - Granule,
    };

    static Subject()
    {
        Win32API.Room = LengthByFile;
    }
#endif

    // The class does not know the length of a mapping that was opened by name.
    public const long LengthByName = -1;
    const int Granule = 65536;

    public Subject(string fileName, string name) : base(fileName, name) { }

    public Subject(string name) : base(name) { }

    public static void CheckDisposed(Subject file)
    {
        Check.Code(6, "a write after the end", () => file.Write(1, 0));
        Check.Code(6, "a read after the end", () => file.Read(0));
    }

    public static void Limits(string fileName, string name)
    {
        var large = new byte[Granule + 1];
        using (var file = new Subject(fileName, name))
        {
            file.Write(Cases.Pattern(1), Granule, 0);
            Check.Throws<NotSupportedException>("more bytes than a granule", () => file.Write(large, large.Length, 0));
            Check.Equal(Cases.Pattern(1), Cases.ReadBytes(file, Granule, 0), "nothing of them was written");
            Check.Equal(Granule, file.Read(large, large.Length, 0), "a granule is read at most");

            file.Write(Cases.Pattern(2), Granule, 1);
            Check.Equal(Cases.Pattern(2), Cases.ReadBytes(file, Granule, 1), "a granule that lies in two");

            Check.Equal(true, file.Size(large) > Granule, "an object larger than a granule");
            Check.Throws<NotSupportedException>("such an object", () => file.Write(large, Granule));
            var fits = new byte[Granule - (file.Size(large) - large.Length)];
            Check.Equal(Granule, file.Size(fits), "the largest object that fits");
            file.Write(fits, Granule);
            Check.Equal(fits, file.Read(Granule), "it comes back");

            Check.Throws<SerializationException>("no object where none was written", () => file.Read(0x500000));
            CheckEnd(file);
        }
        Check.Code(2, "the name is free", () => new Subject(name));
        CheckRoom(fileName, name);
    }

#if HISTORICAL
    static void CheckEnd(Subject file)
    {
        // The halves of 2 GiB are 1 and 1: an offset that is no multiple of the granule.
        Check.Code(1132, "an offset that is split wrongly", () => file.Write(1, 0x80000000));
        Check.Code(1132, "an offset that is split wrongly", () => file.Read(0x80000000));
    }

    static void CheckRoom(string fileName, string name)
    {
        Check.Equal(LengthByFile, new FileInfo(fileName).Length, "8 GiB and a byte");
    }
#else
    static void CheckEnd(Subject file)
    {
        // The mapped range reaches past the end, although the object does not.
        Check.Code(5, "an offset in the last granule", () => file.Write(1, LengthByFile - 100));
        Check.Code(5, "the offset of the end", () => file.Read(LengthByFile));
    }

    // The effect of a maximum of Int64.MaxValue.
    static void CheckRoom(string fileName, string name)
    {
        Win32API.Room = 1 << 20;
        string other = fileName + ".room";
        using (var file = new Subject(other, name))
            Check.Equal(1 << 20, file.Length, "an empty file gets the room");
        using (var longer = File.OpenWrite(other))
            longer.SetLength((1 << 20) + 1);
        using (var file = new Subject(other, name))
            Check.Equal((1 << 20) + Granule, file.Length, "a longer file gets a whole granule");

        Win32API.Room = Int64.MaxValue;
        File.WriteAllText(other, "as it was");
        // Windows compares with the limit of mappings, before it asks the file system.
        Check.Code(8, "a maximum that is a size", () => new Subject(other, name));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Check.Equal("as it was", File.ReadAllText(other), "the file");
    }
#endif
}
