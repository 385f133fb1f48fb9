// Times objects by BinaryFormatter in a mapped file. The file is mapped once, so that the figures
// are the formatter's and not those of views.
//
// Objects FILE; then one line for each measurement, "WHAT READINGS COUNT SEED". The answer is how
// many nanoseconds all of it took.

using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Runtime.Serialization.Formatters.Binary;

[Serializable]
struct Reading
{
    public ulong At;
    public double Value;
    public byte Quality;
}

[Serializable]
class Station
{
    public uint Number;
    public string Name;
    public string Place;
    public double Latitude, Longitude;
    public Reading[] Readings;

    public Station(int readings)
    {
        Number = 4711;
        Name = "north ridge";
        Place = "Zermatt";
        Latitude = 45.97;
        Longitude = 7.66;
        Readings = new Reading[readings];
        for (int index = 0; index < readings; index++)
        {
            Readings[index].At = 1700000000000 + 60000 * (ulong)index;
            Readings[index].Value = 0.25 * index - 17.5;
            Readings[index].Quality = (byte)(index % 100);
        }
    }
}

static unsafe class Objects
{
    static void Main(string[] words)
    {
        Stopwatch watch;
        using (var file = File.Open(words[0], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            long length = file.Length;
            IntPtr mapping = Win32API.CreateFileMapping(
                file, Win32API.FileMapProtection.PageReadWrite, length, null);
            IntPtr view = Win32API.MapViewOfFile(
                mapping, Win32API.FileMapAccess.FileMapWrite, 0, (int)length);
            if (view == IntPtr.Zero)
                throw new Win32Exception();
            Console.WriteLine("ready");
            string line;
            while ((line = Console.ReadLine()) != null)
            {
                string[] parts = line.Split(' ');
                var station = new Station(int.Parse(parts[1]));
                int count = int.Parse(parts[2]);
                Put(view, station);
                if (parts[0] == "put")
                {
                    watch = Stopwatch.StartNew();
                    for (int number = 0; number < count; number++)
                        Put(view, station);
                    watch.Stop();
                }
                else
                {
                    watch = Stopwatch.StartNew();
                    for (int number = 0; number < count; number++)
                        Get(view, length);
                    watch.Stop();
                }
                Console.WriteLine((long)(watch.ElapsedTicks * (1e9 / Stopwatch.Frequency)));
            }
        }
    }

    static void Put(IntPtr view, Station station)
    {
        var bytes = new MemoryStream();
        new BinaryFormatter().Serialize(bytes, station);
        Marshal.Copy(bytes.GetBuffer(), 0, view, (int)bytes.Length);
    }

    static Station Get(IntPtr view, long length)
    {
        var bytes = new UnmanagedMemoryStream((byte*)view, length);
        return (Station)new BinaryFormatter().Deserialize(bytes);
    }
}
