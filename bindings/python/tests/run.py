"""Runs all tests of the package in this interpreter.

Prints `skipped: ` and the reason of each test that was, and at the end how many passed.
"""

import os
import pathlib
import sys
import tempfile
import unittest


def main():
    here = pathlib.Path(__file__).parent
    sys.path.insert(0, str(here))
    # Names of its own, which are gone afterwards.
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="filemap-python-", dir=place) as names:
        os.environ["FILEMAP_DIR"] = names
        tests = unittest.defaultTestLoader.discover(str(here))
        result = unittest.TextTestRunner(buffer=True).run(tests)
        # Marks of the registry stay, as they do everywhere.
        left = [name for _, _, files in os.walk(names) for name in files if name[0] != "."]
    for _, reason in result.skipped:
        print(f"skipped: {reason}")
    for name in left:
        print(f"the entry {name} is left")
    failed = len(result.failures) + len(result.errors) + len(left)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}: {result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
