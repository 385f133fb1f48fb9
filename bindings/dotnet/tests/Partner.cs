// The first or the second process of the example `two_processes`: Partner NAME, or Partner --second COMMAND...

using System;
using System.Diagnostics;
using System.Linq;
using System.Text;
using Filemap.MemoryMappedFiles;

static class Partner
{
    const string Greeting = "hello from the first";
    const int AnswerAt = 2000;

    static void Main(string[] arguments)
    {
        if (arguments[0] != "--second")
        {
            Answer(arguments[0]);
            return;
        }
        string name = "C# " + Guid.NewGuid();
        using (var map = MemoryMappedFile.CreateNew(name, 4096))
        using (var view = map.CreateViewAccessor())
        {
            view.WriteArray(0, Encoding.ASCII.GetBytes(Greeting), 0, Greeting.Length);
            string words = string.Join(" ", arguments.Skip(2).Concat(new[] { name }).Select(word => "\"" + word + "\""));
            using (Process second = Process.Start(new ProcessStartInfo(arguments[1], words) { UseShellExecute = false }))
            {
                second.WaitForExit();
                if (second.ExitCode != 0)
                    throw new Exception("the second process failed");
            }
            Console.WriteLine("the answer is " + view.ReadInt32(AnswerAt));
        }
    }

    static void Answer(string name)
    {
        using (var map = MemoryMappedFile.OpenExisting(name))
        using (var view = map.CreateViewAccessor())
        {
            var bytes = new byte[Greeting.Length];
            view.ReadArray(0, bytes, 0, bytes.Length);
            if (Encoding.ASCII.GetString(bytes) != Greeting)
                throw new Exception("another greeting");
            view.Write(AnswerAt, 42);
        }
    }
}
