using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;
using Filemap.MemoryMappedFiles;
using EventWaitHandle = Filemap.Threading.EventWaitHandle;
using Mutex = Filemap.Threading.Mutex;

/// <summary>What a second process does.</summary>
static class Roles
{
    static unsafe void Die(string path)
    {
        File.WriteAllBytes(path, new byte[16384]);
        using (var file = new FileStream(path, FileMode.Open))
        using (var map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
        using (var view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
        {
            file.SetLength(0);
            byte* place = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref place);
            Console.WriteLine("not dead: " + *place);
        }
    }

    static void Grow(string path)
    {
        using (FileStream file = Opened(path))
        using (var map = MemoryMappedFile.CreateFromFile(
            file, null, 300000, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
        using (var view = map.CreateViewAccessor(299992, 8))
            view.Write(0, 77L);
    }

    internal static FileStream Opened(string path)
    {
        return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    internal static void Play(string[] arguments)
    {
        string name = arguments[1];
        switch (arguments[0])
        {
            case "hold":
                bool made;
                using (var map = MemoryMappedFile.CreateNew(name, 4096))
                using (var mutex = new Mutex(true, name + " lock", out made))
                using (var view = map.CreateViewAccessor())
                {
                    view.Write(8, 0x1122334455667788);
                    view.WriteObject(100, new Dictionary<string, int> { { "one", 1 } });
                    Console.WriteLine("holding");
                    Console.ReadLine();
                }
                return;
            case "answer":
                using (var map = MemoryMappedFile.OpenExisting(name))
                using (var view = map.CreateViewAccessor())
                using (var asked = EventWaitHandle.OpenExisting(name + " asked"))
                using (var answered = EventWaitHandle.OpenExisting(name + " answered"))
                    for (int turn = 0; turn < 1000; turn++)
                    {
                        asked.WaitOne();
                        view.Write(0, view.ReadInt32(0) + 1);
                        answered.Set();
                    }
                return;
            case "die":
                Die(arguments[1]);
                return;
            case "grow":
                Grow(arguments[1]);
                return;
            case "writer":
                // Changes a file under a name until it is killed.
                using (var map = MemoryMappedFile.CreateFromFile(arguments[2], FileMode.Open, name))
                using (var stream = map.CreateViewStream())
                {
                    var bytes = new byte[stream.Length];
                    Console.WriteLine("writing");
                    for (byte value = 0; ; value++)
                    {
                        for (int index = 0; index < bytes.Length; index++)
                            bytes[index] = value;
                        stream.Position = 0;
                        stream.Write(bytes, 0, bytes.Length);
                    }
                }
        }
        throw new ArgumentException(arguments[0]);
    }
}

static class Processes
{
    internal static void Run(string folder)
    {
        AKilledHolderLeavesNoName();
        TwoProcessesTakeTurns();
        AKilledWriterLeavesTheFile(folder);
        if (Check.IsWindows)
            return;
        TheCommandSeesTheName();
        GrowthByAnotherProcessShows(folder);
        TheRuntimeTellsOfADeathByAPointer(folder);
    }

    static void GrowthByAnotherProcessShows(string folder)
    {
        string name = Names.New(), path = Path.Combine(folder, "growing");
        File.WriteAllBytes(path, new byte[100000]);
        using (FileStream file = Roles.Opened(path))
        using (var map = MemoryMappedFile.CreateFromFile(
            file, name, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, true))
        using (MemoryMappedFile other = MemoryMappedFile.OpenExisting(name))
        {
            Check.That(map.Length == 100000 && other.Length == 100000, "it is as long as it was made");
            Check.Throws<UnauthorizedAccessException>(() => other.CreateViewAccessor(299992, 8));
            using (var partner = new Partner("grow", path))
                partner.End();
            Check.That(map.Length == 300000 && other.Length == 300000, "the growth shows");
            foreach (MemoryMappedFile one in new[] { map, other })
                using (MemoryMappedViewAccessor view = one.CreateViewAccessor(299992, 8), whole = one.CreateViewAccessor())
                {
                    Check.Same(view.ReadInt64(0), 77L);
                    Check.Same(whole.Capacity, 100000L);
                }
        }
    }

    static void TheRuntimeTellsOfADeathByAPointer(string folder)
    {
        DirectoryInfo place = Directory.CreateDirectory(Path.Combine(folder, "dead"));
        using (var partner = new Partner(place, new[] { "die", Path.Combine(folder, "dying") }))
        {
            string said;
            int code = partner.Complaint(out said);
            Check.That(code == 134, "it ends by its own abort, not by the signal: " + code + said);
            Check.That(said.Contains("Die") && !said.Contains("not dead"), "its report has the stack: " + said);
        }
        Environment.SetEnvironmentVariable("FILEMAP_ON_LOSS", "zeros");
        using (var partner = new Partner(place, new[] { "die", Path.Combine(folder, "living") }))
        {
            string said;
            int code = partner.Complaint(out said);
            Check.That(code == 0 && said.Contains("not dead: 0"), "it is chosen outside: " + code + said);
        }
        Environment.SetEnvironmentVariable("FILEMAP_ON_LOSS", null);
    }

    static void AKilledHolderLeavesNoName()
    {
        string name = Names.New();
        using (var partner = new Partner("hold", name))
        {
            partner.Hear("holding");
            using (Mutex mutex = Mutex.OpenExisting(name + " lock"))
            {
                using (MemoryMappedFile map = MemoryMappedFile.OpenExisting(name))
                using (MemoryMappedViewAccessor view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
                {
                    Check.Same(view.ReadInt64(8), 0x1122334455667788);
                    Check.Same(view.ReadObject<Dictionary<string, int>>(100)["one"], 1);
                    if (!Check.IsWindows)
                        Check.That(Array.IndexOf(map.GetHolders(), partner.Id) >= 0, "the other process holds the name");
                    Check.That(!mutex.WaitOne(0), "it owns the mutex");
                    partner.Kill();
                    Check.Same(view.ReadInt64(8), 0x1122334455667788);
                }
                Check.Throws<FileNotFoundException>(() => MemoryMappedFile.OpenExisting(name));
                Check.Throws<AbandonedMutexException>(() => mutex.WaitOne(10000));
                mutex.ReleaseMutex();
                Check.That(mutex.WaitOne(0), "it is told once");
                mutex.ReleaseMutex();
            }
            Mutex none;
            Check.That(!Mutex.TryOpenExisting(name + " lock", out none), "the mutex is gone");
        }
    }

    static void TwoProcessesTakeTurns()
    {
        string name = Names.New();
        using (var map = MemoryMappedFile.CreateNew(name, 4096))
        using (var view = map.CreateViewAccessor())
        using (var asked = new EventWaitHandle(false, EventResetMode.AutoReset, name + " asked"))
        using (var answered = new EventWaitHandle(false, EventResetMode.AutoReset, name + " answered"))
        using (var partner = new Partner("answer", name))
        {
            for (int turn = 0; turn < 1000; turn++)
            {
                asked.Set();
                Check.That(answered.WaitOne(60000), "the other process answers");
            }
            Check.Same(view.ReadInt32(0), 1000);
            partner.End();
        }
    }

    static void AKilledWriterLeavesTheFile(string folder)
    {
        string name = Names.New(), path = Path.Combine(folder, "written");
        File.WriteAllBytes(path, new byte[100000]);
        using (var partner = new Partner("writer", name, path))
        {
            partner.Hear("writing");
            using (MemoryMappedFile map = MemoryMappedFile.OpenExisting(name))
            using (MemoryMappedViewAccessor view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
            {
                while (view.ReadByte(99999) < 3)
                    Thread.Yield();
                partner.Kill();
            }
        }
        Check.Throws<FileNotFoundException>(() => MemoryMappedFile.OpenExisting(name));
        Check.Same(new FileInfo(path).Length, 100000L);
    }

    static void TheCommandSeesTheName()
    {
        string command = Environment.GetEnvironmentVariable("FILEMAP_COMMAND");
        if (command == null)
            return;
        string name = Names.New();
        using (var map = MemoryMappedFile.CreateNew(name, 4096))
        using (var view = map.CreateViewAccessor())
        {
            view.WriteObject(0, new object[] { "from C#", 5 });
            Check.Same(Run(command, "get \"" + name + "\"").Replace("\n", "").Replace(" ", ""), "[\"fromC#\",5]");
            Run(command, "put --offset 0 \"" + name + "\" \"{\\\"from\\\": \\\"Rust\\\", \\\"n\\\": [1, 2.5]}\"");
            var read = (Dictionary<object, object>)view.ReadObject(0);
            Check.Same(read["from"] + " " + ((object[])read["n"])[0], "Rust 1");
        }
    }

    static string Run(string command, string arguments)
    {
        using (Process process = Process.Start(new ProcessStartInfo(command, arguments)
            { UseShellExecute = false, RedirectStandardOutput = true }))
        {
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Check.Same(process.ExitCode, 0);
            return output;
        }
    }
}
