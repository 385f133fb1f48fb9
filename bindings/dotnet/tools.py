"""Builds, tests and packs the assemblies: `cargo xtask test --dotnet`, `package --nuget` and `soak` call this.

    tools.py build    the assemblies, in target/dotnet-built
    tools.py test     everything on each runtime that there is
    tools.py nuget    the package, in target/package; a program that uses it, on each runtime
    tools.py soak     views that are closed under their readers, for a minute on each runtime
    tools.py bench    how long accesses take beside the class library's

Compilers and runtimes come from registries, once, below `target`. For what cannot be had, it prints
`skipped: ` and the reason.
"""

import fcntl
import pathlib
import shutil
import subprocess
import sys
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "tools"))
import assembly  # noqa: E402
import packing  # noqa: E402
import partners  # noqa: E402
from machine import BUILT, TARGET, Skipped, cargo, environment, listed, mcs, need_mono, output, run  # noqa: E402
from runtimes import configure, roslyn, runtimes, windows  # noqa: E402

# The key of .NET's own assemblies, by which a replacement is asked for: its public part.
OPEN_KEY = bytes.fromhex(
    "002400000480000094000000060200000024000052534131000400000100010007D1FA57C4AED9F0A32E84AA0FAEFD0D"
    "E9E8FD6AEC8F87FB03766C834C99921EB23BE79AD9D5DCC1DD9AD236132102900B723CF980957FC4E177108FC607774F"
    "29E8320E92EA05ECE4E821C0A5EFE8F1645C4C0C93C1AB99285D622CAA652C1DFAD63D745D6F2DE5F17E5EAF0FC4963D"
    "261C8A12436518206DC093344D5AD293")


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


def programs(made, place):
    """Compiles the test programs once for each assembly."""
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
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Partner.exe'}", HERE / "tests/Partner.cs")
        mcs("-r:System.Core", f"-out:{to / 'Untouched.dll'}", "-target:exe", HERE / "tests/Untouched.cs")
        changed = to / "Changed.cs"
        text = (HERE / "tests/Untouched.cs").read_text()
        changed.write_text(text.replace("using System.IO.MemoryMappedFiles;", "using Filemap.MemoryMappedFiles;"))
        mcs(f"-r:{library}", "-r:System.Core", f"-out:{to / 'Changed.exe'}", changed)


def taken(runtime, made):
    """Returns for which framework the assembly is that a runtime takes."""
    return runtime.build if runtime.build in made else "net45"


def test():
    made = build()
    check_determinism(made)
    folder = cargo("filemap-cli", "filemap-abi")
    found = runtimes()
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        programs(made, place)
        usable = [(runtime, place / taken(runtime, made)) for runtime in found]
        env = {"LD_LIBRARY_PATH": str(folder), "FILEMAP_COMMAND": str(folder / "filemap")}
        for index, (runtime, to) in enumerate(usable):
            other, elsewhere = usable[(index + 1) % len(usable)]
            files = place / f"files-{runtime.name}"
            files.mkdir()
            partner = other.command(elsewhere / "Tests.exe")
            said = output(*runtime.command(to / "Tests.exe"), "all", files, *partner, env=env)
            print(f"{runtime.name:<14} with {other.name:<14} {said.strip()}", flush=True)
            if runtime.version:
                suite(runtime, to, place, env)
            if runtime.name in ("net8", "net9"):
                surface(runtime, to, env)
            shares(runtime, runtime.command(to / "Changed.exe"), env, "with one `using` changed")
            if runtime.version and (BUILT / "replacement").exists():
                untouched(runtime, to, folder)
        partners.test([(runtime, to / "Partner.exe") for runtime, to in usable], place, folder)
        try:
            over_windows(windows(), made, place)
        except Skipped as why:
            print(f"skipped: Windows: {why}")


def over_windows(runtime, made, place):
    """Makes the same claims of the same assembly over the system's own kernel32."""
    to, files, env = place / taken(runtime, made), place / "files-windows", {"WINEDEBUG": "-all"}
    files.mkdir()
    claims = runtime.command(to / "Tests.exe")
    # A program of Windows starts another one without Wine's own command.
    print(f"{runtime.name:<14} by Wine: {output(*claims, 'all', files, *claims[1:], env=env).strip()}", flush=True)
    suite(runtime, to, place, env)


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
    known = listed("differences.txt")
    ours, theirs = answers
    if len(ours) != len(theirs):
        raise SystemExit(f"{runtime.name}: {len(ours)} and {len(theirs)} answers")
    different = [(own, other) for own, other in zip(ours, theirs) if own != other]
    unlisted = [pair for pair in different if not any(pair[0].startswith(start) for start, _ in known)]
    for own, other in unlisted:
        print(f"here: {own}\nthere: {other}")
    if unlisted:
        raise SystemExit(f"{runtime.name}: {len(unlisted)} answers differ and are not in differences.txt")
    print(f"{runtime.name:<14} {len(ours)} cases, {len(different)} with a listed difference", flush=True)


def surface(runtime, to, env):
    """Compares the public members."""
    said = output(*runtime.command(to / "Surface.exe"), env=env).splitlines()
    known = [member for member, _ in listed("surface.txt")]
    missing = [line.removeprefix("missing: ") for line in said if line.startswith("missing: ")]
    unlisted = [member for member in missing if not any(member.startswith(start) for start in known)]
    if unlisted:
        raise SystemExit(f"{runtime.name}: missing, and not in surface.txt:\n" + "\n".join(unlisted))
    print(f"{runtime.name:<14} {said[-1]}, all with a listed reason")


def untouched(runtime, to, folder):
    """Runs a program that knows nothing of this library in two processes, by the command."""
    name = f"untouched {uuid.uuid4()}"
    program = to / "Untouched.dll"
    configure(program.with_suffix(".runtimeconfig.json"), runtime.version)
    plain = [*map(str, runtime.host), str(program), name]
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


def bench():
    made = build()
    folder = cargo("filemap-cli", "filemap-abi")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        place = pathlib.Path(place)
        for runtime in runtimes():
            to = place / runtime.name
            to.mkdir()
            shutil.copy(made[taken(runtime, made)] / "Filemap.dll", to)
            mcs(f"-r:{made['net45'] / 'Filemap.dll'}", "-r:System.Core", f"-out:{to / 'Bench.exe'}", HERE / "bench/Bench.cs")
            print(f"{runtime.name:<28} {'the other':>12} {'here':>12} {'ratio':>7}", flush=True)
            run(*runtime.command(to / "Bench.exe"), place / "file", env={"LD_LIBRARY_PATH": str(folder)})


def soak():
    """Closes views under their readers for a minute, on each runtime."""
    made = build()
    env = {"LD_LIBRARY_PATH": str(cargo("filemap-cli", "filemap-abi")), "FILEMAP_SECONDS": "60"}
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        programs(made, place)
        for runtime in runtimes():
            print(runtime.name, output(*runtime.command(place / taken(runtime, made) / "Tests.exe"), "closed", env=env).strip())


def main():
    verbs = {"build": build, "test": test, "nuget": lambda: packing.nuget(build()), "soak": soak, "bench": bench}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        raise SystemExit(__doc__)
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / "dotnet.lock", "w") as lock:
        # One at a time: all of them build and fetch in the same folders.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            verbs[sys.argv[1]](*sys.argv[2:])
        except Skipped as why:
            print(f"skipped: .NET: {why}")


if __name__ == "__main__":
    main()
