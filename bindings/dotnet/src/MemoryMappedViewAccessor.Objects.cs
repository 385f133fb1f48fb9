using System;
using Filemap.Objects;

namespace Filemap.MemoryMappedFiles
{
    public sealed unsafe partial class MemoryMappedViewAccessor
    {
        /// <summary>Stores a value as an object, and returns how many bytes it takes.</summary>
        /// <remarks>
        /// Numbers, texts, byte[], arrays, lists and dictionaries, and types by their public fields and properties.
        /// Rust, Python and the command read it.
        /// </remarks>
        public long WriteObject(long position, object value)
        {
            return WriteEncoded(position, ObjectHeader.MessagePack, MessagePackWriter.Encode(value));
        }

        /// <summary>Reads an object: whole numbers as long, lists as object[], maps and structures as
        /// Dictionary of objects.</summary>
        /// <exception cref="System.IO.InvalidDataException">There is no object, or it is damaged, truncated, or being written.</exception>
        public object ReadObject(long position)
        {
            return Shape.Any(MessagePackReader.Decode(ReadEncoded(position, ObjectHeader.MessagePack)));
        }

        /// <summary>Reads an object as a value of a type: no other type is made.</summary>
        /// <exception cref="System.IO.InvalidDataException">As for <see cref="ReadObject(long)"/>; or it does not fit the type.</exception>
        public T ReadObject<T>(long position)
        {
            return (T)Shape.As(MessagePackReader.Decode(ReadEncoded(position, ObjectHeader.MessagePack)), typeof(T));
        }

        /// <summary>Stores bytes of a program's own format, 128 to 255, and returns how many bytes that takes.</summary>
        public long WriteEncoded(long position, byte codec, byte[] payload)
        {
            if (payload == null)
                throw new ArgumentNullException("payload");
            CheckWrite(position, ObjectHeader.Length);
            if (payload.Length > capacity - position - ObjectHeader.Length)
                throw new ArgumentException("The view ends too soon for an object of " + payload.Length + " bytes.", "payload");
            byte[] header = ObjectHeader.Of(payload, codec);
            // Whoever reads meanwhile, or after a crash, finds it unfinished.
            header[ObjectHeader.State] = ObjectHeader.Writing;
            Write(position + ObjectHeader.State, ObjectHeader.Writing);
            System.Threading.Thread.MemoryBarrier();
            WriteArray(position, header, 0, header.Length);
            if (payload.Length > 0)
                WriteArray(position + ObjectHeader.Length, payload, 0, payload.Length);
            System.Threading.Thread.MemoryBarrier();
            Write(position + ObjectHeader.State, ObjectHeader.Complete);
            return ObjectHeader.Length + payload.Length;
        }

        /// <summary>Reads the bytes of an object of this format.</summary>
        public byte[] ReadEncoded(long position, byte codec)
        {
            var header = new byte[ObjectHeader.Length];
            int count = ReadArray(position, header, 0, header.Length);
            ulong length = ObjectHeader.Check(header, count, codec, position);
            if (length > (ulong)(capacity - position - ObjectHeader.Length) || length > int.MaxValue)
                throw new System.IO.InvalidDataException("could not read an object at " + position + ": it is truncated");
            var payload = new byte[(int)length];
            if (payload.Length > 0)
                ReadArray(position + ObjectHeader.Length, payload, 0, payload.Length);
            ObjectHeader.CheckPayload(header, payload, position);
            return payload;
        }
    }
}
