// How long one access takes, over the class library's file-backed accessor and over Filemap's, in one run:
// the smallest of several rounds, in nanoseconds, and the ratio of the two.

using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using Bcl = System.IO.MemoryMappedFiles;
using Ours = Filemap.MemoryMappedFiles;

static unsafe class Bench
{
    [DllImport("filemap", EntryPoint = "GetCurrentThreadId")]
    static extern uint Nothing();
    [DllImport("filemap", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern IntPtr CreateFileMappingW(IntPtr file, IntPtr security, uint protection, uint high, uint low, string name);
    [DllImport("filemap", SetLastError = true)]
    static extern IntPtr MapViewOfFile(IntPtr mapping, uint access, uint high, uint low, UIntPtr length);
    [DllImport("filemap", SetLastError = true)]
    static extern int UnmapViewOfFile(IntPtr address);
    [DllImport("filemap", SetLastError = true)]
    static extern int CloseHandle(IntPtr handle);
    [DllImport("filemap", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern IntPtr CreateMutexW(IntPtr security, int owned, string name);
    [DllImport("filemap", SetLastError = true)]
    static extern uint WaitForSingleObject(IntPtr handle, uint milliseconds);
    [DllImport("filemap", SetLastError = true)]
    static extern int ReleaseMutex(IntPtr handle);

    static long sum;

    static double Once(Action<int> body, int count)
    {
        var watch = Stopwatch.StartNew();
        body(count);
        return watch.Elapsed.TotalMilliseconds * 1e6 / count;
    }

    static bool missed;

    /// <summary>Times both in turns, so that what else the machine does is in both.</summary>
    static void Compare(string what, double limit, int count, Action<int> other, Action<int> own)
    {
        double theirs = double.MaxValue, ours = double.MaxValue;
        foreach (Action<int> body in new[] { other, own, other, own })
        {
            // Until the runtime has compiled it once more.
            body(Math.Min(count, 2000));
            System.Threading.Thread.Sleep(100);
        }
        for (int round = 0; round < 25; round++)
        {
            theirs = Math.Min(theirs, Once(other, count));
            ours = Math.Min(ours, Once(own, count));
        }
        double ratio = ours / theirs;
        missed |= ratio > limit;
        Console.WriteLine(string.Format(System.Globalization.CultureInfo.InvariantCulture,
            "{0,-28} {1,12:F1} {2,12:F1} {3,7:F3}  at most {4:F2} {5}", what, theirs, ours, ratio, limit, ratio > limit ? "MISSED" : ""));
    }

    static int Main(string[] arguments)
    {
        bool mono = Type.GetType("Mono.Runtime") != null;
        const int size = 2 << 20;
        string path = arguments[0];
        File.WriteAllBytes(path, new byte[size]);
        var theirs = Bcl.MemoryMappedFile.CreateFromFile(path, FileMode.Open).CreateViewAccessor(0, size);
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var mapping = Ours.MemoryMappedFile.CreateFromFile(file, null, 0, Ours.MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true);
        var ours = mapping.CreateViewAccessor(0, size);
        const int many = 300000;
        Compare("ReadInt64", mono ? 1.8 : 0.9, many,
            n => { for (int i = 0; i < n; i++) sum += theirs.ReadInt64((i & 1023) * 8); },
            n => { for (int i = 0; i < n; i++) sum += ours.ReadInt64((i & 1023) * 8); });
        Compare("Read<long>", mono ? 1.2 : 0.9, many,
            n => { long v; for (int i = 0; i < n; i++) { theirs.Read((i & 1023) * 8, out v); sum += v; } },
            n => { long v; for (int i = 0; i < n; i++) { ours.Read((i & 1023) * 8, out v); sum += v; } });
        var array = new byte[4096];
        Compare("ReadArray<byte> 4 KiB", 0.06, 2000,
            n => { for (int i = 0; i < n; i++) sum += theirs.ReadArray((i & 255) * 4096, array, 0, 4096); },
            n => { for (int i = 0; i < n; i++) sum += ours.ReadArray((i & 255) * 4096, array, 0, 4096); });
        var theirStream = Bcl.MemoryMappedFile.CreateFromFile(
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), null, 0,
            Bcl.MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, false).CreateViewStream();
        var ourStream = mapping.CreateViewStream();
        foreach (int length in new[] { 4096, 1 << 20 })
        {
            var bytes = new byte[length];
            int count = length == 4096 ? 50000 : 100;
            Compare("stream read " + length, 1.1, count,
                n => { for (int i = 0; i < n; i++) { theirStream.Position = 0; sum += theirStream.Read(bytes, 0, length); } },
                n => { for (int i = 0; i < n; i++) { ourStream.Position = 0; sum += ourStream.Read(bytes, 0, length); } });
            Compare("stream write " + length, 1.1, count,
                n => { for (int i = 0; i < n; i++) { theirStream.Position = 0; theirStream.Write(bytes, 0, length); } },
                n => { for (int i = 0; i < n; i++) { ourStream.Position = 0; ourStream.Write(bytes, 0, length); } });
        }
        string name = Guid.NewGuid().ToString("N");
        Compare("CreateOrOpen, view, dispose", 1.3, 300,
            n =>
            {
                for (int i = 0; i < n; i++)
                {
                    IntPtr made = CreateFileMappingW(new IntPtr(-1), IntPtr.Zero, 4, 0, 4096, name);
                    IntPtr view = MapViewOfFile(made, 6, 0, 0, UIntPtr.Zero);
                    UnmapViewOfFile(view);
                    CloseHandle(made);
                }
            },
            n =>
            {
                for (int i = 0; i < n; i++)
                    using (var made = Ours.MemoryMappedFile.CreateOrOpen(name, 4096))
                        made.CreateViewAccessor().Dispose();
            });
        IntPtr native = CreateMutexW(IntPtr.Zero, 0, null);
        var mutex = new Filemap.Threading.Mutex(false);
        Compare("Mutex WaitOne, Release", 1.3, 100000,
            n => { for (int i = 0; i < n; i++) { Nothing(); Nothing(); WaitForSingleObject(native, 0xFFFFFFFF); ReleaseMutex(native); } },
            n => { for (int i = 0; i < n; i++) { mutex.WaitOne(); mutex.ReleaseMutex(); } });
        return missed && arguments.Length > 1 ? 1 : 0;
    }
}
