// Checks, which are counted; a failed one is reported.

using System;
using System.Collections;
using System.ComponentModel;

static class Check
{
    public static int Count;

    public static void Equal(object wanted, object seen, string what)
    {
        Count++;
        if (!Same(wanted, seen))
            throw new Exception(what + ": wanted " + wanted + ", and it is " + (seen ?? "null"));
    }

    public static void Throws<T>(string what, Action action) where T : Exception
    {
        Count++;
        try
        {
            action();
        }
        catch (T)
        {
            return;
        }
        throw new Exception(what + ": wanted " + typeof(T) + ", and nothing was thrown");
    }

    // Expects an exception with this Windows error.
    public static void Code(int code, string what, Action action)
    {
        Count++;
        try
        {
            action();
        }
        catch (Win32Exception error)
        {
            if (error.NativeErrorCode == code)
                return;
            throw new Exception(what + ": wanted error " + code + ", and it is " + error.NativeErrorCode);
        }
        throw new Exception(what + ": wanted error " + code + ", and nothing was thrown");
    }

    // Equality by value, also in collections. Numbers of different types can be equal.
    static bool Same(object one, object other)
    {
        if (one is int && other is long)
            return (int)one == (long)other;
        var table = one as IDictionary;
        if (table != null)
        {
            var second = other as IDictionary;
            if (second == null || one.GetType() != other.GetType() || table.Count != second.Count)
                return false;
            foreach (DictionaryEntry entry in table)
            {
                if (!second.Contains(entry.Key) || !Same(entry.Value, second[entry.Key]))
                    return false;
            }
            return true;
        }
        var list = one as IEnumerable;
        if (list == null || one is string || other == null || one.GetType() != other.GetType())
            return Equals(one, other);
        IEnumerator left = list.GetEnumerator(), right = ((IEnumerable)other).GetEnumerator();
        while (left.MoveNext())
        {
            if (!right.MoveNext() || !Same(left.Current, right.Current))
                return false;
        }
        return !right.MoveNext();
    }
}
