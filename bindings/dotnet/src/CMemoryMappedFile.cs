using System;
using System.IO;
using Filemap.MemoryMappedFiles;

namespace Filemap
{
    /// <summary>Bytes and objects in a file, or in memory, that processes share by a name.</summary>
    /// <remarks>
    /// The class that many programs had for this, with its calls. Offsets are any, an object may be as large as
    /// the mapping, a file has the length that was asked for, and <see cref="Length"/> is known to who opened
    /// the name as well. Objects are those of docs/objects.md.
    /// </remarks>
    public sealed class CMemoryMappedFile : IDisposable
    {
        readonly MemoryMappedFile mapping;
        readonly MemoryMappedViewAccessor view;

        /// <summary>Maps a file under a name; the file is made if there is none, and grows to the length.</summary>
        public CMemoryMappedFile(string fileName, string name, long length)
            : this(MemoryMappedFile.CreateFromFile(fileName, FileMode.OpenOrCreate, name, Larger(fileName, length))) { }

        /// <summary>Maps a file under a name, as long as it is.</summary>
        public CMemoryMappedFile(string fileName, string name)
            : this(MemoryMappedFile.CreateFromFile(fileName, FileMode.Open, name)) { }

        /// <summary>Makes memory under a name, or opens what has the name.</summary>
        public CMemoryMappedFile(string name, long length) : this(MemoryMappedFile.CreateOrOpen(name, length)) { }

        /// <summary>Opens a name.</summary>
        /// <exception cref="FileNotFoundException">No process holds the name.</exception>
        public CMemoryMappedFile(string name) : this(MemoryMappedFile.OpenExisting(name)) { }

        CMemoryMappedFile(MemoryMappedFile mapping)
        {
            this.mapping = mapping;
            try
            {
                view = mapping.CreateViewAccessor();
            }
            catch
            {
                mapping.Dispose();
                throw;
            }
        }

        static long Larger(string fileName, long length)
        {
            return File.Exists(fileName) ? Math.Max(length, new FileInfo(fileName).Length) : length;
        }

        /// <summary>Gets how many bytes there are.</summary>
        public long Length
        {
            get { return view.Capacity; }
        }

        /// <summary>Gets the view that all calls go to.</summary>
        public MemoryMappedViewAccessor View
        {
            get { return view; }
        }

        /// <summary>Stores a value at an offset.</summary>
        public void Write(object o, long atOffset)
        {
            view.WriteObject(atOffset, o);
        }

        /// <summary>Reads the value at an offset.</summary>
        public object Read(long atOffset)
        {
            return view.ReadObject(atOffset);
        }

        /// <summary>Reads the value at an offset as one of a type.</summary>
        public T Read<T>(long atOffset)
        {
            return view.ReadObject<T>(atOffset);
        }

        /// <summary>Stores the first bytes of a buffer at an offset.</summary>
        public void Write(byte[] buffer, int bytesToWrite, long atOffset)
        {
            view.WriteArray(atOffset, buffer, 0, bytesToWrite);
        }

        /// <summary>Reads bytes at an offset, as many as there are, and returns how many that were.</summary>
        public int Read(byte[] buffer, int bytesToRead, long atOffset)
        {
            return view.ReadArray(atOffset, buffer, 0, bytesToRead);
        }

        /// <summary>Returns how many bytes a value takes.</summary>
        public long Size(object o)
        {
            return Objects.ObjectHeader.Length + Objects.MessagePackWriter.Encode(o).Length;
        }

        /// <summary>Writes what was changed to the file.</summary>
        public void Flush()
        {
            view.Flush();
        }

        /// <summary>Gives the view and the name up.</summary>
        public void Dispose()
        {
            try
            {
                view.Dispose();
            }
            finally
            {
                mapping.Dispose();
            }
        }
    }
}
