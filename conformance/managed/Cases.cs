// A program in several roles, each a process. A failed check ends it with 1 and a line on the
// failure. A role prints a word when the others may go on, and reads one when it may itself.
//
//   maker FILE    maps the file under a name, writes, reads the user's answers
//   user          knows the name alone, reads, answers, is the last to hold the name
//   late FILE     finds all of it in the file after both have ended
//   limits FILE   checks the class at its limits, alone
//
// It is compiled with one Subject, the class under test, and runs unchanged on every runtime.

using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading;

static class Cases
{
    // The offsets of bytes and objects. The bytes begin within a granule and end in another.
    const long Bytes = 0x30001, Objects = 0x100000, Answers = 0x300000, Asked = 0x500001, Answered = 0x600003;
    const int Rounds = 40;

    // Characters of two, three and four bytes of UTF-8; no argument, as a terminal may change them.
    const string Name = "cases \u00e9\u20ac\ud83d\ude00";

    static int Main(string[] arguments)
    {
        try
        {
            switch (arguments[0])
            {
                case "maker": Maker(arguments[1], Name); break;
                case "user": User(Name); break;
                case "late": Late(arguments[1], Name); break;
                case "limits": Subject.Limits(arguments[1], Name); break;
                default: throw new ArgumentException("no such role: " + arguments[0]);
            }
            Say("done " + Check.Count);
            return 0;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(string.Join(" ", arguments) + ": " + error);
            return 1;
        }
    }

    static void Maker(string fileName, string name)
    {
        Check.Code(2, "nobody has made the name", () => new Subject(name));
        var file = new Subject(fileName, name);
        Check.Equal(Subject.LengthByFile, file.Length, "the length of the file");
        Check.Equal(54, file.Size(42), "the size of a number");
        Check.Equal(29, file.Size("hello"), "the size of a text");
        Check.Equal(40, file.Size(new[] { 1, 2, 3 }), "the size of an array");
        Check.Equal(new byte[1], ReadBytes(file, 1, Bytes), "a byte that nobody wrote");

        Write(file, Pattern(1), Bytes);
        int index = 0;
        foreach (object value in Values.All())
            file.Write(value, Values.Place(Objects, index++));
        foreach (long offset in Subject.Far)
            file.Write("far at " + offset, offset);
        file.Write(0, Asked);
        file.Write(0, Answered);
        Say("written");

        for (int round = 1; round <= Rounds; round++)
        {
            file.Write(round, Asked);
            Await(file, round, Answered);
        }
        Hear("answered");
        CheckAnswers(file);
        file.Dispose();
        file.Dispose();
        Subject.CheckDisposed(file);
    }

    static void User(string name)
    {
        Check.Code(2, "another case is another name", () => new Subject(name.ToUpperInvariant()));
        Check.Code(3, "a folder of names that is not there", () => new Subject("nowhere\\" + name));
        Check.Code(161, "a name that begins with a backslash", () => new Subject("\\" + name));
        // The same name, in full.
        var file = new Subject("Local\\" + name);
        Check.Equal(Subject.LengthByName, file.Length, "the length by the name");
        CheckWritten(file);
        for (int round = 1; round <= Rounds; round++)
        {
            Await(file, round, Asked);
            file.Write(round, Answered);
        }
        Write(file, Pattern(2), Answers);
        int index = 0;
        foreach (object value in Values.All())
            file.Write(value, Values.Place(Answers + 0x20000, index++));
        Say("answered");

        // The maker has ended: the name exists as long as another process holds it.
        Hear("alone");
        using (var again = new Subject(name))
            CheckWritten(again);
        file.Dispose();
        Check.Code(2, "nobody holds the name any more", () => new Subject(name));
    }

    static void Late(string fileName, string name)
    {
        Check.Code(2, "the name has gone with its last user", () => new Subject(name));
        using (var plain = File.OpenRead(fileName))
        {
            Check.Equal(Subject.LengthByFile, plain.Length, "the length of the file on disk");
            plain.Seek(Bytes, SeekOrigin.Begin);
            var bytes = new byte[Pattern(1).Length];
            Check.Equal(bytes.Length, plain.Read(bytes, 0, bytes.Length), "bytes read from the file");
            Check.Equal(Pattern(1), bytes, "the bytes in the file");
        }
        using (var file = new Subject(fileName, name))
        {
            CheckWritten(file);
            CheckAnswers(file);
        }
    }

    static void CheckWritten(Subject file)
    {
        Check.Equal(Pattern(1), ReadBytes(file, Pattern(1).Length, Bytes), "the bytes");
        CheckValues(file, Objects);
        foreach (long offset in Subject.Far)
            Check.Equal("far at " + offset, file.Read(offset), "the object at " + offset);
    }

    static void CheckAnswers(Subject file)
    {
        Check.Equal(Pattern(2), ReadBytes(file, Pattern(2).Length, Answers), "the answered bytes");
        CheckValues(file, Answers + 0x20000);
    }

    static void CheckValues(Subject file, long start)
    {
        int index = 0;
        foreach (object value in Values.All())
        {
            long offset = Values.Place(start, index++);
            Check.Equal(value, file.Read(offset), "the object of " + value.GetType() + " at " + offset);
        }
    }

    static void Await(Subject file, int wanted, long offset)
    {
        var since = Stopwatch.StartNew();
        object seen;
        while (!(seen = file.Read(offset)).Equals(wanted))
        {
            if (since.Elapsed > TimeSpan.FromMinutes(1))
                throw new TimeoutException("the other process did not answer " + wanted + " but " + seen);
            Thread.Sleep(0);
        }
        Check.Count++;
    }

    // As many bytes as a class that maps one granule takes at any offset.
    public static byte[] Pattern(int seed)
    {
        var bytes = new byte[65536];
        for (int index = 0; index < bytes.Length; index++)
            bytes[index] = (byte)(index * 31 + (index >> 8) + seed);
        return bytes;
    }

    static void Write(Subject file, byte[] bytes, long offset)
    {
        file.Write(bytes, bytes.Length, offset);
    }

    public static byte[] ReadBytes(Subject file, int count, long offset)
    {
        var bytes = new byte[count];
        Check.Equal(count, file.Read(bytes, count, offset), "how many bytes were read");
        return bytes;
    }

    static void Say(string word)
    {
        Console.Out.WriteLine(word);
        Console.Out.Flush();
    }

    static void Hear(string word)
    {
        string heard = Console.In.ReadLine();
        if (heard != word)
            throw new InvalidOperationException("waited for " + word + " and heard " + heard);
    }
}
