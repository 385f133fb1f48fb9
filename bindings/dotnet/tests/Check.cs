using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Reflection;

/// <summary>Claims, which are counted, and end the program if they do not hold.</summary>
static class Check
{
    internal static int Held;

    /// <summary>Whether the system's own kernel32 is under it, which knows whole pages and tells of no holders.</summary>
    internal static readonly bool IsWindows = Path.DirectorySeparatorChar == '\\';

    internal static void That(bool holds, string claim)
    {
        if (!holds)
            throw new Exception("does not hold: " + claim);
        Held++;
    }

    internal static void Same(object found, object wanted)
    {
        That(Equals(found, wanted), "found `" + found + "`, wanted `" + wanted + "`");
    }

    internal static T Throws<T>(Action body) where T : Exception
    {
        try
        {
            body();
        }
        catch (T error)
        {
            That(error.GetType() == typeof(T), "threw " + error.GetType() + " and not " + typeof(T));
            return error;
        }
        throw new Exception("did not throw " + typeof(T));
    }

    internal static void Fails(int code, Action body)
    {
        Same(Throws<IOException>(body).HResult, unchecked((int)0x80070000) | code);
    }
}

/// <summary>Another process of these tests, perhaps of another runtime.</summary>
sealed class Partner : IDisposable
{
    /// <summary>The program and its first arguments, told by who started the tests.</summary>
    internal static string[] Command;

    readonly Process process;

    internal Partner(params string[] role) : this(null, role) { }

    /// <summary>One that is to fail: in a folder, and heard where it complains.</summary>
    internal Partner(DirectoryInfo folder, string[] role)
    {
        var words = new List<string>();
        for (int index = 1; index < Command.Length; index++)
            words.Add("\"" + Command[index] + "\"");
        foreach (string word in role)
            words.Add("\"" + word + "\"");
        process = Process.Start(new ProcessStartInfo(Command[0], string.Join(" ", words))
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = folder != null, WorkingDirectory = folder == null ? "" : folder.FullName,
        });
    }

    internal int Id
    {
        get { return process.Id; }
    }

    internal void Hear(string wanted)
    {
        Check.Same(process.StandardOutput.ReadLine(), wanted);
    }

    internal void Tell(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
    }

    internal void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Waits for its end, and returns its code and what it complained.</summary>
    internal int Complaint(out string said)
    {
        said = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    internal void End()
    {
        process.WaitForExit();
        Check.Same(process.ExitCode, 0);
    }

    public void Dispose()
    {
        if (!process.HasExited)
            Kill();
        process.Dispose();
    }
}

static class Program
{
    static int Main(string[] arguments)
    {
        try
        {
            if (arguments[0] == "closed")
            {
                Losses.AClosedViewIsNeverTouched();
                Console.WriteLine(Check.Held + " claims held");
                return 0;
            }
            if (arguments[0] != "all")
            {
                Roles.Play(arguments);
                return 0;
            }
            string folder = arguments[1];
            Partner.Command = new string[arguments.Length - 2];
            Array.Copy(arguments, 2, Partner.Command, 0, Partner.Command.Length);
            Names.Run(folder);
            Objects.Run();
            Waits.Run();
            if (Check.IsWindows)
                Losses.AClosedViewIsNeverTouched();
            else
                Losses.Run(folder);
            Processes.Run(folder);
            Console.WriteLine(Check.Held + " claims held");
            return 0;
        }
        catch (Exception error)
        {
            Console.WriteLine("FAILED: " + error);
            return 1;
        }
    }
}
