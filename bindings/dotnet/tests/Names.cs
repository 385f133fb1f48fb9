using System;
using System.Diagnostics;
using System.IO;
using Filemap;
using Filemap.MemoryMappedFiles;

static class Names
{
    internal static string New()
    {
        return "dotnet é " + Guid.NewGuid().ToString("N");
    }

    internal static void Run(string folder)
    {
        ANameIsSharedUntilItsLastHolderIsGone();
        AnAccessIsWhatTheRightsGive();
        AFileHasANameAndALength(folder);
        ANameHasHoldersAndPermissions();
        DelayedPagesAreTakenWithTheView();
        TheClassOfOldHasNoLimits(folder);
        ExecutionIsRefusedOverAStream(folder);
    }

    static void ANameIsSharedUntilItsLastHolderIsGone()
    {
        string name = New();
        Check.Throws<FileNotFoundException>(() => MemoryMappedFile.OpenExisting(name));
        var first = MemoryMappedFile.CreateNew(name, 5000);
        Check.Fails(183, () => MemoryMappedFile.CreateNew(name, 5000));
        using (var second = MemoryMappedFile.OpenExisting(name))
        using (var third = MemoryMappedFile.CreateOrOpen(name, 1))
        using (var writer = first.CreateViewAccessor())
        using (var reader = third.CreateViewStream(4000, 100, MemoryMappedFileAccess.Read))
        {
            writer.Write(4003, 0x12345678);
            reader.Position = 3;
            Check.Same(reader.ReadByte(), 0x78);
            Check.Same(second.Length, Check.IsWindows ? 8192L : 5000L);
            Check.Same(writer.Capacity, 8192L);
            first.Dispose();
        }
        Check.Throws<FileNotFoundException>(() => MemoryMappedFile.OpenExisting(name));
        MemoryMappedFile.CreateNew(name, 10).Dispose();
        Check.Throws<ArgumentException>(() => MemoryMappedFile.CreateOrOpen(name, 10, MemoryMappedFileAccess.Write));
    }

