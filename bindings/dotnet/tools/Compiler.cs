// Runs Roslyn, the C# compiler, where there are its libraries and no program: Compiler.exe FOLDER ARGUMENTS of csc.
// It finds them by reflection, so that Mono's compiler can compile it without them.

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;

static class Compiler
{
    static Assembly core, csharp;

    static int Main(string[] arguments)
    {
        string folder = arguments[0];
        AppDomain.CurrentDomain.AssemblyResolve += delegate(object sender, ResolveEventArgs wanted)
        {
            string path = Path.Combine(folder, new AssemblyName(wanted.Name).Name + ".dll");
            return File.Exists(path) ? Assembly.LoadFrom(path) : null;
        };
        core = Assembly.LoadFrom(Path.Combine(folder, "Microsoft.CodeAnalysis.dll"));
        csharp = Assembly.LoadFrom(Path.Combine(folder, "Microsoft.CodeAnalysis.CSharp.dll"));
        object parser = Of(csharp, "CSharp.CSharpCommandLineParser").GetProperty("Default").GetValue(null, null);
        object parsed = Call(parser, "Parse", arguments.Skip(1).ToArray(), Directory.GetCurrentDirectory(), null, null);
        if (Failed((IEnumerable)Get(parsed, "Errors")))
            return 1;
        object options = Get(parsed, "CompilationOptions");
        object provider = Activator.CreateInstance(
            Of(core, "DesktopStrongNameProvider"), Fit(Of(core, "DesktopStrongNameProvider").GetConstructors()[0], Get(parsed, "KeyFileSearchPaths")));
        options = Call(options, "WithStrongNameProvider", provider);
        var trees = new List<object>();
        MethodInfo parse = Of(csharp, "CSharp.CSharpSyntaxTree").GetMethods().First(
            m => m.Name == "ParseText" && m.GetParameters()[0].ParameterType.Name == "SourceText");
        MethodInfo text = Of(core, "Text.SourceText").GetMethods().First(
            m => m.Name == "From" && m.GetParameters()[0].ParameterType == typeof(Stream));
        foreach (object source in (IEnumerable)Get(parsed, "SourceFiles"))
        {
            string path = (string)Get(source, "Path");
            using (Stream stream = File.OpenRead(path))
                trees.Add(parse.Invoke(null, Fit(parse, text.Invoke(null, Fit(text, stream, Get(parsed, "ChecksumAlgorithm"))), Get(parsed, "ParseOptions"), path)));
        }
        var references = new List<object>();
        MethodInfo load = Of(core, "MetadataReference").GetMethods().First(
            m => m.Name == "CreateFromFile" && m.GetParameters()[0].ParameterType == typeof(string));
        foreach (object reference in (IEnumerable)Get(parsed, "MetadataReferences"))
            references.Add(load.Invoke(null, Fit(load, Get(reference, "Reference"))));
        MethodInfo create = Of(csharp, "CSharp.CSharpCompilation").GetMethods().First(m => m.Name == "Create" && m.IsStatic);
        object compilation = create.Invoke(null, new[]
        {
            Get(parsed, "CompilationName") ?? Path.GetFileNameWithoutExtension((string)Get(parsed, "OutputFileName")),
            List(trees, "SyntaxTree"), List(references, "MetadataReference"), options,
        });
        string output = Path.Combine((string)Get(parsed, "OutputDirectory"), (string)Get(parsed, "OutputFileName"));
        using (Stream program = File.Create(output))
        using (Stream symbols = Opened((string)Get(parsed, "PdbPath")))
        using (Stream documentation = Opened((string)Get(parsed, "DocumentationPath")))
        {
            MethodInfo emit = compilation.GetType().BaseType.GetMethods().Where(m => m.Name == "Emit").OrderByDescending(
                m => m.GetParameters().Length).First(m => m.GetParameters().Any(p => p.ParameterType.Name == "EmitOptions"));
            var given = emit.GetParameters().Select(delegate(ParameterInfo parameter)
            {
                switch (parameter.Name)
                {
                    case "peStream": return program;
                    case "pdbStream": return symbols;
                    case "xmlDocumentationStream": return documentation;
                    case "options": return Get(parsed, "EmitOptions");
                    default: return parameter.HasDefaultValue ? parameter.DefaultValue : Default(parameter.ParameterType);
                }
            }).ToArray();
            object result = emit.Invoke(compilation, given);
            Failed((IEnumerable)Get(result, "Diagnostics"));
            return (bool)Get(result, "Success") ? 0 : 1;
        }
    }

    static Stream Opened(string path)
    {
        return path == null ? null : File.Create(path);
    }

    /// <summary>Prints errors and warnings, and returns whether there are errors.</summary>
    static bool Failed(IEnumerable diagnostics)
    {
        bool failed = false;
        foreach (object one in diagnostics)
        {
            string severity = Get(one, "Severity").ToString();
            failed |= severity == "Error";
            if (severity != "Hidden" && severity != "Info")
                Console.Error.WriteLine(one);
        }
        return failed;
    }

    static Type Of(Assembly assembly, string name)
    {
        return assembly.GetType("Microsoft.CodeAnalysis." + name, true);
    }

    static object Get(object of, string property)
    {
        // Of a property that a derived type has anew, the derived one.
        Type type = of.GetType();
        PropertyInfo found = null;
        for (; found == null; type = type.BaseType)
            found = type.GetProperty(property, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
        return found.GetValue(of, null);
    }

    static object Call(object on, string name, params object[] given)
    {
        MethodInfo method = on.GetType().GetMethods().First(
            m => m.Name == name && m.GetParameters().Length == given.Length && m.DeclaringType == on.GetType());
        return method.Invoke(on, given);
    }

    /// <summary>Returns arguments for a method: each given one at the first parameter that takes it.</summary>
    static object[] Fit(MethodBase method, params object[] given)
    {
        var left = given.ToList();
        return method.GetParameters().Select(delegate(ParameterInfo parameter)
        {
            int index = left.FindIndex(one => one != null && parameter.ParameterType.IsInstanceOfType(one));
            if (index < 0)
                return parameter.HasDefaultValue && parameter.DefaultValue != null
                    ? parameter.DefaultValue : Default(parameter.ParameterType);
            object found = left[index];
            left.RemoveAt(index);
            return found;
        }).ToArray();
    }

    static object Default(Type type)
    {
        return type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    static Array List(List<object> elements, string type)
    {
        Array list = Array.CreateInstance(Of(core, type), elements.Count);
        for (int index = 0; index < elements.Count; index++)
            list.SetValue(elements[index], index);
        return list;
    }
}
