using System;
using System.Runtime.InteropServices;

namespace Filemap.MemoryMappedFiles
{
    /// <content>What the class library has not.</content>
    public partial class MemoryMappedFile
    {
        /// <summary>Gets how many bytes there are: as many as memory was made with; and those of a file as it is by now,
        /// if another process has made it longer.</summary>
        /// <remarks>A view of everything has those that the mapping was made with. One with an offset and a size
        /// reaches what was added as well. On Windows it is what the system tells: whole pages, and no growth.</remarks>
        public long Length
        {
            get
            {
                if (Native.IsWindows)
                    using (MemoryMappedViewAccessor view = CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
                        return view.Capacity;
                return Ask(delegate(IntPtr mapping)
                {
                    ulong length;
                    if (Native.Linux.filemap_grown_length(mapping, out length) == 0)
                        throw Failure.Last("get the length of a mapping");
                    return (long)length;
                });
            }
        }

        /// <summary>Gets what other users may do with the name; of a mapping without one, nothing.</summary>
        /// <exception cref="PlatformNotSupportedException">This is Windows.</exception>
        public Permissions Permissions
        {
            get
            {
                if (Native.IsWindows)
                    throw new PlatformNotSupportedException("Who may open a name is not read back on Windows.");
                return Ask(delegate(IntPtr mapping)
                {
                    uint mode;
                    if (Native.Linux.filemap_permissions(mapping, out mode) == 0)
                    {
                        if (Marshal.GetLastWin32Error() == Native.InvalidParameter)
                            return Permissions.Private;
                        throw Failure.Last("find who may open a mapping");
                    }
                    const uint write = 2, read = 4;
                    return (mode & write) != 0 ? Permissions.WriteByOthers
                        : (mode & read) != 0 ? Permissions.ReadByOthers : Permissions.Private;
                });
            }
        }

        /// <summary>Returns the numbers of the processes that hold the name, or have views.</summary>
        /// <exception cref="PlatformNotSupportedException">Windows does not tell.</exception>
        public unsafe int[] GetHolders()
        {
            if (Native.IsWindows)
                throw new PlatformNotSupportedException("Windows does not tell who holds a mapping.");
            return Ask(delegate(IntPtr mapping)
            {
                for (int room = 64; ; )
                {
                    var found = new uint[room];
                    UIntPtr count;
                    fixed (uint* place = found)
                        if (Native.Linux.filemap_holders(mapping, place, (UIntPtr)(uint)room, out count) == 0)
                            throw Failure.Last("find who holds a mapping");
                    if ((ulong)count <= (ulong)room)
                    {
                        Array.Resize(ref found, (int)(uint)count);
                        return Array.ConvertAll(found, pid => (int)pid);
                    }
                    room = (int)(uint)count + 16;
                }
            });
        }

        /// <summary>Asks the library about the handle, which stays open meanwhile.</summary>
        T Ask<T>(Func<IntPtr, T> body)
        {
            bool held = false;
            try
            {
                handle.DangerousAddRef(ref held);
                return body(handle.DangerousGetHandle());
            }
            finally
            {
                if (held)
                    handle.DangerousRelease();
            }
        }

        /// <summary>Maps a range as a stream, and says what becomes of pointers into it.</summary>
        /// <exception cref="PlatformNotSupportedException">Zeros cannot be had on Windows.</exception>
        public MemoryMappedViewStream CreateViewStream(long offset, long size, MemoryMappedFileAccess access, OnLoss onLoss)
        {
            return new MemoryMappedViewStream(MemoryMappedView.Map(handle, access, offset, size, onLoss));
        }

        /// <summary>Maps a range, and says what becomes of pointers into it.</summary>
        /// <exception cref="PlatformNotSupportedException">Zeros cannot be had on Windows.</exception>
        public MemoryMappedViewAccessor CreateViewAccessor(
            long offset, long size, MemoryMappedFileAccess access, OnLoss onLoss)
        {
            return new MemoryMappedViewAccessor(MemoryMappedView.Map(handle, access, offset, size, onLoss));
        }
    }
}
