// Reads a package as NuGet does: Reader.exe FOLDER PACKAGE. The libraries are found by reflection, as for the compiler.

using System;
using System.Collections;
using System.IO;
using System.Linq;
using System.Reflection;

static class Reader
{
    static int Main(string[] arguments)
    {
        AppDomain.CurrentDomain.AssemblyResolve += delegate(object sender, ResolveEventArgs wanted)
        {
            string path = Path.Combine(arguments[0], new AssemblyName(wanted.Name).Name + ".dll");
            return File.Exists(path) ? Assembly.LoadFrom(path) : null;
        };
        Assembly packaging = Assembly.LoadFrom(Path.Combine(arguments[0], "NuGet.Packaging.dll"));
        Type type = packaging.GetType("NuGet.Packaging.PackageArchiveReader", true);
        ConstructorInfo made = type.GetConstructors().First(c => c.GetParameters()[0].ParameterType == typeof(Stream)
            && c.GetParameters().Length == 1);
        using (Stream stream = File.OpenRead(arguments[1]))
        {
            object reader = made.Invoke(new object[] { stream });
            Console.WriteLine("NuGet reads " + Call(reader, "GetIdentity"));
            foreach (object group in (IEnumerable)Call(reader, "GetLibItems"))
                Console.WriteLine("  " + group.GetType().GetProperty("TargetFramework").GetValue(group, null) + ": "
                    + string.Join(" ", ((IEnumerable)group.GetType().GetProperty("Items").GetValue(group, null)).Cast<object>()));
            foreach (object name in ((IEnumerable)Call(reader, "GetFiles")).Cast<object>().Where(n => n.ToString().StartsWith("runtimes/")))
                Console.WriteLine("  " + name);
            return 0;
        }
    }

    static object Call(object on, string name)
    {
        return on.GetType().GetMethods().First(m => m.Name == name && m.GetParameters().Length == 0).Invoke(on, null);
    }
}
