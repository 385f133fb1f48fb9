"""Compares the package with the standard modules, in one run: prints the ratio of each operation.

A ratio below 1 is faster than the standard module. Both are measured in turn, many times, and the
fastest time of each counts. `--bars` fails if a ratio is above the bar beside it.

The standard module tells its tracker, another process, of each block, through a pipe, which holds what
the tracker has not done yet. So blocks are measured twice: a few thousand one after another, when the
pipe is full and the tracker's work takes its time as well, and a few, whose work is left to it.
"""

import argparse
import compileall
import mmap as standard
import os
import subprocess
import sys
import tempfile
import time
import timeit
from multiprocessing import shared_memory as standard_shared

import filemap.mmap as ours
from filemap import shared_memory as our_shared

SIZES = {"8 B": 8, "64 B": 64, "4 KiB": 4096, "64 KiB": 65536, "256 KiB": 262144, "1 MiB": 1 << 20}


def ratio(ours_code, standard_code, ours_space, standard_space, rounds=41, target=0.004):
    timers = [timeit.Timer(code, globals=space) for code, space in
              ((ours_code, ours_space), (standard_code, standard_space))]
    number = 1
    while timers[1].timeit(number) < target and number < 1 << 22:
        number *= 2
    best = [float("inf")] * 2
    for _ in range(rounds):
        for at, timer in enumerate(timers):
            best[at] = min(best[at], timer.timeit(number) / number)
    return best[0] / best[1], best


def maps():
    length = 2 << 20
    spaces = []
    for module in (ours, standard):
        with tempfile.TemporaryFile() as file:
            file.truncate(length)
            m = module.mmap(file.fileno(), length)
        m[-3:] = b"end"
        # Another map: what was lent looks at each access whether pages were lost.
        lent = module.mmap(-1, length)
        spaces.append({"m": m, "module": module, "view": memoryview(lent), "lent": lent,
                       "data": {name: b"x" * size for name, size in SIZES.items()}})
    yield "m[i]", "m[4000]", 0.9, spaces
    yield "m[i] = v", "m[4000] = 7", 0.8, spaces
    for name, size in SIZES.items():
        bar = 1.05 if size >= 1 << 20 else 1.0
        yield f"read slice, {name}", f"m[4096:{4096 + size}]", bar, spaces
        put = [{**space, "d": space["data"][name]} for space in spaces]
        yield f"write slice, {name}", f"m[4096:{4096 + size}] = d", bar, put
    yield "len", "len(m)", 1.05, spaces
    yield "tell", "m.tell()", 1.05, spaces
    yield "find 3 bytes in 2 MiB", "m.find(b'end')", 0.3, spaces
    yield "memoryview item", "view[4000]", None, spaces
    yield "memoryview made", "memoryview(lent)", None, spaces
    yield "mmap(-1, 4096) + close", "module.mmap(-1, 4096).close()", 1.1, spaces
    yield "mmap(-1, 1 MiB) + close", "module.mmap(-1, 1 << 20).close()", 1.1, spaces


def blocks():
    code = "b = S(create=True, size=65536); b.close(); b.unlink()"
    spaces = [{"S": our_shared.SharedMemory}, {"S": standard_shared.SharedMemory}]
    yield "SharedMemory create + close", code, 1.1, spaces
    yield "SharedMemory create + close, few", code, None, spaces
    held = [space["S"](create=True, size=65536) for space in spaces]
    spaces = [{**space, "n": block.name} for space, block in zip(spaces, held)]
    # What registers at an attach, and what the first one took away, is the tracker's matter.
    yield "SharedMemory attach", "S(name=n).close()", 1.05, spaces
    yield "SharedMemory attach, few", "S(name=n).close()", None, spaces
    for block in held:
        block.close()
        block.unlink()


def imports():
    def once(code):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    # As an installed package is, also where the environment forbids to write what was compiled.
    compileall.compile_dir(os.path.dirname(ours.__file__), quiet=1)
    best = [min(once(code) for _ in range(25)) for code in ("import filemap.mmap", "import mmap")]
    return best[0] / best[1], best


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bars", action="store_true", help="fail if a ratio is above its bar")
    arguments.add_argument("--only", default="", help="only what has this text in its name")
    arguments = arguments.parse_args()
    above = 0
    for group in (maps, blocks):
        for name, code, bar, spaces in group():
            if arguments.only in name:
                long = {"rounds": 9, "target": 0.2} if group is blocks and bar else {}
                above += show(name, *ratio(code, code, *spaces, **long), bar)
    if arguments.only in "import":
        above += show("import", *imports(), 1.2)
    return 1 if above and arguments.bars else 0


def show(name, ratio, best, bar):
    mark = "" if bar is None else f"bar {bar:4.2f}" + ("  ABOVE" if ratio > bar else "")
    print(f"{name:32} {ratio:5.2f}   {best[0] * 1e9:12.1f} ns {best[1] * 1e9:12.1f} ns   {mark}", flush=True)
    return bar is not None and ratio > bar


if __name__ == "__main__":
    sys.exit(main())
