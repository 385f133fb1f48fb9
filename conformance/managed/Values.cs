// Objects of many types, each of which must be read back equal.

using System;
using System.Collections.Generic;

// An object of the program, which may refer to others and to itself.
[Serializable]
public sealed class Player
{
    public string Name;
    public int[] Points;
    public Player Next;

    // A cycle of two objects.
    public static Player Ring()
    {
        var one = new Player { Name = "Ada", Points = new[] { 3, 5 } };
        one.Next = new Player { Name = "Jos\u00e9", Points = new int[0], Next = one };
        return one;
    }

    public override bool Equals(object other)
    {
        var player = other as Player;
        return player != null && player.Name == Name && player.Points.Length == Points.Length
            && player.Next.Name == Next.Name && ReferenceEquals(player.Next.Next, player);
    }

    public override int GetHashCode()
    {
        return Name.GetHashCode();
    }
}

static class Values
{
    public static IEnumerable<object> All()
    {
        var bytes = new byte[3000];
        for (int index = 0; index < bytes.Length; index++)
            bytes[index] = (byte)(index * 7);
        return new object[]
        {
            true, (byte)255, 'x', short.MinValue, 42, uint.MaxValue, long.MinValue, 2.5f, -0.1,
            79228162514264337593543950335m, "", "hello", "Loc\u00e9\u20ac\ud83d\ude00",
            new DateTime(1815, 12, 10, 1, 2, 3, DateTimeKind.Utc), TimeSpan.FromTicks(1),
            new Guid("00112233-4455-6677-8899-aabbccddeeff"), DayOfWeek.Friday,
            bytes, new[] { 1, 2, 3 }, new[] { "one", null, "three" },
            new object[] { 1, "two", 3.0, null, new[] { 4L } }, new int[2, 2] { { 1, 2 }, { 3, 4 } },
            new List<string> { "a", "b" }, new Dictionary<string, int> { { "a", 1 }, { "b", 2 } },
            Player.Ring(),
        };
    }

    // The types that these need besides numbers, texts, dates and arrays of those.
    public static readonly Type[] Types =
    {
        typeof(DayOfWeek), typeof(int[,]), typeof(Player), typeof(List<string>),
        typeof(Dictionary<string, int>), typeof(KeyValuePair<string, int>),
        typeof(KeyValuePair<string, int>[]), EqualityComparer<string>.Default.GetType(),
    };

    // The offset of the object of this number; no two begin at the same offset within a page.
    public static long Place(long start, int index)
    {
        return start + index * 5000 + index;
    }
}
