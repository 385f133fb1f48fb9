using System;
using System.IO;

namespace Filemap.Objects
{
    /// <summary>What stands before an object's bytes: docs/objects.md has it byte by byte.</summary>
    internal static class ObjectHeader
    {
        internal const int Length = 24;
        internal const byte MessagePack = 1;
        internal const int State = 6;
        internal const byte Complete = 0xC6, Writing = 0x57;

        static readonly byte[] Sign = { 0x9A, 0x46, 0x4D, 0x4F };
        static readonly uint[] Table = MakeTable();

        static uint[] MakeTable()
        {
            var table = new uint[256];
            for (uint index = 0; index < 256; index++)
            {
                uint sum = index;
                for (int bit = 0; bit < 8; bit++)
                    sum = (sum & 1) != 0 ? sum >> 1 ^ 0x82F63B78 : sum >> 1;
                table[index] = sum;
            }
            return table;
        }

        /// <summary>Returns the CRC-32C of some bytes.</summary>
        internal static uint Checksum(byte[] bytes, int count)
        {
            uint sum = uint.MaxValue;
            for (int index = 0; index < count; index++)
                sum = Table[(byte)(sum ^ bytes[index])] ^ sum >> 8;
            return ~sum;
        }

        /// <summary>Returns the header of a complete object.</summary>
        internal static byte[] Of(byte[] payload, byte codec)
        {
            var header = new byte[Length];
            Sign.CopyTo(header, 0);
            header[4] = 1;
            header[5] = codec;
            header[State] = Complete;
            Store(header, 8, (ulong)payload.Length, 8);
            Store(header, 16, Checksum(payload, payload.Length), 4);
            Store(header, 20, Checksum(header, 20), 4);
            return header;
        }

        /// <summary>Checks the bytes at the beginning of an object, of which there may be fewer than a header has,
        /// and returns how long the payload is.</summary>
        internal static ulong Check(byte[] header, int count, byte codec, long position)
        {
            string at = "could not read an object at " + position + ": ";
            for (int index = 0; index < Sign.Length; index++)
            {
                if (index == count && count > 0)
                    throw new InvalidDataException(at + "it is truncated");
                if (index == count || header[index] != Sign[index])
                    throw new InvalidDataException(at + "there is no object");
            }
            if (count < Length)
                throw new InvalidDataException(at + "it is truncated");
            if (header[State] == Writing)
                throw new InvalidDataException(at + "it is being written, or its writer never finished");
            if (header[State] != Complete || Load(header, 20, 4) != Checksum(header, 20))
                throw new InvalidDataException(at + "it is damaged");
            if (header[4] != 1 || header[7] != 0)
                throw new InvalidDataException(at + "it is of another version");
            if (header[5] != codec)
                throw new InvalidDataException(at + "it is of another codec, " + header[5]);
            return Load(header, 8, 8);
        }

        /// <summary>Checks the payload against its header.</summary>
        internal static void CheckPayload(byte[] header, byte[] payload, long position)
        {
            if (Load(header, 16, 4) != Checksum(payload, payload.Length))
                throw new InvalidDataException(
                    "could not read an object at " + position + ": it is damaged, or was written meanwhile");
        }

        static void Store(byte[] bytes, int at, ulong value, int count)
        {
            for (int index = 0; index < count; index++)
                bytes[at + index] = (byte)(value >> 8 * index);
        }

        static ulong Load(byte[] bytes, int at, int count)
        {
            ulong value = 0;
            for (int index = 0; index < count; index++)
                value |= (ulong)bytes[at + index] << 8 * index;
            return value;
        }
    }
}
