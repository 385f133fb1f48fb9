using System;
using System.Collections.Generic;
using System.IO;
using Filemap.MemoryMappedFiles;

public class Player
{
    public string name;
    public List<int> points;
    public double rate;
    public string team;
}

static class Objects
{
    enum Shape { Empty }

    // Values and their bytes, as docs/objects.md has them.
    static readonly KeyValuePair<object, string>[] Known =
    {
        Pair(null, "9A 46 4D 4F 01 01 C6 00 01 00 00 00 00 00 00 00 95 75 F0 91 A2 9D 3B 06 C0"),
        Pair(true, "9A 46 4D 4F 01 01 C6 00 01 00 00 00 00 00 00 00 61 86 A0 82 56 2D 08 4E C3"),
        Pair(7L, "9A 46 4D 4F 01 01 C6 00 01 00 00 00 00 00 00 00 BA 37 B7 86 14 2C BE F7 07"),
        Pair(-1L, "9A 46 4D 4F 01 01 C6 00 01 00 00 00 00 00 00 00 00 00 00 FF F3 4C A0 FF FF"),
        Pair(300L, "9A 46 4D 4F 01 01 C6 00 03 00 00 00 00 00 00 00 38 85 B4 51 C3 E0 CA 1E CD 01 2C"),
        Pair(ulong.MaxValue, "9A 46 4D 4F 01 01 C6 00 09 00 00 00 00 00 00 00 05 91 13 77 D1 A2 6C 8A CF FF FF FF FF FF FF FF FF"),
        Pair(long.MinValue, "9A 46 4D 4F 01 01 C6 00 09 00 00 00 00 00 00 00 57 5D EA 94 90 2C 48 A7 D3 80 00 00 00 00 00 00 00"),
        Pair(1.0, "9A 46 4D 4F 01 01 C6 00 09 00 00 00 00 00 00 00 1D B7 5E 72 02 95 63 AF CB 3F F0 00 00 00 00 00 00"),
        Pair(1f, "9A 46 4D 4F 01 01 C6 00 05 00 00 00 00 00 00 00 D7 14 E6 F3 91 1B AA 82 CA 3F 80 00 00"),
        Pair("Größe", "9A 46 4D 4F 01 01 C6 00 08 00 00 00 00 00 00 00 F4 EE 12 D0 E6 FA 1E DE A7 47 72 C3 B6 C3 9F 65"),
        Pair(new byte[] { 0, 255 }, "9A 46 4D 4F 01 01 C6 00 04 00 00 00 00 00 00 00 B0 ED 51 28 17 8A 56 1D C4 02 00 FF"),
        Pair(new[] { 1, 300, -1 }, "9A 46 4D 4F 01 01 C6 00 06 00 00 00 00 00 00 00 28 B1 8F 8A B8 C4 C7 AF 93 01 CD 01 2C FF"),
        Pair(new object[] { "Ada", 1815 }, "9A 46 4D 4F 01 01 C6 00 08 00 00 00 00 00 00 00 90 0A 2C A3 1D 0F 3A 3C 92 A3 41 64 61 CD 07 17"),
        Pair(new Dictionary<int, bool> { { 7, true } }, "9A 46 4D 4F 01 01 C6 00 03 00 00 00 00 00 00 00 32 5A B2 E4 FF 47 83 C9 81 07 C3"),
        Pair(Shape.Empty, "9A 46 4D 4F 01 01 C6 00 06 00 00 00 00 00 00 00 11 B5 CC FE C5 A1 AB 59 A5 45 6D 70 74 79"),
        Pair(new Player { name = "Ada", points = new List<int> { 3, 500 }, rate = 0.5 },
            "9A 46 4D 4F 01 01 C6 00 2A 00 00 00 00 00 00 00 43 92 68 1A 56 83 24 A6 84 A4 6E 61 6D 65 A3 41 64 61 A6 70 6F 69 6E 74 73 92 03 CD 01 F4 A4 72 61 74 65 CB 3F E0 00 00 00 00 00 00 A4 74 65 61 6D C0"),
    };

    static KeyValuePair<object, string> Pair(object value, string bytes)
    {
        return new KeyValuePair<object, string>(value, bytes.Replace(' ', '-'));
    }

    internal static void Run()
    {
        using (var map = MemoryMappedFile.CreateNew(null, 300000))
        using (var view = map.CreateViewAccessor())
        {
            foreach (var known in Known)
            {
                long count = view.WriteObject(11, known.Key);
                var bytes = new byte[count];
                view.ReadArray(11, bytes, 0, bytes.Length);
                Check.Same(BitConverter.ToString(bytes), known.Value);
                object read = view.ReadObject(11);
                if (known.Key == null || known.Key is long || known.Key is double || known.Key is string || known.Key is ulong)
                    Check.Same(read, known.Key);
            }
            view.WriteObject(0, new Player { name = "Ada", points = new List<int> { 3, 500 }, rate = 0.5, team = "A" });
            var player = view.ReadObject<Player>(0);
            Check.Same(player.name + player.points[1] + player.rate + player.team, "Ada5000.5A");
            var map2 = (Dictionary<object, object>)view.ReadObject(0);
            Check.Same(((object[])map2["points"])[0], 3L);
            foreach (int size in new[] { 0, 15, 16, 31, 32, 255, 256, 65535, 65536, 100000 })
            {
                view.WriteObject(0, new string('x', size));
                Check.Same(view.ReadObject<string>(0).Length, size);
                view.WriteObject(0, new byte[size]);
                Check.Same(view.ReadObject<byte[]>(0).Length, size);
                view.WriteObject(0, new int[size]);
                Check.Same(view.ReadObject<int[]>(0).Length, size);
            }
            foreach (long number in new[] { 0, 127, 128, 255, 256, 65535, 65536, uint.MaxValue, 1L + uint.MaxValue, long.MaxValue,
                -32, -33, -128, -129, -32768, -32769, int.MinValue, -1L + int.MinValue, long.MinValue })
            {
                view.WriteObject(0, number);
                Check.Same(view.ReadObject<long>(0), number);
                if (number < 0 || number > 255)
                    Check.Throws<InvalidDataException>(() => view.ReadObject<byte>(0));
            }
            view.WriteObject(0, (1L << 53) + 1);
            Check.Throws<InvalidDataException>(() => view.ReadObject<double>(0));
            view.WriteObject(0, 1.5);
            Check.Throws<InvalidDataException>(() => view.ReadObject<int>(0));
            Check.Same(view.ReadObject<float>(0), 1.5f);
            view.Write(6, (byte)0x57);
            Check.That(Check.Throws<InvalidDataException>(() => view.ReadObject(0)).Message.Contains("being written"), "unfinished");
            view.Write(6, (byte)0xC6);
            view.Write(26, (byte)99);
            Check.That(Check.Throws<InvalidDataException>(() => view.ReadObject(0)).Message.Contains("damaged"), "damaged");
            view.WriteEncoded(0, 200, new byte[] { 1, 2, 3 });
            Check.Throws<InvalidDataException>(() => view.ReadObject(0));
            Check.Same(view.ReadEncoded(0, 200)[2], (byte)3);
            Check.Throws<ArgumentException>(() => view.WriteObject(view.Capacity - 24, 7));
            Check.Throws<InvalidDataException>(() => view.ReadObject(1000));
        }
    }
}
