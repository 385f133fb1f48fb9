// Holds a name, and ends in the way that it is told while it does.

using System;
using System.Runtime.InteropServices;
using System.Threading;

static class Exit
{
    // Memory of a page under this name, until the process ends; 0 is success.
    [DllImport("filemap_twin")]
    static extern int twin_hold(string name);

    static int Main(string[] arguments)
    {
        if (twin_hold("x") != 0)
            return 92;
        switch (arguments[0])
        {
            case "return":
                return 0;
            case "Environment.Exit":
                Environment.Exit(0);
                return 97;
            case "background thread":
                new Thread(() => Thread.Sleep(Timeout.Infinite)) { IsBackground = true }.Start();
                return 0;
            case "thread exits":
                new Thread(() => Environment.Exit(0)).Start();
                Thread.Sleep(Timeout.Infinite);
                return 97;
            default:
                return 97;
        }
    }
}
