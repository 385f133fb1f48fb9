"""Packs the assemblies, and the library for each system, as NuGet has them."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

from machine import BUILT, FETCHED, HERE, ROOT, TARGET, Skipped, fetch, mcs, output, run
from runtimes import compiler, dotnet8, runtimes

PACKAGES = TARGET / "package"
VERSION = "0.1.0"

# The folder of each system's library in the package, the target, how it is built, and its number in the file.
# The C library of the first and the last is as old as that of the oldest system that .NET Core 3.1 runs on.
NATIVES = [("linux-x64", "x86_64-unknown-linux-gnu.2.17", 62),
           ("linux-musl-x64", "x86_64-unknown-linux-musl", 62),
           ("linux-arm64", "aarch64-unknown-linux-gnu.2.17", 183)]

# How a program for each of them is compiled, and run.
TRIED = {"linux-x64": ("cc", []), "linux-musl-x64": ("musl-gcc", []),
         "linux-arm64": ("aarch64-linux-gnu-gcc", ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"])}

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


def zig():
    """Returns how Zig's linker is found, which has the C libraries of all systems."""
    def get(*packages):
        def into(folder):
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(folder)]
            subprocess.run([*pip, *packages], check=True, capture_output=True)
        return into
    tool = fetch("zigbuild-0.24", get("cargo-zigbuild<0.25"))
    # The package for Python is linked by it, too, and may have it already.
    linker = next(TARGET.glob("python/venv/lib/*/site-packages/ziglang/zig"), None)
    linker = linker or fetch("zig-0.14", get("ziglang<0.15")) / "ziglang/zig"
    return {"PATH": f"{tool / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}", "CARGO_ZIGBUILD_ZIG_PATH": str(linker)}


def native(target, machine):
    """Builds the library for a target, as it is shipped, and returns its bytes."""
    triple = target.partition(".")[0]
    env = zig()
    # Those who debug it build it.
    env["CARGO_PROFILE_BENCH_STRIP"] = "symbols"
    # A library for C needs the C library of its target, which is found when the program starts.
    env["CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS"] = "-Ctarget-feature=-crt-static"
    words = ["zigbuild", "--quiet", "--locked", "--profile=bench", "--all-features", "--package", "filemap-abi"]
    cargo = ["cargo"]
    if not (sysroot() / "lib/rustlib" / triple / "lib").exists():
        # Nightly builds the standard library of its sources.
        if not (sysroot("+nightly") / "lib/rustlib/src/rust/library/std/Cargo.toml").exists():
            raise Skipped(f"no standard library for {triple}; `rustup target add {triple}` brings it")
        cargo, words = ["rustup", "run", "nightly", "cargo"], [*words, "-Zbuild-std=std,panic_abort"]
    run(*cargo, *words, "--target", target, env=env, cwd=ROOT)
    file = (TARGET / triple / "release/libfilemap.so").read_bytes()
    if file[:4] != b"\x7fELF" or struct.unpack_from("<H", file, 18)[0] != machine:
        raise SystemExit(f"what was built for {target} is for another processor")
    return file


def sysroot(*toolchain):
    try:
        done = subprocess.run(["rustc", *toolchain, "--print", "sysroot"], capture_output=True, text=True)
    except FileNotFoundError:
        raise Skipped("no `rustc`") from None
    return pathlib.Path(done.stdout.strip() or "/nowhere")


def nuget(made):
    """Packs assemblies, given by framework, with the library for all systems."""
    # Cargo lets what it starts find its own libraries first, before those of the package.
    os.environ.pop("LD_LIBRARY_PATH", None)
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
    for system, target, machine in NATIVES:
        try:
            parts[f"runtimes/{system}/native/libfilemap.so"] = native(target, machine)
        except Skipped as why:
            print(f"skipped: {why}")
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


def load(system, library, place):
    """Has two processes, of a program in C for a system, share a name by its library."""
    compiler, runner = TRIED[system]
    for tool in (compiler, *runner[:1]):
        if not shutil.which(tool):
            raise Skipped(f"the library for {system} is not run: no `{tool}`")
    folder = place / system
    folder.mkdir()
    (folder / "libfilemap.so").write_bytes(library)
    program = folder / "partner"
    # What the library itself needs is found when it is loaded.
    run(compiler, f"-I{ROOT / 'crates/filemap-abi/include'}", "-o", program, HERE / "tests/partner.c", f"-L{folder}",
        "-lfilemap", f"-Wl,-rpath,{folder}", "-Wl,--unresolved-symbols=ignore-in-shared-libs")
    said = output(*runner, program, "--second", *runner, program).strip()
    if said != "the answer is 42":
        raise SystemExit(f"the library for {system}: {said}")
    print(f"{system:<14} two processes in C share a name by the library", flush=True)


def check(file):
    """Lets NuGet's own reader look at the package, and fresh programs use it, on each system and runtime."""
    with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        try:
            reader = FETCHED / "Reader.exe"
            mcs("-r:System.Core", f"-out:{reader}", HERE / "tools/Reader.cs")
            print(output(*dotnet8().command(reader), compiler(), file).strip())
        except Skipped as why:
            print(f"skipped: NuGet's own reader: {why}")
        for system in TRIED:
            name = f"runtimes/{system}/native/libfilemap.so"
            if name in archive.namelist():
                try:
                    load(system, archive.read(name), place)
                except Skipped as why:
                    print(f"skipped: {why}")
        program = re.search("```csharp\n(.*?)```", (HERE / "README.md").read_text(), re.S).group(1)
        (place / "Program.cs").write_text(program)
        for runtime in runtimes():
            folder = place / runtime.name
            folder.mkdir()
            framework = runtime.build
            if f"lib/{framework}/Filemap.dll" not in archive.namelist():
                framework = "net45"
            for name in (f"lib/{framework}/Filemap.dll", "runtimes/linux-x64/native/libfilemap.so"):
                if name not in archive.namelist():
                    raise Skipped("the package has no library for this machine")
                (folder / name.rsplit("/")[-1]).write_bytes(archive.read(name))
            mcs(f"-r:{BUILT / 'net45/Filemap.dll'}", "-r:System.Core", f"-out:{folder / 'Program.exe'}", place / "Program.cs")
            said = output(*runtime.command(folder / "Program.exe")).strip()
            print(f"{runtime.name:<14} from the package: {said}")
    print(f"nuget: {file}, {file.stat().st_size} bytes")


