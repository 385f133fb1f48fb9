using System;
using System.Collections;
using System.IO;
using System.Reflection;
using System.Text;

namespace Filemap.Objects
{
    /// <summary>Values as MessagePack, in the shapes of docs/objects.md.</summary>
    internal sealed class MessagePackWriter
    {
        internal const int Deepest = 128;

        readonly MemoryStream bytes = new MemoryStream();

        internal static byte[] Encode(object value)
        {
            var writer = new MessagePackWriter();
            writer.Put(value, 0);
            return writer.bytes.ToArray();
        }

        void Put(object value, int depth)
        {
            if (depth > Deepest)
                throw new NotSupportedException("An object is nested at most " + Deepest + " deep.");
            if (value == null)
            {
                bytes.WriteByte(0xC0);
                return;
            }
            Type type = value.GetType();
            if (type.IsEnum)
            {
                Text(value.ToString());
                return;
            }
            switch (Type.GetTypeCode(type))
            {
                case TypeCode.Boolean: bytes.WriteByte((bool)value ? (byte)0xC3 : (byte)0xC2); return;
                case TypeCode.Char: Text(value.ToString()); return;
                case TypeCode.String: Text((string)value); return;
                case TypeCode.SByte: Signed((sbyte)value); return;
                case TypeCode.Int16: Signed((short)value); return;
                case TypeCode.Int32: Signed((int)value); return;
                case TypeCode.Int64: Signed((long)value); return;
                case TypeCode.Byte: Unsigned((byte)value); return;
                case TypeCode.UInt16: Unsigned((ushort)value); return;
                case TypeCode.UInt32: Unsigned((uint)value); return;
                case TypeCode.UInt64: Unsigned((ulong)value); return;
                case TypeCode.Single: Number(0xCA, BitConverter.ToUInt32(BitConverter.GetBytes((float)value), 0), 4); return;
                case TypeCode.Double: Number(0xCB, (ulong)BitConverter.DoubleToInt64Bits((double)value), 8); return;
            }
            var binary = value as byte[];
            var map = value as IDictionary;
            var list = value as ICollection;
            if (binary != null)
            {
                Length(0, 0, 0xC4, binary.Length);
                bytes.Write(binary, 0, binary.Length);
            }
            else if (map != null)
            {
                Length(0x80, 16, 0xDD, map.Count);
                foreach (DictionaryEntry entry in map)
                {
                    Put(entry.Key, depth + 1);
                    Put(entry.Value, depth + 1);
                }
            }
            else if (list != null)
            {
                Length(0x90, 16, 0xDB, list.Count);
                foreach (object element in list)
                    Put(element, depth + 1);
            }
            else
            {
                Member[] members = Member.Of(type);
                Length(0x80, 16, 0xDD, members.Length);
                foreach (Member member in members)
                {
                    Text(member.Name);
                    Put(member.Get(value), depth + 1);
                }
            }
        }

        void Text(string text)
        {
            // What is not a text in Unicode has no UTF-8: it is refused.
            byte[] utf8 = new UTF8Encoding(false, true).GetBytes(text);
            Length(0xA0, 32, 0xD8, utf8.Length);
            bytes.Write(utf8, 0, utf8.Length);
        }

        void Signed(long value)
        {
            if (value >= 0)
                Unsigned((ulong)value);
            else if (value >= -32)
                bytes.WriteByte((byte)value);
            else if (value >= sbyte.MinValue)
                Number(0xD0, (byte)value, 1);
            else if (value >= short.MinValue)
                Number(0xD1, (ushort)value, 2);
            else if (value >= int.MinValue)
                Number(0xD2, (uint)value, 4);
            else
                Number(0xD3, (ulong)value, 8);
        }

        void Unsigned(ulong value)
        {
            if (value < 128)
                bytes.WriteByte((byte)value);
            else if (value <= byte.MaxValue)
                Number(0xCC, value, 1);
            else if (value <= ushort.MaxValue)
                Number(0xCD, value, 2);
            else if (value <= uint.MaxValue)
                Number(0xCE, value, 4);
            else
                Number(0xCF, value, 8);
        }

        /// <summary>Writes a length: in the first byte if that has room, else behind one of three.</summary>
        /// <remarks><paramref name="kind"/> is the byte for lengths of one byte, which arrays and maps do not have.</remarks>
        void Length(byte first, int room, byte kind, int length)
        {
            if (length < room)
                bytes.WriteByte((byte)(first | length));
            else if (length <= byte.MaxValue && room != 16)
                Number(room == 32 ? (byte)0xD9 : kind, (ulong)length, 1);
            else if (length <= ushort.MaxValue)
                Number((byte)(kind + (room == 32 ? 2 : 1)), (ulong)length, 2);
            else
                Number((byte)(kind + (room == 32 ? 3 : 2)), (ulong)length, 4);
        }

        void Number(byte kind, ulong value, int count)
        {
            bytes.WriteByte(kind);
            while (count-- > 0)
                bytes.WriteByte((byte)(value >> 8 * count));
        }
    }
}
