// A program for Windows, compiled against the class library alone: `filemap dotnet --run` gives it names.

using System;
using System.IO.MemoryMappedFiles;

static class Untouched
{
    static int Main(string[] arguments)
    {
        string name = arguments[0];
        try
        {
            using (MemoryMappedFile map = MemoryMappedFile.CreateOrOpen(name, 4096))
            using (MemoryMappedViewAccessor view = map.CreateViewAccessor())
            {
                Console.WriteLine(view.ReadInt32(0));
                view.Write(0, 42);
                Console.ReadLine();
                return 0;
            }
        }
        catch (PlatformNotSupportedException)
        {
            Console.WriteLine("no names");
            return 3;
        }
    }
}
