"""Handles as ctypes passes them without `argtypes`: as an int of C, and as descriptors."""

import ctypes
import os
import subprocess
import sys

library = ctypes.CDLL(sys.argv[1], use_errno=True)
# An address has 64 bits; all else is an int.
library.MapViewOfFile.restype = ctypes.c_void_p


def check(claim, what):
    assert claim, f"{what}: errno {ctypes.get_errno()}"


def text(handle):
    view = library.MapViewOfFile(handle, 4, 0, 0, 0)
    check(view, "a view")
    found = ctypes.string_at(view)
    check(library.UnmapViewOfFile(ctypes.c_void_p(view)), "unmapped")
    return found


if len(sys.argv) > 2:
    # The child got nothing but this number.
    check(text(int(sys.argv[2])) == b"from the parent", "the parent's text")
    check(library.CloseHandle(int(sys.argv[2])), "the child's handle is closed")
    sys.exit()

for name in (b"numbers", None):
    handle = library.CreateFileMappingA(-1, None, 4, 0, 100, name)
    check(handle > 2 and ctypes.get_errno() == 0, "a mapping")
    view = ctypes.c_void_p(library.MapViewOfFile(handle, 2, 0, 0, 0))
    ctypes.memmove(view, b"from the parent\0", 16)
    check(library.UnmapViewOfFile(view) and text(handle) == b"from the parent", "the text")

    # By a number in its arguments, and no descriptor but this one.
    command = [sys.executable, sys.argv[0], sys.argv[1], str(handle)]
    subprocess.run(command, pass_fds=[handle], check=True)

    twin = ctypes.c_int()
    here = library.GetCurrentProcess()
    check(library.DuplicateHandle(here, handle, here, ctypes.byref(twin), 0, 0, 2), "a duplicate")
    os.close(handle)
    check(not library.CloseHandle(handle) and ctypes.get_errno() == 6, "closed by close")
    check(text(twin.value) == b"from the parent", "the duplicate's text")
    check(library.CloseHandle(twin.value), "the duplicate is closed")
check(not library.OpenFileMappingA(4, 0, b"numbers") and ctypes.get_errno() == 2, "the name")

with open("file", "w+b") as file:
    file.write(b"from the parent\0" + bytes(84))
    file.flush()
    handle = library.CreateFileMappingA(file.fileno(), None, 2, 0, 0, None)
    check(text(handle) == b"from the parent", "the file's text")
    command = [sys.executable, sys.argv[0], sys.argv[1], str(handle)]
    subprocess.run(command, pass_fds=[handle], check=True)
    check(not library.CloseHandle(file.fileno()) and ctypes.get_errno() == 6, "Python's to close")
    check(library.CloseHandle(handle), "closed")
