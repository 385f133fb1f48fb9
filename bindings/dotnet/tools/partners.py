"""Programs in other languages beside those in C#, under one name: each as the first process, and as the second."""

import sys
import zipfile

from machine import HERE, ROOT, TARGET, Skipped, output, run

# The first makes the name, says hello, and starts the second with it, which answers 42.
COMMAND = """
case $1 in
    --second)
        shift
        exec "$FILEMAP_COMMAND" create "the command $$" --size 4096 -- sh -c '
            name=$1; shift
            "$FILEMAP_COMMAND" write "$name" --offset 0 --text "hello from the first" >&2
            "$@" "$name" && echo "the answer is $("$FILEMAP_COMMAND" read "$name" -s 2000 -n 4 --raw | od -An -tu4)"
            ' sh "the command $$" "$@";;
    *)
        test "$("$FILEMAP_COMMAND" read "$1" -n 20 --raw)" = "hello from the first" || exit 1
        exec "$FILEMAP_COMMAND" write "$1" --offset 2000 --hex "2a 00 00 00";;
esac
"""


def rust(_place):
    """Returns the example, as the library's tests have built it: with all that these need."""
    program = TARGET / "debug/examples/two_processes"
    if not program.exists():
        raise Skipped("Rust: no example; `cargo build --package filemap --all-features --example two_processes` builds it")
    return [str(program)]


def python(place):
    """Returns a program in Python, over the package that was built for it."""
    wheels = sorted((TARGET / "package").glob("filemap_shm-*manylinux*.whl"))
    if not wheels:
        raise Skipped("Python: no package; `cargo xtask package --wheel` builds it")
    with zipfile.ZipFile(wheels[-1]) as archive:
        archive.extractall(place / "python")
    return ["env", f"PYTHONPATH={place / 'python'}", sys.executable, str(HERE / "tests/partner.py")]


def test(runtimes, place, folder):
    """Pairs each runtime with each language, in both orders."""
    run("cc", f"-I{ROOT / 'crates/filemap-abi/include'}", "-o", place / "partner", HERE / "tests/partner.c",
        f"-L{folder}", "-lfilemap")
    script = place / "command.sh"
    script.write_text(COMMAND)
    others = {"C": [str(place / "partner")], "the command": ["sh", str(script)]}
    for language, get in (("Rust", rust), ("Python", python)):
        try:
            others[language] = get(place)
        except Skipped as why:
            print(f"skipped: {why}")
    env = {"LD_LIBRARY_PATH": str(folder), "FILEMAP_COMMAND": str(folder / "filemap")}
    for runtime, program in runtimes:
        own = runtime.command(program)
        for language, other in others.items():
            for first, second in ((own, other), (other, own)):
                said = output(*first, "--second", *second, env=env)
                if "the answer is 42" not in " ".join(said.split()):
                    raise SystemExit(f"{runtime.name} and {language}: {said}")
        print(f"{runtime.name:<14} shares a name with {', '.join(others)}, each as the first and as the second", flush=True)
