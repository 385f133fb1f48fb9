using System;
using System.Runtime.InteropServices;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>The bytes of a view. Every access holds it, and what is held is not unmapped.</summary>
    public sealed unsafe class SafeMemoryMappedViewHandle : SafeBuffer
    {
        readonly IntPtr pin;

        /// <summary>Makes an object without a view.</summary>
        public SafeMemoryMappedViewHandle() : base(true) { }

        internal SafeMemoryMappedViewHandle(IntPtr address, IntPtr pin) : base(true)
        {
            SetHandle(address);
            this.pin = pin;
        }

        /// <summary>Unmaps the view.</summary>
        protected override bool ReleaseHandle()
        {
            if (Native.IsWindows)
                return Native.Windows.UnmapViewOfFile(handle) != 0;
            bool done = Native.Linux.UnmapViewOfFile(handle) != 0;
            Native.Linux.filemap_unpin(pin);
            return done;
        }

        /// <summary>Copies bytes out. What is lost is an exception, and what is closed another.</summary>
        internal void Get(long offset, void* buffer, long length)
        {
            bool held = false;
            uint code = 0;
            try
            {
                DangerousAddRef(ref held);
                if (Native.IsWindows)
                    Copy((byte*)handle + offset, (byte*)buffer, length);
                else
                    code = Native.Linux.filemap_get(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(ulong)length);
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
            if (code != 0)
                throw Failure.Of((int)code, "read " + length + " bytes of a view at " + offset);
        }

        /// <summary>Copies bytes in, likewise.</summary>
        internal void Put(long offset, void* buffer, long length)
        {
            bool held = false;
            uint code = 0;
            try
            {
                DangerousAddRef(ref held);
                if (Native.IsWindows)
                    Copy((byte*)buffer, (byte*)handle + offset, length);
                else
                    code = Native.Linux.filemap_put(pin, (UIntPtr)(ulong)offset, buffer, (UIntPtr)(ulong)length);
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
            if (code != 0)
                throw Failure.Of((int)code, "write " + length + " bytes of a view at " + offset);
        }

        internal void Flush(long offset, long length, Flush strength)
        {
            bool held = false;
            int code = 0;
            try
            {
                DangerousAddRef(ref held);
                if (!Native.IsWindows)
                    code = (int)Native.Linux.filemap_flush(pin, (UIntPtr)(ulong)offset, (UIntPtr)(ulong)length, (uint)strength);
                else if (Native.Windows.FlushViewOfFile(new IntPtr((long)handle + offset), (UIntPtr)(ulong)length) == 0)
                    code = Marshal.GetLastWin32Error();
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
            if (code != 0)
                throw Failure.Of(code, "flush a view");
        }

        /// <summary>Whether these bytes are lost.</summary>
        internal bool IsLost(long offset)
        {
            bool held = false;
            try
            {
                DangerousAddRef(ref held);
                byte one;
                return !Native.IsWindows
                    && Native.Linux.filemap_get(pin, (UIntPtr)(ulong)offset, &one, (UIntPtr)1) == Native.SwapError;
            }
            finally
            {
                if (held)
                    DangerousRelease();
            }
        }

        /// <summary>Numbers in one piece, as the processor has them; others however they come.</summary>
        static void Copy(byte* from, byte* to, long length)
        {
            switch (length)
            {
                case 1: *to = *from; return;
                case 2: *(short*)to = *(short*)from; return;
                case 4: *(int*)to = *(int*)from; return;
                case 8: *(long*)to = *(long*)from; return;
            }
            while (length >= 8)
            {
                *(long*)to = *(long*)from;
                from += 8;
                to += 8;
                length -= 8;
            }
            while (length-- > 0)
                *to++ = *from++;
        }
    }
}
