using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>The bytes of a view. Every access holds it, and what is held is not unmapped.</summary>
    /// <remarks>
    /// The first thread that uses a view owns it: it stores that it is there, and that it is not, which costs
    /// nothing. Other threads are counted, by an instruction that the processor locks. Who closes a view
    /// orders the memory of all threads before it looks whether the owner is there.
    /// No exception comes between the beginning of an access and its end, but for Thread.Abort, which leaves
    /// the view mapped.
    /// </remarks>
    public sealed unsafe class SafeMemoryMappedViewHandle : SafeBuffer
    {
        /// <summary>Added to the count when the handle is closed. Whoever then leaves as the last one unmaps.</summary>
        const int Closed = 1 << 30;

        readonly IntPtr pin;
        readonly byte* address;
        /// <summary>How many threads use the view, without the owner.</summary>
        int users;
        /// <summary>The owner's number, or 0; and 1 while it uses the view.</summary>
        int owner, isOwnerThere;
        int unmapped;

        /// <summary>Makes an object without a view.</summary>
        public SafeMemoryMappedViewHandle() : base(true) { }

        internal SafeMemoryMappedViewHandle(IntPtr address, IntPtr pin) : base(true)
        {
            SetHandle(address);
            this.address = (byte*)address;
            this.pin = pin;
        }

        /// <summary>Unmaps the view, when the last access is over.</summary>
        protected override bool ReleaseHandle()
        {
            Interlocked.Add(ref users, Closed);
            return Finish();
        }

        bool Unmap()
        {
            if (Interlocked.Exchange(ref unmapped, 1) != 0)
                return true;
            if (Native.IsWindows)
                return Native.Windows.UnmapViewOfFile((IntPtr)address) != 0;
            bool done = Native.Linux.UnmapViewOfFile((IntPtr)address) != 0;
            Native.Linux.filemap_unpin(pin);
            return done;
        }

        /// <summary>Whether memory can be ordered for all threads.</summary>
        static readonly bool CanOwn = Fence();

        static bool Fence()
        {
            if (!Native.IsWindows)
                return Native.Linux.filemap_fence_threads() != 0;
            Native.Windows.FlushProcessWriteBuffers();
            return true;
        }

        /// <summary>Begins an access, and returns whether this thread owns the view.</summary>
        bool Enter()
        {
            int thread = Environment.CurrentManagedThreadId;
            if (thread != owner)
                return EnterAmongOthers(thread);
            Volatile.Write(ref isOwnerThere, 1);
            if (Volatile.Read(ref users) >= Closed)
                Refuse(true);
            return true;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        bool EnterAmongOthers(int thread)
        {
            if (Interlocked.Increment(ref users) >= Closed)
                Refuse(false);
            // The number of a thread that has ended may be another one's, which then owns the view.
            if (owner == 0 && CanOwn)
                Interlocked.CompareExchange(ref owner, thread, 0);
            return false;
        }

        void Refuse(bool owns)
        {
            Leave(owns);
            throw new ObjectDisposedException("MemoryMappedView", "The view is closed.");
        }

        void Leave(bool owns)
        {
            if (owns)
            {
                Volatile.Write(ref isOwnerThere, 0);
                if (Volatile.Read(ref users) >= Closed)
                    Finish();
            }
            else if (Interlocked.Decrement(ref users) >= Closed)
                Finish();
        }

        /// <summary>Unmaps a closed view, unless somebody is there, who then does.</summary>
        bool Finish()
        {
            if (owner != 0)
                Fence();
            return Volatile.Read(ref isOwnerThere) != 0 || Volatile.Read(ref users) != Closed || Unmap();
        }

        /// <summary>Copies bytes out. What is lost is an exception, and what is closed another.</summary>
        internal void Get(long offset, void* buffer, int length)
        {
            bool owns = Enter();
            uint code = 0;
            if (Native.IsWindows)
                Copy(address + offset, (byte*)buffer, length);
            else if (length <= Short.Most)
                code = Short.Get(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(uint)length);
            else
                code = Native.Linux.filemap_get(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(uint)length);
            Leave(owns);
            if (code != 0)
                Refuse(code, "read", length, offset);
        }

        /// <summary>Copies bytes in, likewise.</summary>
        internal void Put(long offset, void* buffer, int length)
        {
            bool owns = Enter();
            uint code = 0;
            if (Native.IsWindows)
                Copy((byte*)buffer, address + offset, length);
            else if (length <= Short.Most)
                code = Short.Put(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(uint)length);
            else
                code = Native.Linux.filemap_put(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(uint)length);
            Leave(owns);
            if (code != 0)
                Refuse(code, "write", length, offset);
        }

        static void Refuse(uint code, string what, long length, long offset)
        {
            throw Failure.Of((int)code, what + " " + length + " bytes of a view at " + offset);
        }

        internal void Flush(long offset, long length, Flush strength)
        {
            bool owns = Enter();
            int code = 0;
            if (!Native.IsWindows)
                code = (int)Native.Linux.filemap_flush(pin, (UIntPtr)(ulong)offset, (UIntPtr)(ulong)length, (uint)strength);
            else if (Native.Windows.FlushViewOfFile((IntPtr)(address + offset), (UIntPtr)(ulong)length) == 0)
                code = Marshal.GetLastWin32Error();
            Leave(owns);
            if (code != 0)
                throw Failure.Of(code, "flush a view");
        }

        /// <summary>Whether this byte is lost.</summary>
        internal bool IsLost(long offset)
        {
            bool owns = Enter();
            byte one;
            bool lost = !Native.IsWindows
                && Native.Linux.filemap_get(pin, (UIntPtr)(ulong)offset, &one, (UIntPtr)1) == Native.SwapError;
            Leave(owns);
            return lost;
        }

        /// <summary>Returns the ranges that read as zeros, or restores those that the file has again.</summary>
        internal LostRange[] Lost(long start, bool restores)
        {
            if (Native.IsWindows)
                return new LostRange[0];
            bool owns = Enter();
            int code = 0;
            var found = new LostBytes[64];
            UIntPtr count;
            while (true)
            {
                fixed (LostBytes* place = found)
                {
                    var room = (UIntPtr)(uint)found.Length;
                    int done = restores
                        ? Native.Linux.filemap_restore((IntPtr)address, place, room, out count)
                        : Native.Linux.filemap_lost((IntPtr)address, place, room, out count);
                    if (done == 0)
                        code = Marshal.GetLastWin32Error();
                }
                // What was restored is told once, as much as there was room for.
                if (code != 0 || restores || (ulong)count <= (ulong)found.Length)
                    break;
                found = new LostBytes[(int)(uint)count + 16];
            }
            Leave(owns);
            if (code != 0)
                throw Failure.Of(code, restores ? "restore a view" : "find what a view has lost");
            var told = new LostRange[(int)Math.Min((ulong)count, (ulong)found.Length)];
            for (int index = 0; index < told.Length; index++)
            {
                LostBytes bytes = found[index];
                long offset = (long)bytes.Address - (long)address - start;
                DateTime? since = null;
                if (bytes.Since != 0)
                    since = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddTicks((long)(bytes.Since / 100));
                told[index] = new LostRange(offset, (long)(ulong)bytes.Length, since);
            }
            return told;
        }

        /// <summary>Numbers in one piece, as the processor has them; others however they come.</summary>
        static void Copy(byte* from, byte* to, int length)
        {
            switch (length)
            {
                case 1: *to = *from; return;
                case 2: *(short*)to = *(short*)from; return;
                case 4: *(int*)to = *(int*)from; return;
                case 8: *(long*)to = *(long*)from; return;
            }
            for (; length >= 8; length -= 8, from += 8, to += 8)
                *(long*)to = *(long*)from;
            while (length-- > 0)
                *to++ = *from++;
        }
    }
}
