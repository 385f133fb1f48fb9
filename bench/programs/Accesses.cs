// Times the accesses of a class over file mappings, which the alias `Subject` names: a line in
// front of this one says which it is.
//
// Accesses FILE; then one line for each measurement, "WHAT COUNT SEED". The answer is how many
// nanoseconds all of it took.

static class Accesses
{
    const int Size = 64;
    const long Granule = 65536;

    static void Main(string[] words)
    {
        // The view of an offset in the last granule would end behind the file.
        long end = new FileInfo(words[0]).Length - 2 * Granule;
        var buffer = new byte[Size];
        using (var subject = new Subject(words[0], null))
        {
            Console.WriteLine("ready");
            string line;
            while ((line = Console.ReadLine()) != null)
            {
                string[] parts = line.Split(' ');
                bool reads = parts[0] == "read";
                var offsets = new long[int.Parse(parts[1])];
                ulong seed = ulong.Parse(parts[2]) | 1;
                for (int number = 0; number < offsets.Length; number++)
                {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    offsets[number] = (long)(seed % (ulong)end);
                }
                var watch = Stopwatch.StartNew();
                foreach (long offset in offsets)
                {
                    if (reads)
                        subject.Read(buffer, Size, offset);
                    else
                        subject.Write(buffer, Size, offset);
                }
                watch.Stop();
                Console.WriteLine((long)(watch.ElapsedTicks * (1e9 / Stopwatch.Frequency)));
            }
        }
    }
}
