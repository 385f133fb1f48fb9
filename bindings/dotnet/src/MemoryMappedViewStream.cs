using System;
using System.IO;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>A view as a stream, whose length is the view's.</summary>
    /// <remarks>A page that the file has lost is an <see cref="System.IO.IOException"/>.</remarks>
    public sealed unsafe partial class MemoryMappedViewStream : UnmanagedMemoryStream
    {
        readonly MemoryMappedView view;
        readonly SafeMemoryMappedViewHandle handle;
        readonly long start, size;
        readonly bool canRead, canWrite;
        long position;

        internal MemoryMappedViewStream(MemoryMappedView view)
        {
            this.view = view;
            handle = view.Handle;
            start = view.PointerOffset;
            size = view.Size;
            FileAccess access = Words.OfFile(view.Access);
            canRead = (access & FileAccess.Read) != 0;
            canWrite = (access & FileAccess.Write) != 0;
            Initialize(handle, start, size, access);
        }

        /// <summary>Gets the bytes of the view; they are unmapped when nobody uses them.</summary>
        public SafeMemoryMappedViewHandle SafeMemoryMappedViewHandle
        {
            get { return handle; }
        }

        /// <summary>Gets how far the first byte of this stream is from that of the handle.</summary>
        public long PointerOffset
        {
            get { return start; }
        }

        /// <summary>Gets whether the file has become shorter than the view: what is missing is lost.</summary>
        public bool Lost
        {
            get { return handle.IsLost(start + size - 1); }
        }

        /// <summary>Returns what reads as zeros by its address because it was lost and touched.</summary>
        public LostRange[] GetLostRanges()
        {
            return handle.Lost(start, false);
        }

        /// <summary>Takes the file's bytes again where it has them again, and returns what was restored.</summary>
        /// <remarks>What was written to the zeros is gone.</remarks>
        public LostRange[] Restore()
        {
            return handle.Lost(start, true);
        }

        /// <summary>Gets or sets where the next access is, which may be behind the end.</summary>
        public override long Position
        {
            get
            {
                CheckOpen();
                return position;
            }
            set
            {
                if (value < 0)
                    throw new ArgumentOutOfRangeException("value", "A non-negative number is required.");
                CheckOpen();
                position = value;
            }
        }

        /// <summary>Sets where the next access is, from the beginning, from there, or from the end.</summary>
        public override long Seek(long offset, SeekOrigin loc)
        {
            CheckOpen();
            long from;
            switch (loc)
            {
                case SeekOrigin.Begin: from = 0; break;
                case SeekOrigin.Current: from = position; break;
                case SeekOrigin.End: from = size; break;
                default: throw new ArgumentException("The origin is none of the three.");
            }
            if (unchecked(from + offset) < 0)
                throw new IOException("The position would be before the beginning.");
            return position = from + offset;
        }

        void CheckOpen()
        {
            if (handle.IsClosed)
                throw new ObjectDisposedException("MemoryMappedViewStream", "The stream is closed.");
        }

        /// <summary>Throws: a view has the length that it has.</summary>
        public override void SetLength(long value)
        {
            if (value < 0)
                throw new ArgumentOutOfRangeException("value", "A non-negative number is required.");
            throw new NotSupportedException("The stream of a view has a fixed length.");
        }

        /// <summary>Reads as many bytes as there are, at most <paramref name="count"/>.</summary>
        public override int Read(byte[] buffer, int offset, int count)
        {
            CheckArray(buffer, offset, count);
            long at = Begin(canRead, "reading");
            count = (int)Math.Min(count, Math.Max(0, size - at));
            if (count == 0)
                return 0;
            fixed (byte* place = buffer)
                handle.Get(start + at, place + offset, count);
            position = at + count;
            return count;
        }

        /// <summary>Reads a byte, or returns -1 at the end.</summary>
        public override int ReadByte()
        {
            long at = Begin(canRead, "reading");
            if (at >= size)
                return -1;
            byte value;
            handle.Get(start + at, &value, 1);
            position = at + 1;
            return value;
        }

        /// <summary>Writes bytes, all or none.</summary>
        public override void Write(byte[] buffer, int offset, int count)
        {
            CheckArray(buffer, offset, count);
            long at = Begin(canWrite, "writing");
            if (count > size - at)
                throw new NotSupportedException("The stream of a view does not grow.");
            if (count == 0)
                return;
            fixed (byte* place = buffer)
                handle.Put(start + at, place + offset, count);
            position = at + count;
        }

        /// <summary>Writes a byte.</summary>
        public override void WriteByte(byte value)
        {
            long at = Begin(canWrite, "writing");
            if (at >= size)
                throw new NotSupportedException("The stream of a view does not grow.");
            handle.Put(start + at, &value, 1);
            position = at + 1;
        }

        /// <summary>Writes what was changed to the file.</summary>
        public override void Flush()
        {
            Flush(Filemap.Flush.Written);
        }

        /// <summary>Writes what was changed to the file, as far as <paramref name="strength"/> says.</summary>
        public void Flush(Flush strength)
        {
            CheckOpen();
            view.Flush(strength);
        }

        /// <summary>Writes what was changed, and gives the view up.</summary>
        protected override void Dispose(bool disposing)
        {
            try
            {
                if (disposing && !handle.IsClosed && canWrite)
                    Flush();
            }
            finally
            {
                try
                {
                    handle.Dispose();
                }
                finally
                {
                    base.Dispose(disposing);
                }
            }
        }

        /// <summary>Returns the position, if the stream is open and allows this.</summary>
        long Begin(bool allows, string what)
        {
            CheckOpen();
            if (!allows)
                throw new NotSupportedException("The stream does not support " + what + ".");
            return position;
        }

        static void CheckArray(byte[] buffer, int offset, int count)
        {
            if (buffer == null)
                throw new ArgumentNullException("buffer");
            if (offset < 0)
                throw new ArgumentOutOfRangeException("offset", "A non-negative number is required.");
            if (count < 0)
                throw new ArgumentOutOfRangeException("count", "A non-negative number is required.");
            if (buffer.Length - offset < count)
                throw new ArgumentOutOfRangeException("count", "The array ends too soon.");
        }
    }
}
