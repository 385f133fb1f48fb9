// Lost pages inside Mono, which has handlers of its own: 1,000 views are mapped, cut and accessed
// in four threads, amid null references, that Mono learns of by SIGSEGV, and collections, for
// which it stops all threads by signals.

using System;
using System.Runtime.InteropServices;
using System.Threading;

static class Probe
{
    const int Threads = 4;
    const int Probes = 250;

    // 0 if each access to the lost page was an error.
    [DllImport("filemap_twin")]
    static extern int twin_probe();

    // 0 if a lost page read as zeros by its address.
    [DllImport("filemap_twin")]
    static extern int twin_zeros();

    sealed class Thing
    {
        public int Value;
        public Thing Next = null;
    }

    static int errors, references, collections;

    static int Main()
    {
        var threads = new Thread[Threads];
        for (int index = 0; index < Threads; index++)
        {
            threads[index] = new Thread(Work);
            threads[index].Start();
        }
        foreach (var thread in threads)
            thread.Join();

        int wanted = Threads * Probes;
        Console.WriteLine("{0} of {1} probes survived; {2} of {1} null references caught; {3} collections",
            errors, wanted, references, collections);
        return errors == wanted && references == wanted ? 0 : 1;
    }

    static void Work()
    {
        var nobody = new Thing { Value = 1 };
        for (int round = 0; round < Probes; round++)
        {
            if (twin_probe() == 0 && twin_zeros() == 0)
                Interlocked.Increment(ref errors);
            try
            {
                nobody.Value = nobody.Next.Value;
            }
            catch (NullReferenceException)
            {
                Interlocked.Increment(ref references);
            }
            var garbage = new Thing[1000];
            for (int index = 0; index < garbage.Length; index++)
                garbage[index] = new Thing { Value = index };
            if (round % 25 == 0)
            {
                GC.Collect();
                Interlocked.Increment(ref collections);
            }
        }
    }
}
