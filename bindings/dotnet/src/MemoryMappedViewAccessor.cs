using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>Values in a view, by their position.</summary>
    /// <remarks>
    /// A page that the file has lost is an <see cref="System.IO.IOException"/>. The methods of the base class read
    /// and write by the address, without that: they are hidden, and reached only through a variable of
    /// the base class's type.
    /// </remarks>
    public sealed unsafe partial class MemoryMappedViewAccessor : UnmanagedMemoryAccessor
    {
        readonly MemoryMappedView view;
        readonly SafeMemoryMappedViewHandle handle;
        readonly long start, capacity;
        readonly bool canRead, canWrite;

        internal MemoryMappedViewAccessor(MemoryMappedView view)
        {
            this.view = view;
            handle = view.Handle;
            start = view.PointerOffset;
            capacity = view.Size;
            FileAccess access = Words.OfFile(view.Access);
            canRead = (access & FileAccess.Read) != 0;
            canWrite = (access & FileAccess.Write) != 0;
            Initialize(handle, start, capacity, access);
        }

        /// <summary>Gets the bytes of the view; they are unmapped when nobody uses them.</summary>
        public SafeMemoryMappedViewHandle SafeMemoryMappedViewHandle
        {
            get { return handle; }
        }

        /// <summary>Gets how far the first byte of this accessor is from that of the handle.</summary>
        public long PointerOffset
        {
            get { return start; }
        }

        /// <summary>Gets whether the file has become shorter than the view: what is missing is lost.</summary>
        public bool Lost
        {
            get { return handle.IsLost(start + capacity - 1); }
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

        /// <summary>Writes what was changed to the file.</summary>
        public void Flush()
        {
            Flush(Filemap.Flush.Written);
        }

        /// <summary>Writes what was changed to the file, as far as <paramref name="strength"/> says.</summary>
        public void Flush(Flush strength)
        {
            if (!IsOpen)
                throw new ObjectDisposedException("MemoryMappedViewAccessor", "The view is closed.");
            view.Flush(strength);
        }

        /// <summary>Writes what was changed, and gives the view up.</summary>
        protected override void Dispose(bool disposing)
        {
            try
            {
                if (disposing && canWrite && !handle.IsClosed)
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

        void CheckRead(long position, int size)
        {
            if (!canRead)
                CheckOpen("reading");
            Check(position, size, "reading");
        }

        void CheckWrite(long position, int size)
        {
            if (!canWrite)
                CheckOpen("writing");
            Check(position, size, "writing");
        }

        /// <summary>Throws: the view is closed, or does not allow it.</summary>
        void CheckOpen(string what)
        {
            if (handle.IsClosed)
                throw new ObjectDisposedException("UnmanagedMemoryAccessor", "The accessor is closed.");
            throw new NotSupportedException("The accessor does not support " + what + ".");
        }

        void Check(long position, int size, string what)
        {
            if (position < 0 || position > capacity - size)
                Refuse(position, what);
        }

        void Refuse(long position, string what)
        {
            if (handle.IsClosed)
                throw new ObjectDisposedException("UnmanagedMemoryAccessor", "The accessor is closed.");
            if (position < 0)
                throw new ArgumentOutOfRangeException("position", "A non-negative number is required.");
            if (position >= capacity)
                throw new ArgumentOutOfRangeException("position", "The position is not in the view.");
            throw new ArgumentException("The view ends too soon for " + what + " this.", "position");
        }

        /// <summary>Reads a truth value of one byte.</summary>
        public new bool ReadBoolean(long position)
        {
            return ReadByte(position) != 0;
        }

        /// <summary>Writes a truth value of one byte.</summary>
        public new void Write(long position, bool value)
        {
            Write(position, (byte)(value ? 1 : 0));
        }

        /// <summary>Reads a value.</summary>
        public new byte ReadByte(long position)
        {
            CheckRead(position, 1);
            byte value;
            handle.Get(start + position, &value, 1);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, byte value)
        {
            CheckWrite(position, 1);
            handle.Put(start + position, &value, 1);
        }

        /// <summary>Reads a value.</summary>
        public new char ReadChar(long position)
        {
            CheckRead(position, 2);
            char value;
            handle.Get(start + position, &value, 2);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, char value)
        {
            CheckWrite(position, 2);
            handle.Put(start + position, &value, 2);
        }

        /// <summary>Reads a value.</summary>
        public new short ReadInt16(long position)
        {
            CheckRead(position, 2);
            short value;
            handle.Get(start + position, &value, 2);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, short value)
        {
            CheckWrite(position, 2);
            handle.Put(start + position, &value, 2);
        }

        /// <summary>Reads a value.</summary>
        public new int ReadInt32(long position)
        {
            CheckRead(position, 4);
            int value;
            handle.Get(start + position, &value, 4);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, int value)
        {
            CheckWrite(position, 4);
            handle.Put(start + position, &value, 4);
        }

        /// <summary>Reads a value.</summary>
        public new long ReadInt64(long position)
        {
            CheckRead(position, 8);
            long value;
            handle.Get(start + position, &value, 8);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, long value)
        {
            CheckWrite(position, 8);
            handle.Put(start + position, &value, 8);
        }

        /// <summary>Reads a value.</summary>
        [CLSCompliant(false)]
        public new sbyte ReadSByte(long position)
        {
            CheckRead(position, 1);
            sbyte value;
            handle.Get(start + position, &value, 1);
            return value;
        }

        /// <summary>Writes a value.</summary>
        [CLSCompliant(false)]
        public new void Write(long position, sbyte value)
        {
            CheckWrite(position, 1);
            handle.Put(start + position, &value, 1);
        }

        /// <summary>Reads a value.</summary>
        public new float ReadSingle(long position)
        {
            CheckRead(position, 4);
            float value;
            handle.Get(start + position, &value, 4);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, float value)
        {
            CheckWrite(position, 4);
            handle.Put(start + position, &value, 4);
        }

        /// <summary>Reads a value.</summary>
        public new double ReadDouble(long position)
        {
            CheckRead(position, 8);
            double value;
            handle.Get(start + position, &value, 8);
            return value;
        }

        /// <summary>Writes a value.</summary>
        public new void Write(long position, double value)
        {
            CheckWrite(position, 8);
            handle.Put(start + position, &value, 8);
        }

        /// <summary>Reads a value.</summary>
        [CLSCompliant(false)]
        public new ushort ReadUInt16(long position)
        {
            CheckRead(position, 2);
            ushort value;
            handle.Get(start + position, &value, 2);
            return value;
        }

        /// <summary>Writes a value.</summary>
        [CLSCompliant(false)]
        public new void Write(long position, ushort value)
        {
            CheckWrite(position, 2);
            handle.Put(start + position, &value, 2);
        }

        /// <summary>Reads a value.</summary>
        [CLSCompliant(false)]
        public new uint ReadUInt32(long position)
        {
            CheckRead(position, 4);
            uint value;
            handle.Get(start + position, &value, 4);
            return value;
        }

        /// <summary>Writes a value.</summary>
        [CLSCompliant(false)]
        public new void Write(long position, uint value)
        {
            CheckWrite(position, 4);
            handle.Put(start + position, &value, 4);
        }

        /// <summary>Reads a value.</summary>
        [CLSCompliant(false)]
        public new ulong ReadUInt64(long position)
        {
            CheckRead(position, 8);
            ulong value;
            handle.Get(start + position, &value, 8);
            return value;
        }

        /// <summary>Writes a value.</summary>
        [CLSCompliant(false)]
        public new void Write(long position, ulong value)
        {
            CheckWrite(position, 8);
            handle.Put(start + position, &value, 8);
        }

        /// <summary>Reads a decimal, of sixteen bytes.</summary>
        public new decimal ReadDecimal(long position)
        {
            CheckRead(position, 16);
            int* parts = stackalloc int[4];
            handle.Get(start + position, parts, 16);
            int flags = parts[3];
            if ((flags & ~(unchecked((int)0x80000000) | 0x00FF0000)) != 0 || (flags & 0x00FF0000) > 28 << 16)
                throw new ArgumentException("These bytes are no decimal.");
            return new decimal(parts[0], parts[1], parts[2], flags < 0, (byte)(flags >> 16));
        }

        /// <summary>Writes a decimal, in sixteen bytes.</summary>
        public new void Write(long position, decimal value)
        {
            CheckWrite(position, 16);
            int[] bits = decimal.GetBits(value);
            fixed (int* parts = bits)
                handle.Put(start + position, parts, 16);
        }

        /// <summary>Reads a structure without references.</summary>
        public new void Read<T>(long position, out T structure) where T : struct
        {
            if (position < 0)
                Refuse(position, "reading");
            Layout<T>.Check();
            int size = Layout<T>.Size;
            CheckRead(position, size);
            T value = default(T);
#if POINTERS
            handle.Get(start + position, &value, size);
#else
            TypedReference reference = __makeref(value);
            handle.Get(start + position, Place.Of(&reference), size);
#endif
            structure = value;
        }

        /// <summary>Writes a structure without references.</summary>
        public new void Write<T>(long position, ref T structure) where T : struct
        {
            if (position < 0)
                Refuse(position, "writing");
            Layout<T>.Check();
            int size = Layout<T>.Size;
            CheckWrite(position, size);
            T value = structure;
#if POINTERS
            handle.Put(start + position, &value, size);
#else
            TypedReference reference = __makeref(value);
            handle.Put(start + position, Place.Of(&reference), size);
#endif
        }

        /// <summary>Reads structures into an array, as many as there are, and returns how many that were.</summary>
        public new int ReadArray<T>(long position, T[] array, int offset, int count) where T : struct
        {
            CheckArray(array, offset, count);
            if (!canRead || handle.IsClosed)
                CheckOpen("reading");
            if (position < 0 || position >= capacity)
                Refuse(position, "reading");
            Layout<T>.Check();
            int stride = Layout<T>.Stride;
            count = (int)Math.Min(count, (capacity - position) / stride);
            if (count > 0)
                Transfer(position, array, offset, count, false);
            return count;
        }

        /// <summary>Writes structures of an array.</summary>
        public new void WriteArray<T>(long position, T[] array, int offset, int count) where T : struct
        {
            CheckArray(array, offset, count);
            if (!canWrite || handle.IsClosed)
                CheckOpen("writing");
            if (position < 0 || position >= capacity)
                Refuse(position, "writing");
            Layout<T>.Check();
            if (count > (capacity - position) / Layout<T>.Stride)
                throw new ArgumentException("The view ends too soon for writing this.");
            if (count > 0)
                Transfer(position, array, offset, count, true);
        }

        static void CheckArray(Array array, int offset, int count)
        {
            if (array == null)
                throw new ArgumentNullException("array");
            if (offset < 0)
                throw new ArgumentOutOfRangeException("offset", "A non-negative number is required.");
            if (count < 0)
                throw new ArgumentOutOfRangeException("count", "A non-negative number is required.");
            if (array.Length - offset < count)
                throw new ArgumentException("The array ends too soon.");
        }

        /// <summary>How many bytes one copy has at most.</summary>
        const long Piece = 1 << 30;

        /// <summary>Copies structures, all at once where they lie in the array as in the view.</summary>
        void Transfer<T>(long position, T[] array, int offset, int count, bool writes) where T : struct
        {
            var bytes = array as byte[];
            if (bytes != null)
            {
                fixed (byte* place = bytes)
                    Move(position, place + offset, count, writes);
                return;
            }
            if (Layout<T>.Size == Layout<T>.Stride && Layout<T>.IsPinned(array))
            {
                GCHandle pinned = GCHandle.Alloc(array, GCHandleType.Pinned);
                try
                {
                    void* place = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(array, offset);
                    long length = (long)count * Layout<T>.Size;
                    for (long done = 0; done < length; done += Piece)
                        Move(position + done, (byte*)place + done, (int)Math.Min(Piece, length - done), writes);
                }
                finally
                {
                    pinned.Free();
                }
                return;
            }
            for (int index = 0; index < count; index++, position += Layout<T>.Stride)
            {
                T value = array[offset + index];
                TypedReference reference = __makeref(value);
                Move(position, Place.Of(&reference), Layout<T>.Size, writes);
                array[offset + index] = value;
            }
        }

        void Move(long position, void* place, int length, bool writes)
        {
            if (writes)
                handle.Put(start + position, place, length);
            else
                handle.Get(start + position, place, length);
        }

        /// <summary>Copies bytes of the view to memory of the program, in one guarded copy.</summary>
        [CLSCompliant(false)]
        public void ReadBytes(long position, byte* destination, int count)
        {
            CheckPointer(destination, count);
            CheckRead(position, count);
            handle.Get(start + position, destination, count);
        }

        /// <summary>Copies memory of the program to the view, in one guarded copy.</summary>
        [CLSCompliant(false)]
        public void WriteBytes(long position, byte* source, int count)
        {
            CheckPointer(source, count);
            CheckWrite(position, count);
            handle.Put(start + position, source, count);
        }

        static void CheckPointer(void* place, int count)
        {
            if (place == null)
                throw new ArgumentNullException("place");
            if (count < 0)
                throw new ArgumentOutOfRangeException("count", "A non-negative number is required.");
        }
    }
}