    static void AnAccessIsWhatTheRightsGive()
    {
        string name = New();
        using (var made = MemoryMappedFile.CreateNew(name, 100))
        {
            using (var reader = MemoryMappedFile.OpenExisting(name, MemoryMappedFileRights.Read))
            {
                reader.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read).Dispose();
                reader.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite).Dispose();
                Check.Throws<UnauthorizedAccessException>(() => reader.CreateViewAccessor());
            }
            // Wine grants what Windows refuses.
            if (!Check.IsWindows)
            {
                Check.Fails(1314, () => MemoryMappedFile.OpenExisting(name, MemoryMappedFileRights.AccessSystemSecurity));
                Check.Throws<UnauthorizedAccessException>(() => MemoryMappedFile.OpenExisting(name, 0));
            }
            Check.Throws<ArgumentOutOfRangeException>(() => MemoryMappedFile.OpenExisting(name, (MemoryMappedFileRights)0x10));
            using (var writer = MemoryMappedFile.CreateOrOpen(name, 100, MemoryMappedFileAccess.Write))
            using (var view = writer.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Write))
                view.Write(0, 5);
            using (var view = made.CreateViewAccessor())
                Check.Same(view.ReadInt32(0), 5);
        }
        using (var made = MemoryMappedFile.CreateNew(name, 100, MemoryMappedFileAccess.ReadWriteExecute))
        using (var view = made.CreateViewAccessor(0, 0, MemoryMappedFileAccess.ReadExecute))
            Check.That(view.CanRead && !view.CanWrite, "a view to execute is read");
    }

    static void AFileHasANameAndALength(string folder)
    {
        string name = New(), path = Path.Combine(folder, "named");
        File.WriteAllBytes(path, new byte[10000]);
        using (var made = MemoryMappedFile.CreateFromFile(path, FileMode.Open, name, 12345))
        using (var other = MemoryMappedFile.OpenExisting(name))
        using (var view = made.CreateViewAccessor(70, 0))
        using (var last = other.CreateViewAccessor(12344, 1))
        {
            long length = Check.IsWindows ? 16384 : 12345;
            Check.Same(made.Length, length);
            Check.Same(other.Length, length);
            Check.Same(view.Capacity, length - 70);
            view.Write(12274, (byte)9);
            Check.Same(last.ReadByte(0), (byte)9);
            foreach (Flush strength in Enum.GetValues(typeof(Flush)))
                view.Flush(strength);
            Check.Same(new FileInfo(path).Length, 12345L);
            Check.Same(File.Exists(path) && !view.Lost, true);
        }
    }

    static unsafe void ANameHasHoldersAndPermissions()
    {
        string name = New();
        bool made;
        using (var map = MemoryMappedFile.CreateNew(
            name, 100, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.None, HandleInheritability.None, Permissions.ReadByOthers))
        using (new Filemap.Threading.Mutex(false, name + " lock", out made, Permissions.WriteByOthers))
        using (var view = map.CreateViewAccessor())
        {
            if (Check.IsWindows)
            {
                Check.Throws<PlatformNotSupportedException>(() => map.GetHolders());
                Check.Throws<PlatformNotSupportedException>(() => Check.Same(map.Permissions, null));
                return;
            }
            int own = Process.GetCurrentProcess().Id;
            Check.That(Array.IndexOf(map.GetHolders(), own) >= 0, "this process holds the name");
            Check.Same(map.Permissions, Permissions.ReadByOthers);
            using (MemoryMappedFile other = MemoryMappedFile.OpenExisting(name, MemoryMappedFileRights.Read))
                Check.Same(other.Permissions, Permissions.ReadByOthers);
            using (MemoryMappedFile other = MemoryMappedFile.CreateNew(name + " private", 100))
                Check.Same(other.Permissions, Permissions.Private);
            using (MemoryMappedFile nameless = MemoryMappedFile.CreateNew(null, 100))
                Check.Same(nameless.Permissions, Permissions.Private);
            var numbers = new[] { 1, 2, 3, 4 };
            fixed (int* place = numbers)
            {
                view.WriteBytes(7, (byte*)place, 16);
                numbers[2] = 0;
                view.ReadBytes(7, (byte*)place, 16);
            }
            Check.Same(numbers[2], 3);
            Check.Throws<ArgumentNullException>(() => view.ReadBytes(0, null, 1));
        }
    }

    static void DelayedPagesAreTakenWithTheView()
    {
        using (var map = MemoryMappedFile.CreateNew(
            New(), 1 << 20, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.DelayAllocatePages, HandleInheritability.None))
        using (var view = map.CreateViewAccessor())
        {
            view.Write((1 << 20) - 8, 77L);
            Check.Same(view.ReadInt64((1 << 20) - 8), 77L);
        }
    }

    static void TheClassOfOldHasNoLimits(string folder)
    {
        string name = New();
        using (var first = new CMemoryMappedFile(Path.Combine(folder, "old"), name, 200001))
        using (var second = new CMemoryMappedFile(name))
        {
            Check.Same(second.Length, Check.IsWindows ? 200704L : 200001L);
            var large = new byte[150000];
            large[149999] = 5;
            first.Write(large, 3);
            Check.Same(((byte[])second.Read(3))[149999], (byte)5);
            Check.Same(first.Size(large), 150000L + 24 + 5);
            first.Write(large, 10, second.Length - 10);
            Check.Same(second.Read(large, 20, second.Length - 10), 10);
        }
        using (var memory = new CMemoryMappedFile(name, 100))
        {
            memory.Write("text", 0);
            Check.Same(memory.Read<string>(0), "text");
        }
        Check.Throws<FileNotFoundException>(() => new CMemoryMappedFile(name));
    }

    static void ExecutionIsRefusedOverAStream(string folder)
    {
        string path = Path.Combine(folder, "executed");
        File.WriteAllBytes(path, new byte[100]);
        foreach (var access in new[] { MemoryMappedFileAccess.ReadExecute, MemoryMappedFileAccess.ReadWriteExecute })
            Check.Throws<UnauthorizedAccessException>(() => MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, access));
    }
}
