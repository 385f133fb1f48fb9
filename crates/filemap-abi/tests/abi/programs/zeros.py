"""Lost pages of a view read as zeros, in ctypes and, where it is installed, in an array of numpy."""

import ctypes
import os
import sys
import tempfile
from ctypes import c_int, c_size_t, c_uint32, c_uint64, c_void_p

library = ctypes.CDLL(sys.argv[1], use_errno=True)


def function(name, result, *arguments):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


class Range(ctypes.Structure):
    _fields_ = [("address", c_void_p), ("size", c_size_t), ("since", c_uint64)]


create = function("CreateFileMappingA", c_void_p, c_void_p, c_void_p, c_uint32, c_uint32,
                  c_uint32, c_void_p)
map_view = function("MapViewOfFile", c_void_p, c_void_p, c_uint32, c_uint32, c_uint32, c_size_t)
unmap = function("UnmapViewOfFile", c_int, c_void_p)
lost = function("filemap_lost", c_int, c_void_p, ctypes.POINTER(Range), c_size_t,
                ctypes.POINTER(c_size_t))
restore = function("filemap_restore", c_int, c_void_p, ctypes.POINTER(Range), c_size_t,
                   ctypes.POINTER(c_size_t))

PAGE, PAGES = os.sysconf("SC_PAGE_SIZE"), 16
LENGTH = PAGE * PAGES


def check(claim, what):
    assert claim, f"{what}: errno {ctypes.get_errno()}"


def ranges(ask, view):
    found, count = (Range * 8)(), c_size_t()
    check(ask(view, found, 8, count), "the ranges")
    return [(one.address - view, one.size) for one in found[:count.value]]


with tempfile.TemporaryFile() as file:
    file.write(b"x" * LENGTH)
    file.flush()
    mapping = create(file.fileno(), None, 4, 0, 0, None)
    view = map_view(mapping, 6, 0, 0, 0)
    check(view, "a view")
    own = (ctypes.c_ubyte * LENGTH).from_address(view)

    file.truncate(4 * PAGE)
    check(bytes(own) == b"x" * (4 * PAGE) + bytes(LENGTH - 4 * PAGE), "zeros behind the end")
    check(ranges(lost, view) == [(4 * PAGE, LENGTH - 4 * PAGE)], "what was lost")
    own[5 * PAGE] = 7

    file.truncate(LENGTH)
    check(ranges(restore, view) == [(4 * PAGE, LENGTH - 4 * PAGE)], "what was restored")
    check(own[5 * PAGE] == 0 and ranges(lost, view) == [], "the file's own")

    # A file beside this one has the name of a module that numpy imports.
    sys.path.pop(0)
    try:
        import numpy
    except ImportError:
        numpy = None
    if numpy is not None:
        array = numpy.frombuffer(own, dtype=numpy.uint8)
        for _ in range(1000):
            file.truncate(PAGE)
            check(array.sum() == PAGE * ord("x"), "a sum over lost pages")
            array[2 * PAGE:] += 1
            file.truncate(LENGTH)
            check(ranges(restore, view) != [], "what was restored")
        check(array.sum() == PAGE * ord("x"), "a sum over the file's own")
        del array
    del own
    check(unmap(view), "unmapping")
