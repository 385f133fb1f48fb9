using System;
using System.IO;
using System.Threading;
using Filemap;
using Filemap.MemoryMappedFiles;

static class Losses
{
    struct Large { public long A, B, C; }

    internal static void Run(string folder)
    {
        ACutFileIsAnException(folder);
        APointerReadsZerosWhereItIsChosen(folder);
        AClosedViewIsNeverTouched();
    }

    static unsafe void APointerReadsZerosWhereItIsChosen(string folder)
    {
        string path = Path.Combine(folder, "zeros");
        var bytes = new byte[16384];
        for (int index = 0; index < bytes.Length; index++)
            bytes[index] = 7;
        File.WriteAllBytes(path, bytes);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        using (var map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
        using (var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read, OnLoss.Zeros))
        {
            byte* place = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref place);
            try
            {
                Check.Same(place[9000], (byte)7);
                file.SetLength(4096);
                Check.Same(view.GetLostRanges().Length, 0);
                Check.Same(place[9000], (byte)0);
                var lost = view.GetLostRanges();
                Check.That(lost.Length == 1 && lost[0].Offset <= 9000 && lost[0].Offset + lost[0].Length > 9000 && lost[0].Since != null,
                    "the page is told");
                file.SetLength(16384);
                Check.Same(view.Restore().Length, 1);
                Check.Same(view.GetLostRanges().Length, 0);
                // The method of the base class goes by the address as well.
                Check.Same(((UnmanagedMemoryAccessor)view).ReadByte(100), (byte)7);
            }
            finally
            {
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }
            Check.Throws<ArgumentOutOfRangeException>(() => map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read, (OnLoss)7));
        }
    }

    static void ACutFileIsAnException(string folder)
    {
        const int length = 3 * 65536;
        string path = Path.Combine(folder, "cut");
        File.WriteAllBytes(path, new byte[length]);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        using (var map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
        using (var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
        using (var stream = map.CreateViewStream(65536, 0, MemoryMappedFileAccess.Read))
        {
            var writer = map.CreateViewAccessor();
            int found = 0;
            var readers = new Thread[4];
            for (int index = 0; index < readers.Length; index++)
                (readers[index] = new Thread(delegate()
                {
                    // Reads until the file is cut under it.
                    try
                    {
                        while (true)
                            view.ReadInt64(length - 8);
                    }
                    catch (IOException error)
                    {
                        if (error.HResult == unchecked((int)0x800703E7))
                            Interlocked.Increment(ref found);
                    }
                })).Start();
            // Somebody who knows nothing of this library: the stream itself would be refused on Windows alone.
            file.SetLength(100);
            foreach (Thread reader in readers)
                reader.Join();
            Check.Same(found, readers.Length);
            Check.That(view.Lost && stream.Lost, "it is lost");
            Check.Same(view.ReadInt32(0), 0);
            const int code = 999;
            Large large;
            Check.Fails(code, () => view.ReadByte(70000));
            Check.Fails(code, () => view.ReadDecimal(70000));
            Check.Fails(code, () => view.Read(70000, out large));
            Check.Fails(code, () => view.ReadArray(0, new byte[length], 0, length));
            Check.Fails(code, () => view.ReadArray(70000, new int[10], 0, 10));
            Check.Fails(code, () => view.ReadObject(70000));
            Check.Fails(code, () => stream.ReadByte());
            Check.Fails(code, () => stream.Read(new byte[10], 0, 10));
            Check.Same(stream.Position, 0L);
            Check.Fails(code, () => writer.Write(70000, 5));
            Check.Fails(code, () => writer.WriteArray(70000, new byte[100], 0, 100));
            Check.Fails(code, () => writer.WriteObject(70000, 5));
            // What was written there is not in the file: whoever closes the view is told.
            Check.Fails(code, () => writer.Dispose());
            Check.Throws<ObjectDisposedException>(() => writer.ReadByte(0));
            // The runtime's own handling of faults is as it was.
            string nothing = view.CanWrite ? "" : null;
            Check.Throws<NullReferenceException>(() => Check.Same(nothing.Length, 0));
        }
    }

    /// <summary>Views are closed under threads that use them.</summary>
    internal static void AClosedViewIsNeverTouched()
    {
        double seconds = double.Parse(
            Environment.GetEnvironmentVariable("FILEMAP_SECONDS") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
        DateTime end = DateTime.UtcNow.AddSeconds(seconds);
        int closed = 0, wrong = 0;
        using (var map = MemoryMappedFile.CreateNew(null, 65536))
            while (DateTime.UtcNow < end)
            {
                var view = map.CreateViewAccessor();
                var stream = map.CreateViewStream();
                var threads = new Thread[3];
                for (int index = 0; index < threads.Length; index++)
                {
                    int which = index;
                    (threads[index] = new Thread(delegate()
                    {
                        var bytes = new byte[4096];
                        try
                        {
                            for (int at = 0; ; at = (at + 8) % 32768)
                            {
                                if (which == 0)
                                    view.Write(at, view.ReadInt64(at) + 1);
                                else if (which == 1)
                                    view.ReadArray(at, bytes, 0, bytes.Length);
                                else
                                {
                                    stream.Position = at;
                                    stream.Read(bytes, 0, bytes.Length);
                                }
                            }
                        }
                        catch (ObjectDisposedException)
                        {
                            Interlocked.Increment(ref closed);
                        }
                        catch (Exception error)
                        {
                            Console.WriteLine(error);
                            Interlocked.Increment(ref wrong);
                        }
                    })).Start();
                }
                Thread.Yield();
                view.Dispose();
                stream.Dispose();
                foreach (Thread thread in threads)
                    thread.Join();
            }
        Check.That(closed > 0 && wrong == 0, "threads are told that a view is closed");
    }
}
