using System;
using System.Reflection;

namespace Filemap
{
    /// <summary>How a structure lies in memory: its size, and the address of one on the stack.</summary>
    /// <remarks>C# before version 7.3 has no pointers to a type that is an argument. A typed reference
    /// has one in it, at a place that the runtimes do not agree on.</remarks>
    internal static unsafe class Layout<T> where T : struct
    {
        struct Pair
        {
#pragma warning disable 649 // Nobody stores to them: their places are asked.
            internal T First, Second;
#pragma warning restore 649
        }

        /// <summary>How many bytes one takes.</summary>
        internal static readonly int Size = Measure();

        /// <summary>How far one in an array of a view is from the next: the class library rounds it up.</summary>
        internal static readonly int Stride = Size <= 2 ? Size : (Size + 3) & ~3;

        /// <summary>Whether one holds references, which mean nothing to others.</summary>
        internal static readonly bool HasReferences = Reaches(typeof(T));

        /// <summary>1 if the runtime pins arrays of it, -1 if not, 0 before that was tried.</summary>
        static int pins;

        /// <summary>Whether the runtime pins such an array.</summary>
        internal static bool IsPinned(T[] array)
        {
            if (pins == 0)
            {
                try
                {
                    System.Runtime.InteropServices.GCHandle.Alloc(array, System.Runtime.InteropServices.GCHandleType.Pinned).Free();
                    pins = 1;
                }
                catch (ArgumentException)
                {
                    pins = -1;
                }
            }
            return pins > 0;
        }

        static int Measure()
        {
            Pair pair = default(Pair);
            TypedReference first = __makeref(pair.First), second = __makeref(pair.Second);
            return (int)(Place.Of(&second) - Place.Of(&first));
        }

        static bool Reaches(Type type)
        {
            if (type.IsPrimitive || type.IsEnum || type.IsPointer)
                return false;
            if (!type.IsValueType)
                return true;
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                if (Reaches(field.FieldType))
                    return true;
            return false;
        }

        internal static void Check()
        {
            if (HasReferences)
                throw new ArgumentException("The type " + typeof(T) + " holds references.");
        }
    }

    /// <summary>Where a typed reference keeps the address.</summary>
    internal static unsafe class Place
    {
        static readonly int Slot = Find();

        static int Find()
        {
            int here = 0;
            TypedReference reference = __makeref(here);
            return ((int**)&reference)[0] == &here ? 0 : 1;
        }

        /// <summary>Returns the address in the reference at <paramref name="reference"/>.</summary>
        internal static byte* Of(void* reference)
        {
            return ((byte**)reference)[Slot];
        }
    }
}
