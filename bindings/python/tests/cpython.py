"""Runs the interpreter's own tests of `mmap` and of shared memory with this package in their place.

Each case passes, is skipped by its own conditions, or stands with a reason in `cpython.toml`; one that
stands there and passes is an error as well. The tests are those of the installed interpreter: prints
`skipped: ` and the reason where it has none (Debian: libpython3.11-testsuite).
"""

import importlib
import importlib.util
import io
import multiprocessing
import pathlib
import sys
import tomllib
import unittest

SUITES = {
    "mmap": ("test.test_mmap", None),
    "shared_memory": ("test._test_multiprocessing", "Shared"),
}
# Cases of Windows that are run here as well: names, and what happens to memory and files under them.
FORCED = [
    "test_tagname", "test_crasher_on_windows", "test_invalid_descriptor",
    "test_resize_up_when_mapped_to_pagefile", "test_resize_down_when_mapped_to_pagefile",
    "test_resize_fails_if_mapping_held_elsewhere",
    "test_resize_succeeds_with_error_for_second_named_mapping",
]
LIST = pathlib.Path(__file__).with_name("cpython.toml")


def run(suite):
    module, only = SUITES[suite]
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        print(f"skipped: {sys.version.split()[0]} has no {module}")
        return True
    replace(suite)
    tests = importlib.import_module(module)
    listed = tomllib.loads(LIST.read_text())[suite]
    cases = cases_of(tests, suite)
    # What fails is told below, unless it is listed.
    result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.TestSuite(cases))
    broken = {name_of(test): text for test, text in result.failures + result.errors}
    here = {name_of(test) for test in cases}
    skipped = {name_of(test) for test, _ in result.skipped}
    good = True
    for name, text in broken.items():
        if name not in listed:
            print(f"{name} fails, and is not in {LIST.name}:\n{text}")
            good = False
    for name in listed:
        if name in here and name not in broken and name not in skipped:
            print(f"{name} passes, and is in {LIST.name}")
            good = False
    passed = len(here) - len(broken) - len(skipped)
    print(f"{suite}, Python {sys.version.split()[0]}: {passed} passed, {len(skipped)} skipped, "
          f"{len(broken)} listed" if good else f"{suite}: FAILED")
    return good


def replace(suite):
    if suite == "mmap":
        import filemap.mmap

        sys.modules["mmap"] = filemap.mmap
    else:
        import filemap.shared_memory

        filemap.shared_memory.install()
        # Its children are to have the package in place as well, in every version.
        multiprocessing.set_start_method("fork")


def cases_of(tests, suite):
    if suite == "mmap":
        for name in FORCED:
            case = getattr(tests.MmapTests, name, None)
            if case is not None:
                setattr(tests.MmapTests, name, getattr(case, "__wrapped__", case))
        return list(flat(unittest.defaultTestLoader.loadTestsFromModule(tests)))
    space = {"__name__": tests.__name__}
    tests.install_tests_in_module_dict(space, "spawn", only_type="processes")
    classes = [made for name, made in space.items() if "SharedMemory" in name and isinstance(made, type)]
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return [case for made in classes for case in flat(load(made))]


def flat(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def name_of(test):
    # Without what tells apart the parts of one.
    return test.id().split(" ", 1)[0].rsplit(".", 1)[-1]


if __name__ == "__main__":
    suites = sys.argv[1:] or list(SUITES)
    sys.exit(0 if all([run(suite) for suite in suites]) else 1)
