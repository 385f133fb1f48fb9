using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>Memory, or a file, that processes share under a name.</summary>
    /// <remarks>
    /// Like System.IO.MemoryMappedFiles.MemoryMappedFile on Windows, and on Linux as well. A name is free
    /// when its last holder has disposed of it, or was killed.
    /// </remarks>
    public partial class MemoryMappedFile : IDisposable
    {
        const int DefaultSize = 0;

        readonly SafeMemoryMappedFileHandle handle;
        readonly FileStream file;
        readonly bool leaveOpen;

        MemoryMappedFile(SafeMemoryMappedFileHandle handle, FileStream file, bool leaveOpen)
        {
            this.handle = handle;
            this.file = file;
            this.leaveOpen = leaveOpen;
        }

        /// <summary>Opens a name to read and to write.</summary>
        /// <exception cref="FileNotFoundException">No process holds the name.</exception>
        public static MemoryMappedFile OpenExisting(string mapName)
        {
            return OpenExisting(mapName, MemoryMappedFileRights.ReadWrite, HandleInheritability.None);
        }

        /// <summary>Opens a name for what the rights say.</summary>
        public static MemoryMappedFile OpenExisting(string mapName, MemoryMappedFileRights desiredAccessRights)
        {
            return OpenExisting(mapName, desiredAccessRights, HandleInheritability.None);
        }

        /// <summary>Opens a name for what the rights say; children may inherit the handle.</summary>
        public static MemoryMappedFile OpenExisting(
            string mapName, MemoryMappedFileRights desiredAccessRights, HandleInheritability inheritability)
        {
            if (mapName == null)
                throw new ArgumentNullException("mapName");
            if (mapName.Length == 0)
                throw new ArgumentException("A name has at least one character.", "mapName");
            CheckInheritability(inheritability);
            const MemoryMappedFileRights all = MemoryMappedFileRights.FullControl | MemoryMappedFileRights.AccessSystemSecurity;
            if ((desiredAccessRights & ~all) != 0)
                throw new ArgumentOutOfRangeException("desiredAccessRights");
            IntPtr opened = Open((uint)desiredAccessRights, inheritability, mapName);
            if (opened == IntPtr.Zero)
                throw Failure.Last("open the mapping `" + mapName + "`");
            return new MemoryMappedFile(new SafeMemoryMappedFileHandle(opened), null, false);
        }

        /// <summary>Maps a file that exists, as long as it is.</summary>
        public static MemoryMappedFile CreateFromFile(string path)
        {
            return CreateFromFile(path, FileMode.Open, null, DefaultSize, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a file, as long as it is.</summary>
        public static MemoryMappedFile CreateFromFile(string path, FileMode mode)
        {
            return CreateFromFile(path, mode, null, DefaultSize, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a file under a name, as long as it is.</summary>
        public static MemoryMappedFile CreateFromFile(string path, FileMode mode, string mapName)
        {
            return CreateFromFile(path, mode, mapName, DefaultSize, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a file under a name; it grows to the capacity.</summary>
        public static MemoryMappedFile CreateFromFile(string path, FileMode mode, string mapName, long capacity)
        {
            return CreateFromFile(path, mode, mapName, capacity, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a file under a name for an access; it grows to the capacity.</summary>
        public static MemoryMappedFile CreateFromFile(
            string path, FileMode mode, string mapName, long capacity, MemoryMappedFileAccess access)
        {
            return CreateFromFile(path, mode, mapName, capacity, access, Permissions.Private);
        }

        /// <summary>Maps a file under a name that other users may open as the permissions say.</summary>
        public static MemoryMappedFile CreateFromFile(
            string path, FileMode mode, string mapName, long capacity, MemoryMappedFileAccess access, Permissions permissions)
        {
            if (path == null)
                throw new ArgumentNullException("path");
            CheckName(mapName);
            if (capacity < 0)
                throw new ArgumentOutOfRangeException("capacity", "A positive number, or 0 for the file's length, is required.");
            CheckMade(access);
            if (mode == FileMode.Append)
                throw new ArgumentException("A file is not mapped to append to it.", "mode");
            if (mode == FileMode.Truncate)
                throw new ArgumentException("A file is not mapped that was just made empty.", "mode");
            bool existed = mode != FileMode.CreateNew && File.Exists(path);
            var stream = new FileStream(path, mode, Words.OfFile(access), FileShare.Read, 0x1000, FileOptions.None);
            try
            {
                long length = stream.Length;
                capacity = CheckCapacity(capacity, length, access);
                return new MemoryMappedFile(
                    Create(stream.SafeFileHandle, mapName, HandleInheritability.None, access, 0, capacity, permissions), stream, false);
            }
            catch
            {
                stream.Dispose();
                if (!existed)
                    File.Delete(path);
                throw;
            }
        }

        /// <summary>Maps an open file under a name; it grows to the capacity.</summary>
        public static MemoryMappedFile CreateFromFile(
            FileStream fileStream, string mapName, long capacity, MemoryMappedFileAccess access,
            HandleInheritability inheritability, bool leaveOpen)
        {
            if (fileStream == null)
                throw new ArgumentNullException("fileStream");
            CheckName(mapName);
            if (capacity < 0)
                throw new ArgumentOutOfRangeException("capacity", "A positive number, or 0 for the file's length, is required.");
            CheckMade(access);
            CheckInheritability(inheritability);
            long length = fileStream.Length;
            capacity = CheckCapacity(capacity, length, access);
            fileStream.Flush();
            return new MemoryMappedFile(
                Create(fileStream.SafeFileHandle, mapName, inheritability, access, 0, capacity, Permissions.Private), fileStream, leaveOpen);
        }
#if NET8_0_OR_GREATER
        /// <summary>Maps an open file under a name; it grows to the capacity.</summary>
        public static MemoryMappedFile CreateFromFile(
            SafeFileHandle fileHandle, string mapName, long capacity, MemoryMappedFileAccess access,
            HandleInheritability inheritability, bool leaveOpen)
        {
            if (fileHandle == null)
                throw new ArgumentNullException(nameof(fileHandle));
            CheckName(mapName);
            if (capacity < 0)
                throw new ArgumentOutOfRangeException(nameof(capacity));
            CheckMade(access);
            CheckInheritability(inheritability);
            FileAccess opened = access == MemoryMappedFileAccess.Read ? FileAccess.Read : FileAccess.ReadWrite;
            var stream = new FileStream(fileHandle, opened, 0);
            capacity = CheckCapacity(capacity, stream.Length, access);
            SafeMemoryMappedFileHandle made =
                Create(stream.SafeFileHandle, mapName, inheritability, access, 0, capacity, Permissions.Private);
            if (leaveOpen)
                GC.SuppressFinalize(stream);
            return new MemoryMappedFile(made, stream, leaveOpen);
        }
#endif

        /// <summary>Makes memory under a name, or without one.</summary>
        /// <exception cref="IOException">The name exists.</exception>
        public static MemoryMappedFile CreateNew(string mapName, long capacity)
        {
            return CreateNew(mapName, capacity, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.None, HandleInheritability.None);
        }

        /// <summary>Makes memory under a name for an access.</summary>
        public static MemoryMappedFile CreateNew(string mapName, long capacity, MemoryMappedFileAccess access)
        {
            return CreateNew(mapName, capacity, access, MemoryMappedFileOptions.None, HandleInheritability.None);
        }

        /// <summary>Makes memory under a name for an access; children may inherit the handle.</summary>
        public static MemoryMappedFile CreateNew(
            string mapName, long capacity, MemoryMappedFileAccess access, MemoryMappedFileOptions options,
            HandleInheritability inheritability)
        {
            return CreateNew(mapName, capacity, access, options, inheritability, Permissions.Private);
        }

        /// <summary>Makes memory under a name that other users may open as the permissions say.</summary>
        public static MemoryMappedFile CreateNew(
            string mapName, long capacity, MemoryMappedFileAccess access, MemoryMappedFileOptions options,
            HandleInheritability inheritability, Permissions permissions)
        {
            CheckMemory(mapName, capacity, access, options, inheritability);
            if (access == MemoryMappedFileAccess.Write)
                throw new ArgumentException("A mapping that only writes can be opened, and not made.", "access");
            return new MemoryMappedFile(
                Create(null, mapName, inheritability, access, options, capacity, permissions), null, false);
        }

        /// <summary>Makes memory under a name, or opens what has the name.</summary>
        public static MemoryMappedFile CreateOrOpen(string mapName, long capacity)
        {
            return CreateOrOpen(mapName, capacity, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.None, HandleInheritability.None);
        }

        /// <summary>Makes memory under a name for an access, or opens what has the name.</summary>
        public static MemoryMappedFile CreateOrOpen(string mapName, long capacity, MemoryMappedFileAccess access)
        {
            return CreateOrOpen(mapName, capacity, access, MemoryMappedFileOptions.None, HandleInheritability.None);
        }

        /// <summary>Makes memory under a name, or opens what has the name; children may inherit the handle.</summary>
        public static MemoryMappedFile CreateOrOpen(
            string mapName, long capacity, MemoryMappedFileAccess access, MemoryMappedFileOptions options,
            HandleInheritability inheritability)
        {
            return CreateOrOpen(mapName, capacity, access, options, inheritability, Permissions.Private);
        }

        /// <summary>Makes memory under a name that other users may open as the permissions say, or opens what has the name.</summary>
        public static MemoryMappedFile CreateOrOpen(
            string mapName, long capacity, MemoryMappedFileAccess access, MemoryMappedFileOptions options,
            HandleInheritability inheritability, Permissions permissions)
        {
            if (mapName == null)
                throw new ArgumentNullException("mapName");
            if (mapName.Length == 0)
                throw new ArgumentException("A name has at least one character.", "mapName");
            CheckMemory(mapName, capacity, access, options, inheritability);
            IntPtr opened;
            if (access == MemoryMappedFileAccess.Write)
            {
                opened = Open(Words.OfView(access), inheritability, mapName);
                if (opened == IntPtr.Zero && Marshal.GetLastWin32Error() == Native.FileNotFound)
                    throw new ArgumentException("A mapping that only writes can be opened, and not made.", "access");
                if (opened == IntPtr.Zero)
                    throw Failure.Last("open the mapping `" + mapName + "`");
                return new MemoryMappedFile(new SafeMemoryMappedFileHandle(opened), null, false);
            }
            // A name that may be opened and not made anew, and that goes between the two calls, is tried again.
            for (int wait = 0, tries = 14; ; tries--)
            {
                int code;
                opened = Make(IntPtr.Zero, mapName, inheritability, access, options, capacity, permissions, out code);
                if (opened != IntPtr.Zero)
                    break;
                if (code != Native.AccessDenied)
                    throw Failure.Of(code, "make the mapping `" + mapName + "`");
                opened = Open(Words.OfView(access), inheritability, mapName);
                if (opened != IntPtr.Zero)
                    break;
                code = Marshal.GetLastWin32Error();
                if (code != Native.FileNotFound)
                    throw Failure.Of(code, "open the mapping `" + mapName + "`");
                if (tries == 0)
                    throw new InvalidOperationException("The mapping `" + mapName + "` can be neither made nor opened.");
                Thread.Sleep(wait);
                wait = wait == 0 ? 10 : wait * 2;
            }
            return new MemoryMappedFile(new SafeMemoryMappedFileHandle(opened), null, false);
        }

        /// <summary>Gets the handle, which keeps the name.</summary>
        public SafeMemoryMappedFileHandle SafeMemoryMappedFileHandle
        {
            get { return handle; }
        }

        /// <summary>Maps all of it as a stream.</summary>
        public MemoryMappedViewStream CreateViewStream()
        {
            return CreateViewStream(0, DefaultSize, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a range as a stream.</summary>
        public MemoryMappedViewStream CreateViewStream(long offset, long size)
        {
            return CreateViewStream(offset, size, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a range as a stream for an access.</summary>
        public MemoryMappedViewStream CreateViewStream(long offset, long size, MemoryMappedFileAccess access)
        {
            return CreateViewStream(offset, size, access, MemoryMappedView.Default);
        }

        /// <summary>Maps all of it.</summary>
        public MemoryMappedViewAccessor CreateViewAccessor()
        {
            return CreateViewAccessor(0, DefaultSize, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a range.</summary>
        public MemoryMappedViewAccessor CreateViewAccessor(long offset, long size)
        {
            return CreateViewAccessor(offset, size, MemoryMappedFileAccess.ReadWrite);
        }

        /// <summary>Maps a range for an access.</summary>
        public MemoryMappedViewAccessor CreateViewAccessor(long offset, long size, MemoryMappedFileAccess access)
        {
            return CreateViewAccessor(offset, size, access, MemoryMappedView.Default);
        }

        /// <summary>Gives the name up. Views stay.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Gives the name up, and the file if it is this object's own.</summary>
        protected virtual void Dispose(bool disposing)
        {
            try
            {
                if (!handle.IsClosed)
                    handle.Dispose();
            }
            finally
            {
                if (disposing && file != null && !leaveOpen)
                    file.Dispose();
            }
        }

        static void CheckName(string name)
        {
            if (name != null && name.Length == 0)
                throw new ArgumentException("A name has at least one character; null stands for none.");
        }

        static void CheckInheritability(HandleInheritability inheritability)
        {
            if (inheritability < HandleInheritability.None || inheritability > HandleInheritability.Inheritable)
                throw new ArgumentOutOfRangeException("inheritability");
        }

        static void CheckAccess(MemoryMappedFileAccess access)
        {
            if (access < MemoryMappedFileAccess.ReadWrite || access > MemoryMappedFileAccess.ReadWriteExecute)
                throw new ArgumentOutOfRangeException("access");
        }

        static void CheckMade(MemoryMappedFileAccess access)
        {
            CheckAccess(access);
            if (access == MemoryMappedFileAccess.Write)
                throw new ArgumentException("A mapping that only writes can be opened, and not made.", "access");
        }

        static void CheckMemory(
            string name, long capacity, MemoryMappedFileAccess access, MemoryMappedFileOptions options,
            HandleInheritability inheritability)
        {
            CheckName(name);
            if (capacity <= 0)
                throw new ArgumentOutOfRangeException("capacity", "A positive number is required.");
            if (IntPtr.Size == 4 && capacity > uint.MaxValue)
                throw new ArgumentOutOfRangeException("capacity", "The capacity is more than an address space has.");
            CheckAccess(access);
            if ((options & ~MemoryMappedFileOptions.DelayAllocatePages) != 0)
                throw new ArgumentOutOfRangeException("options");
            CheckInheritability(inheritability);
        }

        /// <summary>Returns the capacity for a file of this length.</summary>
        static long CheckCapacity(long capacity, long length, MemoryMappedFileAccess access)
        {
            if (capacity == DefaultSize && length == 0)
                throw new ArgumentException("An empty file is mapped only with a capacity.");
            if (access == MemoryMappedFileAccess.Read && capacity > length)
                throw new ArgumentException("A file does not grow to be read.");
            if (capacity == DefaultSize)
                return length;
            if (capacity < length)
                throw new ArgumentOutOfRangeException("capacity", "The capacity is less than the length of the file.");
            return capacity;
        }

        static IntPtr Open(uint rights, HandleInheritability inheritability, string name)
        {
            int inherits = inheritability == HandleInheritability.Inheritable ? 1 : 0;
            return Native.IsWindows
                ? Native.Windows.OpenFileMapping(rights, inherits, name)
                : Native.Linux.OpenFileMapping(rights, inherits, name);
        }

        static SafeMemoryMappedFileHandle Create(
            SafeFileHandle file, string name, HandleInheritability inheritability, MemoryMappedFileAccess access,
            MemoryMappedFileOptions options, long capacity, Permissions permissions)
        {
            string tried = "make the mapping" + (name == null ? "" : " `" + name + "`");
            // No handle of a FileStream has the right to execute, which Windows asks for.
            if (file != null && access >= MemoryMappedFileAccess.ReadExecute)
                throw Failure.Of(Native.AccessDenied, tried);
            bool held = false;
            IntPtr made;
            int code;
            try
            {
                IntPtr number = IntPtr.Zero;
                if (file != null)
                {
                    file.DangerousAddRef(ref held);
                    number = file.DangerousGetHandle();
                }
                made = Make(number, name, inheritability, access, options, capacity, permissions, out code);
            }
            finally
            {
                if (held)
                    file.DangerousRelease();
            }
            if (made == IntPtr.Zero)
                throw Failure.Of(code, tried);
            var handle = new SafeMemoryMappedFileHandle(made);
            if (code == Native.AlreadyExists)
            {
                handle.Dispose();
                throw Failure.Of(code, tried);
            }
            return handle;
        }

        /// <summary>Makes a mapping, of a file or of memory, and returns the code as well.</summary>
        static unsafe IntPtr Make(
            IntPtr file, string name, HandleInheritability inheritability, MemoryMappedFileAccess access,
            MemoryMappedFileOptions options, long capacity, Permissions permissions, out int code)
        {
            uint words = Words.OfPages(access) | (uint)options;
            if (file == IntPtr.Zero)
                file = new IntPtr(-1);
            var security = new NameSecurity(permissions, inheritability == HandleInheritability.Inheritable);
            try
            {
                uint high = (uint)(capacity >> 32), low = (uint)capacity;
                SecurityAttributes attributes = security.Attributes;
                IntPtr made = Native.IsWindows
                    ? Native.Windows.CreateFileMapping(file, &attributes, words, high, low, name)
                    : Native.Linux.CreateFileMapping(file, &attributes, words, high, low, name);
                code = Marshal.GetLastWin32Error();
                return made;
            }
            finally
            {
                security.Dispose();
            }
        }
    }
}
