using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;
using System.IO;

namespace Filemap.Objects
{
    /// <summary>Decoded values as those of a type that the program names. No other type is ever made.</summary>
    internal static class Shape
    {
        /// <summary>Returns a value as one of any type: maps become dictionaries.</summary>
        internal static object Any(object value)
        {
            var entries = value as Entries;
            if (entries != null)
            {
                var map = new Dictionary<object, object>();
                foreach (KeyValuePair<object, object> entry in entries)
                {
                    if (entry.Key == null || map.ContainsKey(Any(entry.Key)))
                        throw Unfit("a map with a key that is nil, or there twice", typeof(IDictionary));
                    map.Add(Any(entry.Key), Any(entry.Value));
                }
                return map;
            }
            var list = value as object[];
            return list != null ? Array.ConvertAll(list, Any) : value;
        }

        /// <summary>Returns a value as one of a type, or throws.</summary>
        internal static object As(object value, Type type)
        {
            if (type == typeof(object))
                return Any(value);
            Type nullable = Nullable.GetUnderlyingType(type);
            if (value == null)
            {
                if (nullable != null || !type.IsValueType)
                    return null;
                throw Unfit("nil", type);
            }
            if (nullable != null)
                return As(value, nullable);
            if (type.IsEnum)
                return Named(value as string, type);
            switch (Type.GetTypeCode(type))
            {
                case TypeCode.Boolean:
                    if (value is bool)
                        return value;
                    break;
                case TypeCode.String:
                    if (value is string)
                        return value;
                    break;
                case TypeCode.Char:
                    var text = value as string;
                    if (text != null && text.Length == 1)
                        return text[0];
                    break;
                case TypeCode.Single:
                case TypeCode.Double:
                    return Float(value, type);
                case TypeCode.SByte:
                case TypeCode.Int16:
                case TypeCode.Int32:
                case TypeCode.Int64:
                case TypeCode.Byte:
                case TypeCode.UInt16:
                case TypeCode.UInt32:
                case TypeCode.UInt64:
                    if (value is long || value is ulong)
                        return Whole(value, type);
                    break;
                case TypeCode.Object:
                    return Compound(value, type);
            }
            throw Unfit(value.GetType().Name, type);
        }

        static object Whole(object value, Type type)
        {
            try
            {
                // It checks the range, and both sides are whole numbers.
                return Convert.ChangeType(value, type, null);
            }
            catch (OverflowException)
            {
                throw Unfit(value.ToString(), type);
            }
        }

        static object Float(object value, Type type)
        {
            double wide;
            if (value is float)
                wide = (float)value;
            else if (value is double)
                wide = (double)value;
            else if (value is long && (long)(double)(long)value == (long)value && (long)value != long.MaxValue)
                wide = (long)value;
            else if (value is ulong && (double)(ulong)value < 18446744073709551616.0 && (ulong)(double)(ulong)value == (ulong)value)
                wide = (ulong)value;
            else
                throw Unfit(value.ToString(), type);
            if (type == typeof(double))
                return wide;
            float narrow = (float)wide;
            if (narrow != wide && !double.IsNaN(wide))
                throw Unfit(value.ToString(), type);
            return narrow;
        }

        static object Named(string name, Type type)
        {
            if (name != null && Array.IndexOf(Enum.GetNames(type), name) >= 0)
                return Enum.Parse(type, name);
            throw Unfit(name ?? "something else than a name", type);
        }

        static object Compound(object value, Type type)
        {
            var list = value as object[];
            var binary = value as byte[];
            var entries = value as Entries;
            if (type == typeof(byte[]) && binary != null)
                return binary;
            if (binary != null)
                list = Array.ConvertAll(binary, one => (object)(long)one);
            if (type.IsArray && type.GetArrayRank() == 1 && list != null)
            {
                Array array = Array.CreateInstance(type.GetElementType(), list.Length);
                for (int index = 0; index < list.Length; index++)
                    array.SetValue(As(list[index], type.GetElementType()), index);
                return array;
            }
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) && list != null)
            {
                var made = (IList)Activator.CreateInstance(type);
                foreach (object element in list)
                    made.Add(As(element, type.GetGenericArguments()[0]));
                return made;
            }
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>) && entries != null)
            {
                var made = (IDictionary)Activator.CreateInstance(type);
                Type[] kinds = type.GetGenericArguments();
                foreach (KeyValuePair<object, object> entry in entries)
                {
                    object key = As(entry.Key, kinds[0]);
                    if (key == null || made.Contains(key))
                        throw Unfit("a map with a key that is nil, or there twice", type);
                    made.Add(key, As(entry.Value, kinds[1]));
                }
                return made;
            }
            if (typeof(IEnumerable).IsAssignableFrom(type) || type.IsArray || list == null && entries == null)
                throw Unfit(list != null ? "a list" : entries != null ? "a map" : value.GetType().Name, type);
            return Structure(list, entries, type);
        }

        static object Structure(object[] list, Entries entries, Type type)
        {
            Member[] members = Member.Of(type);
            if (list != null && list.Length != members.Length)
                throw Unfit("a list of " + list.Length, type);
            object made = Activator.CreateInstance(type);
            for (int index = 0; index < members.Length; index++)
            {
                Member member = members[index];
                object value = list != null ? list[index] : Find(entries, member, type);
                member.Set(made, As(value, member.Type));
            }
            return made;
        }

        /// <summary>Returns the entry for a member: of its name, or else of one that differs in case alone.</summary>
        static object Find(Entries entries, Member member, Type type)
        {
            foreach (StringComparison how in new[] { StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase })
            {
                List<KeyValuePair<object, object>> found =
                    entries.FindAll(entry => string.Equals(entry.Key as string, member.Name, how));
                if (found.Count > 1)
                    throw Unfit("a map with `" + member.Name + "` twice", type);
                if (found.Count == 1)
                    return found[0].Value;
            }
            if (!member.Type.IsValueType || Nullable.GetUnderlyingType(member.Type) != null)
                return null;
            throw Unfit("a map without `" + member.Name + "`", type);
        }

        static InvalidDataException Unfit(string what, Type type)
        {
            return new InvalidDataException("could not read an object as " + type + ": it has " + what);
        }
    }
}
