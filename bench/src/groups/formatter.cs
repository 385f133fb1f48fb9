// The base of the group `managed`: objects by BinaryFormatter.
//
// Its arguments are "memory", or "views" for a file of which each access maps a view, how many
// readings an object has, and the file. It reads lines "write 10" or "read 10", which ask for ten of these,
// and answers each with the nanoseconds of one.
using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Serialization.Formatters.Binary;

[Serializable]
class Reading {
    public ulong at;
    public double value;
    public byte quality;
}

[Serializable]
class Station {
    public uint number;
    public string name;
    public string place;
    public double latitude;
    public double longitude;
    public Reading[] readings;
}

unsafe class Program {
    const int View = 1 << 16;

    [DllImport("libc")]
    static extern IntPtr mmap(IntPtr at, IntPtr len, int protection, int flags, int file, IntPtr offset);

    [DllImport("libc")]
    static extern int munmap(IntPtr at, IntPtr len);

    static void Main(string[] arguments) {
        var station = new Station {
            number = 4711, name = "north ridge", place = "Zermatt", latitude = 45.97, longitude = 7.66,
            readings = new Reading[int.Parse(arguments[1])]
        };
        for (int index = 0; index < station.readings.Length; index++)
            station.readings[index] = new Reading {
                at = 1700000000000UL + 60000UL * (ulong)index,
                value = 0.25 * index - 17.5,
                quality = (byte)(index % 100)
            };
        var formatter = new BinaryFormatter();
        var memory = new MemoryStream(View);
        var file = new FileStream(arguments[2], FileMode.Open, FileAccess.ReadWrite);
        bool views = arguments[0] == "views";
        Action<bool> access = writes => {
            // For reading and writing, shared.
            IntPtr view = views
                ? mmap(IntPtr.Zero, (IntPtr)View, 3, 1, (int)file.SafeFileHandle.DangerousGetHandle(), IntPtr.Zero)
                : IntPtr.Zero;
            Stream stream = memory;
            if (views) stream = new UnmanagedMemoryStream((byte*)view, View, View, FileAccess.ReadWrite);
            stream.Position = 0;
            if (writes) formatter.Serialize(stream, station);
            else formatter.Deserialize(stream);
            if (views) munmap(view, (IntPtr)View);
        };
        access(true);
        Console.WriteLine("ready");
        for (string line; (line = Console.ReadLine()) != null;) {
            string[] words = line.Split(' ');
            int count = int.Parse(words[1]);
            var clock = Stopwatch.StartNew();
            for (int turn = 0; turn < count; turn++) access(words[0] == "write");
            double each = clock.Elapsed.TotalMilliseconds * 1e6 / count;
            Console.WriteLine(each.ToString("F1", System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
