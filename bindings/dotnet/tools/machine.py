"""Where things are built and fetched, and how programs are run."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
BUILT = TARGET / "dotnet-built"
FETCHED = TARGET / "dotnet-fetched"


class Skipped(Exception):
    """Something is missing on this machine."""


# Names of their own: other tests, which may run at the same time, look for names that are left.
NAMES = tempfile.TemporaryDirectory(prefix="filemap-dotnet-names-")


def environment(more):
    # A culture needs a library that not every machine has.
    own = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "FILEMAP_DIR": NAMES.name}
    return {**os.environ, **own, **more}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], env=environment(options.pop("env", {})), **options)
    if done.returncode != 0:
        said = (done.stdout or b"") + (done.stderr or b"") if options.get("capture_output") else b""
        raise SystemExit(f"failed with {done.returncode}: {' '.join(map(str, command))}\n{said.decode(errors='replace')}")
    return done


def output(*command, **options):
    return run(*command, capture_output=True, **options).stdout.decode()


def listed(file):
    """Returns the lines of a list beside the tests: what, and why."""
    lines = (HERE / "tests" / file).read_text().splitlines()
    return [line.split(" | ") for line in lines if line[:1] not in ("", "#")]


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


def cargo(*packages):
    """Builds packages of the workspace as they are shipped, and returns the folder."""
    words = [word for package in packages for word in ("--package", package)]
    run("cargo", "build", "--quiet", "--profile=bench", "--locked", "--all-features", *words, cwd=ROOT)
    return TARGET / "release"


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


def wheel(name, *more):
    """Fetches a package of Python's registry, and lays its files."""
    def get(folder):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *more, name]
        subprocess.run(pip, check=True, capture_output=True)
        [file] = folder.glob("*.whl")
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
        file.unlink()
    return get


def npm(name):
    """Fetches a package of Node's registry, and lays its files."""
    def get(folder):
        subprocess.run(["npm", "pack", "--silent", name], check=True, capture_output=True, cwd=folder)
        [file] = folder.glob("*.tgz")
        with tarfile.open(file) as archive:
            # Older versions do not know of filters.
            archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        file.unlink()
    return get
