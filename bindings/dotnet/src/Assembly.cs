using System;
using System.Reflection;
using System.Runtime.InteropServices;

[assembly: AssemblyTitle("Filemap")]
[assembly: AssemblyDescription("File mappings, mutexes, events and semaphores under names, on Linux as on Windows")]
[assembly: AssemblyVersion("0.1.0.0")]
[assembly: AssemblyFileVersion("0.1.0.0")]
[assembly: AssemblyInformationalVersion("0.1.0")]
[assembly: CLSCompliant(true)]
[assembly: ComVisible(false)]
