using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>A range of a mapping in this process, which an accessor or a stream is over.</summary>
    internal sealed class MemoryMappedView
    {
        const long Granularity = 65536;
        /// <summary>The addresses of a process. More is another failure than what a mapping has not.</summary>
        const long AddressSpace = 1L << 47;

        /// <summary>What whoever starts a program has chosen for the pointers of those who choose nothing.</summary>
        internal static readonly OnLoss Default =
            Environment.GetEnvironmentVariable("FILEMAP_ON_LOSS") == "zeros" && !Native.IsWindows ? OnLoss.Zeros : OnLoss.Die;

        internal readonly SafeMemoryMappedViewHandle Handle;
        /// <summary>How far its first byte is from that of the handle: views begin at multiples of 65536.</summary>
        internal readonly long PointerOffset;
        internal readonly long Size;
        internal readonly MemoryMappedFileAccess Access;

        MemoryMappedView(SafeMemoryMappedViewHandle handle, long pointerOffset, long size, MemoryMappedFileAccess access)
        {
            Handle = handle;
            PointerOffset = pointerOffset;
            Size = size;
            Access = access;
        }

        internal static MemoryMappedView Map(
            SafeMemoryMappedFileHandle file, MemoryMappedFileAccess access, long offset, long size, OnLoss onLoss)
        {
            if (offset < 0)
                throw new ArgumentOutOfRangeException("offset", "A non-negative number is required.");
            if (size < 0)
                throw new ArgumentOutOfRangeException("size", "A positive number, or 0 for all that there is, is required.");
            if (access < MemoryMappedFileAccess.ReadWrite || access > MemoryMappedFileAccess.ReadWriteExecute)
                throw new ArgumentOutOfRangeException("access");
            if (onLoss != OnLoss.Die && onLoss != OnLoss.Zeros)
                throw new ArgumentOutOfRangeException("onLoss");
            if (onLoss == OnLoss.Zeros && Native.IsWindows)
                throw new PlatformNotSupportedException("Windows ends a process that touches a lost page.");
            if (IntPtr.Size == 4 && size > uint.MaxValue)
                throw new ArgumentOutOfRangeException("size", "The size is more than an address space has.");
            if (file.IsClosed)
                throw new ObjectDisposedException("MemoryMappedFile", "The mapping is closed.");
            long extra = offset % Granularity, start = offset - extra;
            if (IntPtr.Size == 8 && size >= AddressSpace)
                throw new IOException("could not map a view of " + size + " bytes: no process has so many addresses");
            long length = size == 0 ? 0 : size + extra;
            bool held = false;
            IntPtr address = IntPtr.Zero, pin = IntPtr.Zero;
            Exception failure = null;
            try
            {
                file.DangerousAddRef(ref held);
                address = Map(file.DangerousGetHandle(), Words.OfView(access), start, (UIntPtr)(ulong)length, onLoss);
                if (address == IntPtr.Zero)
                    failure = Failure.Last("map a view of " + length + " bytes at " + start);
            }
            finally
            {
                if (held)
                    file.DangerousRelease();
            }
            if (failure != null)
                throw failure;
            if (!Native.IsWindows && (pin = Native.Linux.filemap_pin_view(address)) == IntPtr.Zero)
            {
                failure = Failure.Last("hold a view");
                Native.Linux.UnmapViewOfFile(address);
                throw failure;
            }
            var handle = new SafeMemoryMappedViewHandle(address, pin);
            try
            {
                long pages = Commit(address, length, access);
                if (length == 0)
                    length = Native.IsWindows ? pages : (long)(ulong)Native.Linux.filemap_pinned_length(pin);
                if (length <= extra)
                    throw Failure.Of(Native.AccessDenied, "map a view at " + offset + ": the mapping ends before");
                handle.Initialize((ulong)length);
                return new MemoryMappedView(handle, extra, length - extra, access);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }

        static IntPtr Map(IntPtr mapping, uint words, long start, UIntPtr length, OnLoss onLoss)
        {
            return Native.IsWindows
                ? Native.Windows.MapViewOfFile(mapping, words, (uint)(start >> 32), (uint)start, length)
                : Native.Linux.filemap_map_view(mapping, words, (ulong)start, length, (uint)onLoss);
        }

        /// <summary>Takes memory for pages that are only set aside, and returns how many bytes there are.</summary>
        static long Commit(IntPtr address, long length, MemoryMappedFileAccess access)
        {
            const uint commit = 0x1000, reserved = 0x2000;
            MemoryInformation information;
            Query(address, out information);
            if ((information.State & reserved) == 0)
                return (long)(ulong)information.Length;
            var wanted = length == 0 ? information.Length : (UIntPtr)(ulong)length;
            uint protection = Words.OfPages(access);
            IntPtr committed = Native.IsWindows
                ? Native.Windows.VirtualAlloc(address, wanted, commit, protection)
                : Native.Linux.VirtualAlloc(address, wanted, commit, protection);
            if (committed == IntPtr.Zero)
                throw Failure.Last("take memory for a view");
            Query(address, out information);
            return (long)(ulong)information.Length;
        }

        static void Query(IntPtr address, out MemoryInformation information)
        {
            var size = (UIntPtr)(ulong)Marshal.SizeOf(typeof(MemoryInformation));
            UIntPtr told = Native.IsWindows
                ? Native.Windows.VirtualQuery(address, out information, size)
                : Native.Linux.VirtualQuery(address, out information, size);
            if (told == UIntPtr.Zero)
                throw Failure.Last("look at a view");
        }

        internal void Flush(Flush strength)
        {
            Handle.Flush(PointerOffset, Size, strength);
        }
    }
}
