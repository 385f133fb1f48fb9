"""The interface of the standard module `mmap`, over the library.

A file that is cut under a map is an OSError at the next use of its bytes, and no death of the
process. Memory has a name on every system (`tagname`).
"""

import mmap as _standard
import sys as _sys

from filemap._filemap import mmap as mmap

error = OSError
PAGESIZE = _standard.PAGESIZE
ALLOCATIONGRANULARITY = _standard.ALLOCATIONGRANULARITY

# The constants that this system and this version of Python have.
globals().update(
    (name, value) for name, value in vars(_standard).items() if name.isupper() and name[0] != "_"
)
if _sys.platform == "linux":
    # Those of `flush`, which the standard module has from 3.15 on.
    MS_ASYNC = 1
    MS_INVALIDATE = 2
    MS_SYNC = 4
    # Those that later versions of the standard module have.
    for _name, _value in {
        "MAP_NORESERVE": 0x4000,
        "MAP_POPULATE": 0x8000,
        "MAP_STACK": 0x20000,
    }.items():
        globals().setdefault(_name, _value)
