#if NET8_0_OR_GREATER
using System;

namespace Filemap.MemoryMappedFiles
{
    public sealed unsafe partial class MemoryMappedViewAccessor
    {
        /// <summary>Reads as many bytes as there are, at most those of the span, and returns how many that were.</summary>
        public int ReadSpan(long position, Span<byte> destination)
        {
            if (!canRead || handle.IsClosed)
                CheckOpen("reading");
            if (position < 0 || position >= capacity)
                Refuse(position, "reading");
            int count = (int)Math.Min(destination.Length, capacity - position);
            fixed (byte* place = destination)
                handle.Get(start + position, place, count);
            return count;
        }

        /// <summary>Writes the bytes of a span, all or none.</summary>
        public void WriteSpan(long position, ReadOnlySpan<byte> source)
        {
            CheckWrite(position, source.Length);
            fixed (byte* place = source)
                handle.Put(start + position, place, source.Length);
        }
    }

    public sealed unsafe partial class MemoryMappedViewStream
    {
        /// <summary>Reads as many bytes as there are, at most those of the span.</summary>
        public override int Read(Span<byte> buffer)
        {
            long at = Begin(canRead, "reading");
            int count = (int)Math.Min(buffer.Length, Math.Max(0, size - at));
            fixed (byte* place = buffer)
                handle.Get(start + at, place, count);
            position = at + count;
            return count;
        }

        /// <summary>Writes the bytes of a span, all or none.</summary>
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            long at = Begin(canWrite, "writing");
            if (buffer.Length > size - at)
                throw new NotSupportedException("The stream of a view does not grow.");
            fixed (byte* place = buffer)
                handle.Put(start + at, place, buffer.Length);
            position = at + buffer.Length;
        }
    }
}
#endif
