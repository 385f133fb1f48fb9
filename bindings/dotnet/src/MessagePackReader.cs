using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Filemap.Objects
{
    /// <summary>MessagePack as values: whole numbers as long, or ulong if they are larger; texts; byte[];
    /// object[]; Dictionary of objects. No length and no depth that it finds is trusted.</summary>
    internal sealed class MessagePackReader
    {
        readonly byte[] bytes;
        int at;

        MessagePackReader(byte[] bytes)
        {
            this.bytes = bytes;
        }

        internal static object Decode(byte[] bytes)
        {
            var reader = new MessagePackReader(bytes);
            object value = reader.Next(0);
            if (reader.at != bytes.Length)
                throw new InvalidDataException("There are bytes behind the value.");
            return value;
        }

        object Next(int depth)
        {
            if (depth > MessagePackWriter.Deepest)
                throw new InvalidDataException("The value is nested more than " + MessagePackWriter.Deepest + " deep.");
            byte kind = (byte)Number(1);
            if (kind < 0x80)
                return (long)kind;
            if (kind < 0x90)
                return Map(kind & 15, depth);
            if (kind < 0xA0)
                return List(kind & 15, depth);
            if (kind < 0xC0)
                return Text(kind & 31);
            if (kind >= 0xE0)
                return (long)(sbyte)kind;
            switch (kind)
            {
                case 0xC0: return null;
                case 0xC2: return false;
                case 0xC3: return true;
                case 0xC4: return Binary(Number(1));
                case 0xC5: return Binary(Number(2));
                case 0xC6: return Binary(Number(4));
                case 0xCA: return BitConverter.ToSingle(BitConverter.GetBytes((uint)Number(4)), 0);
                case 0xCB: return BitConverter.Int64BitsToDouble((long)Number(8));
                case 0xCC: return (long)Number(1);
                case 0xCD: return (long)Number(2);
                case 0xCE: return (long)Number(4);
                case 0xCF:
                    ulong value = Number(8);
                    return value <= long.MaxValue ? (object)(long)value : value;
                case 0xD0: return (long)(sbyte)Number(1);
                case 0xD1: return (long)(short)Number(2);
                case 0xD2: return (long)(int)Number(4);
                case 0xD3: return (long)Number(8);
                case 0xD9: return Text((long)Number(1));
                case 0xDA: return Text((long)Number(2));
                case 0xDB: return Text((long)Number(4));
                case 0xDC: return List((long)Number(2), depth);
                case 0xDD: return List((long)Number(4), depth);
                case 0xDE: return Map((long)Number(2), depth);
                case 0xDF: return Map((long)Number(4), depth);
            }
            throw new InvalidDataException("The value has a kind that is not read: " + kind.ToString("X2") + ".");
        }

        ulong Number(int count)
        {
            Need(count);
            ulong value = 0;
            while (count-- > 0)
                value = value << 8 | bytes[at++];
            return value;
        }

        void Need(long count)
        {
            if (count > bytes.Length - at)
                throw new InvalidDataException("The value ends too soon.");
        }

        byte[] Binary(ulong count)
        {
            Need((long)count);
            var binary = new byte[(int)count];
            Array.Copy(bytes, at, binary, 0, binary.Length);
            at += binary.Length;
            return binary;
        }

        string Text(long count)
        {
            Need(count);
            try
            {
                string text = new UTF8Encoding(false, true).GetString(bytes, at, (int)count);
                at += (int)count;
                return text;
            }
            catch (ArgumentException)
            {
                throw new InvalidDataException("A text is not UTF-8.");
            }
        }

        object[] List(long count, int depth)
        {
            // Each element has a byte at least.
            Need(count);
            var list = new object[(int)count];
            for (int index = 0; index < list.Length; index++)
                list[index] = Next(depth + 1);
            return list;
        }

        Entries Map(long count, int depth)
        {
            Need(count * 2);
            var entries = new Entries();
            for (; count > 0; count--)
            {
                object key = Next(depth + 1);
                entries.Add(new KeyValuePair<object, object>(key, Next(depth + 1)));
            }
            return entries;
        }
    }

    /// <summary>The entries of a map in their order: a map may have nil or a list as a key, or one twice.</summary>
    internal sealed class Entries : List<KeyValuePair<object, object>>
    {
    }
}
