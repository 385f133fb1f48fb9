// Compares the public members of the class library's types with ours: prints what is missing.

using System;
using System.Collections.Generic;
using System.IO.MemoryMappedFiles;
using System.Linq;
using System.Reflection;

static class Surface
{
    static int Main()
    {
        int members = 0;
        var missing = new List<string>();
        Assembly ours = typeof(Filemap.CMemoryMappedFile).Assembly;
        foreach (Type theirs in typeof(MemoryMappedFile).Assembly.GetExportedTypes())
        {
            Type own = ours.GetType("Filemap.MemoryMappedFiles." + theirs.Name);
            var known = new HashSet<string>(own == null ? new string[0] : Members(own));
            foreach (string member in Members(theirs))
            {
                members++;
                if (!known.Contains(member))
                    missing.Add(theirs.Name + ": " + member);
            }
        }
        foreach (Type theirs in new[]
        {
            typeof(System.Threading.Mutex), typeof(System.Threading.EventWaitHandle), typeof(System.Threading.AutoResetEvent),
            typeof(System.Threading.ManualResetEvent), typeof(System.Threading.Semaphore), typeof(System.Threading.WaitHandle),
        })
        {
            var known = new HashSet<string>(Members(ours.GetType("Filemap.Threading." + theirs.Name)));
            foreach (string member in Members(theirs))
            {
                members++;
                if (!known.Contains(member))
                    missing.Add(theirs.Name + ": " + member);
            }
        }
        foreach (string one in missing)
            Console.WriteLine("missing: " + one);
        Console.WriteLine(members + " members, " + missing.Count + " missing");
        return 0;
    }

    static IEnumerable<string> Members(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        foreach (MemberInfo member in type.GetMembers(all))
        {
            var method = member as MethodBase;
            var field = member as FieldInfo;
            if (method != null && (method.IsPublic || method.IsFamily) || field != null && (field.IsPublic || field.IsFamily))
                yield return Text(member);
        }
    }

    static string Text(MemberInfo member)
    {
        // Types of one name are one type.
        return member.ToString().Replace("Filemap.MemoryMappedFiles.", "").Replace("System.IO.MemoryMappedFiles.", "")
            .Replace("Filemap.Threading.", "").Replace("System.Threading.", "").Replace("Microsoft.Win32.SafeHandles.", "")
            .Replace("SafeWaitableHandle", "SafeWaitHandle");
    }
}
