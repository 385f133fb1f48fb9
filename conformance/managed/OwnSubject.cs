// The subject of the cases for the class of this project.

using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Threading;

sealed class Subject : SharedFile
{
    public const long LengthByFile = 5L << 30, LengthByName = LengthByFile;

    public static readonly long[] Far =
    {
        0x7fff0000, 0x7ffffff0, 0x80000100, 0xfffffffe, 0x100000101, LengthByFile - 100,
    };

    public Subject(string fileName, string name) : this(fileName, name, LengthByFile) { }

    public Subject(string fileName, string name, long length) : base(fileName, name, length)
    {
        AllowValues();
    }

    public Subject(string name) : base(name)
    {
        AllowValues();
    }

    void AllowValues()
    {
        foreach (var type in Values.Types)
            Allow(type);
    }

    public static void CheckDisposed(Subject file)
    {
        Check.Throws<ObjectDisposedException>("a write after the end", () => file.Write(1, 0));
        Check.Throws<ObjectDisposedException>("a read after the end", () => file.Read(0));
    }

    public static void Limits(string fileName, string name)
    {
        File.WriteAllBytes(fileName, new byte[] { 1, 2, 3 });
        using (var file = new Subject(fileName, name, 2000000))
        {
            long length = file.Length;
            Check.Equal(true, length >= 2000000 && length % 4096 == 0, "whole pages");
            Check.Equal(length, new FileInfo(fileName).Length, "the file is as long");
            Check.Equal(new byte[] { 1, 2, 3, 0 }, Cases.ReadBytes(file, 4, 0), "what was there");

            var large = new byte[1000000];
            large[999999] = 7;
            file.Write(large, 70001);
            Check.Equal(large, file.Read(70001), "an object larger than a granule");
            file.Flush();

            Cases.Pattern(3).CopyTo(large, 0);
            Check.Throws<ArgumentOutOfRangeException>("an object past the end", () => file.Write(large, length - 999999));
            Check.Throws<ArgumentOutOfRangeException>("bytes past the end", () => file.Write(large, 11, length - 10));
            Check.Throws<ArgumentOutOfRangeException>("a negative offset", () => file.Write(large, 1, -1));
            Check.Throws<ArgumentOutOfRangeException>("an offset past the end", () => file.Read(large, 1, length + 1));
            Check.Throws<ArgumentOutOfRangeException>("more than the buffer has", () => file.Write(large, large.Length + 1, 0));
            Check.Equal(new byte[10], Cases.ReadBytes(file, 10, length - 10), "nothing of it was written");
            file.Write(large, 10, length - 10);
            Check.Equal(10, file.Read(large, 100, length - 10), "what there is up to the end");
            Check.Equal(0, file.Read(large, 100, length), "nothing at the end");

            Check.Throws<SerializationException>("no object where none was written", () => file.Read(1700000));
            file.Write(new Version(1, 2), 0);
            Check.Throws<SerializationException>("an object of a type that nobody allowed", () => file.Read(0));
            file.Allow(typeof(Version));
            Check.Equal(new Version(1, 2), file.Read(0), "an object of a type that is allowed now");

            CheckThreads(file);

            using (var second = new Subject(fileName, name, 10000000))
            {
                Check.Equal(length, second.Length, "the mapping that exists keeps its size");
                second.Allow(typeof(Version));
                Check.Equal(new Version(1, 2), second.Read(0), "the bytes that the first wrote");
            }
        }
        Check.Code(2, "the name is free", () => new Subject(name));

        // In a thread of its own, so that no reference to the object is left on a stack.
        var careless = new Thread(() => Forget(fileName, name));
        careless.Start();
        careless.Join();
        for (int round = 0; ; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            try
            {
                new Subject(name).Dispose();
                if (round == 1000)
                    throw new Exception("an object that nobody disposed of keeps the name");
                Thread.Sleep(1);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                break;
            }
        }
        Check.Code(2, "what nobody disposed of is freed", () => new Subject(name));
        Functions.Try(name);
    }

    // Each has its own bytes in a common page, and objects in granules that others use as well.
    static void CheckThreads(Subject file)
    {
        var threads = new Thread[4];
        int failed = 0;
        for (int index = 0; index < threads.Length; index++)
        {
            int own = index;
            threads[own] = new Thread(() =>
            {
                for (int round = 0; round < 50; round++)
                {
                    file.Write(own * 1000 + round, 1200000 + own * 100);
                    file.Write(Cases.Pattern(own + round), 1300001 + own * 70000);
                    if (!file.Read(1200000 + own * 100).Equals(own * 1000 + round)
                        || ((byte[])file.Read(1300001 + own * 70000))[9] != Cases.Pattern(own + round)[9])
                        Interlocked.Increment(ref failed);
                }
            });
            threads[own].Start();
        }
        foreach (var thread in threads)
            thread.Join();
        Check.Equal(0, failed, "rounds in which a thread read what it had not written");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Forget(string fileName, string name)
    {
        new Subject(fileName, name, 1).Write(1, 0);
    }
}
