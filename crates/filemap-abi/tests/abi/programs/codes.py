"""kernel32's functions through ctypes: codes are in errno, names are UTF-8 or UTF-16."""

import ctypes
import os
import sys
import tempfile
from ctypes import c_char_p, c_int, c_size_t, c_uint32, c_void_p

library = ctypes.CDLL(sys.argv[1], use_errno=True)


def function(name, result, *arguments):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


create = function("CreateFileMappingA", c_void_p, c_void_p, c_void_p, c_uint32, c_uint32,
                  c_uint32, c_char_p)
open_wide = function("OpenFileMappingW", c_void_p, c_uint32, c_int, c_void_p)
open_narrow = function("OpenFileMappingA", c_void_p, c_uint32, c_int, c_char_p)
map_view = function("MapViewOfFile", c_void_p, c_void_p, c_uint32, c_uint32, c_uint32, c_size_t)
unmap = function("UnmapViewOfFile", c_int, c_void_p)
close = function("CloseHandle", c_int, c_void_p)
last = function("GetLastError", c_uint32)

NOTHING = c_void_p(-1)


def wide(text):
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")


def check(claim, what):
    assert claim, f"{what}: errno {ctypes.get_errno()}"


ctypes.set_errno(25)
handle = create(NOTHING, None, 4, 0, 100, "Größe".encode())
check(handle and ctypes.get_errno() == 0, "a new mapping")
again = create(NOTHING, None, 4, 0, 100, "Größe".encode())
check(again and ctypes.get_errno() == 183, "one that was there")
found = open_wide(6, 0, wide("Größe"))
check(found and ctypes.get_errno() == 0, "opened by its wide name")
check(not open_narrow(4, 0, b"nobody") and ctypes.get_errno() == 2, "a name of nobody")
check(last() == 2, "the last error")

view = map_view(found, 2, 0, 0, 0)
check(view and ctypes.get_errno() == 0, "a view")
ctypes.memmove(view, b"hello", 5)
other = map_view(handle, 4, 0, 0, 0)
check(ctypes.string_at(other, 5) == b"hello", "the same bytes")
check(not map_view(handle, 4, 0, 1, 0) and ctypes.get_errno() == 1132, "an odd offset")
check(unmap(view) and unmap(other) and not unmap(view) and ctypes.get_errno() == 487, "unmapped")
for each in (handle, again, found):
    check(close(each) and ctypes.get_errno() == 0, "closed")
check(not close(handle) and ctypes.get_errno() == 6, "closed before")

# A pipe is refused; to open one would wait for its other end.
create_file = function("CreateFileA", c_void_p, c_char_p, c_uint32, c_uint32, c_void_p, c_uint32,
                       c_uint32, c_void_p)
with tempfile.TemporaryDirectory() as folder:
    os.mkfifo(folder + "/pipe")
    for access in (0x80000000, 0x40000000, 0xC0000000, 0):
        for disposition in (2, 3, 4):
            ctypes.set_errno(0)
            opened = create_file((folder + "/pipe").encode(), access, 0, None, disposition, 0, None)
            check(opened == NOTHING.value and ctypes.get_errno() == 50, "a pipe")

try:
    getattr(library, "CreateFileMapping")
except AttributeError:
    pass
else:
    raise AssertionError("a name without a letter would be of two encodings")
