"""The interface of the standard module `mmap`, over the library.

A file that is cut under a map is an OSError at the next use of its bytes, and no death of the
process. Memory has a name on every system (`tagname`).
"""

import sys
from collections.abc import Iterator
from typing import Final, NoReturn, Self, SupportsIndex, overload

from typing_extensions import Buffer, disjoint_base

error = OSError
PAGESIZE: Final[int]
ALLOCATIONGRANULARITY: Final[int]
ACCESS_DEFAULT: Final[int]
ACCESS_READ: Final[int]
ACCESS_WRITE: Final[int]
ACCESS_COPY: Final[int]
if sys.platform == "linux":
    # Those of the interpreter's own module, which has some more from 3.12 and 3.13 on.
    MADV_DODUMP: Final[int]
    MADV_DOFORK: Final[int]
    MADV_DONTDUMP: Final[int]
    MADV_DONTFORK: Final[int]
    MADV_DONTNEED: Final[int]
    MADV_FREE: Final[int]
    MADV_HUGEPAGE: Final[int]
    MADV_HWPOISON: Final[int]
    MADV_MERGEABLE: Final[int]
    MADV_NOHUGEPAGE: Final[int]
    MADV_NORMAL: Final[int]
    MADV_RANDOM: Final[int]
    MADV_REMOVE: Final[int]
    MADV_SEQUENTIAL: Final[int]
    MADV_UNMERGEABLE: Final[int]
    MADV_WILLNEED: Final[int]
    MAP_ANON: Final[int]
    MAP_ANONYMOUS: Final[int]
    MAP_DENYWRITE: Final[int]
    MAP_EXECUTABLE: Final[int]
    MAP_NORESERVE: Final[int]
    MAP_POPULATE: Final[int]
    MAP_PRIVATE: Final[int]
    MAP_SHARED: Final[int]
    MAP_STACK: Final[int]
    MS_ASYNC: Final[int]
    MS_INVALIDATE: Final[int]
    MS_SYNC: Final[int]
    PROT_EXEC: Final[int]
    PROT_READ: Final[int]
    PROT_WRITE: Final[int]

@disjoint_base
class mmap:
    """Bytes of a file or of memory: as the standard class, and they survive what happens to the file."""

    if sys.platform == "win32":
        def __new__(
            cls,
            fileno: int,
            length: int,
            tagname: str | None = None,
            access: int = ...,
            offset: int = ...,
        ) -> Self: ...
    else:
        def __new__(
            cls,
            fileno: int,
            length: int,
            flags: int = ...,
            prot: int = ...,
            access: int = ...,
            offset: int = ...,
            *,
            tagname: str | None = None,
            trackfd: bool = True,
        ) -> Self: ...
    @property
    def closed(self) -> bool: ...
    @property
    def lost(self) -> list[tuple[int, int]]: ...
    def restore(self) -> list[tuple[int, int]]: ...
    def close(self) -> None: ...
    def find(self, view: Buffer, start: int = ..., end: int = ..., /) -> int: ...
    def rfind(self, view: Buffer, start: int = ..., end: int = ..., /) -> int: ...
    def flush(self, offset: int = ..., size: int = ..., *, flags: int = ...) -> None: ...
    def madvise(self, option: int, start: int = ..., length: int = ..., /) -> None: ...
    def move(self, dest: int, src: int, count: int, /) -> None: ...
    def read(self, n: int | None = ..., /) -> bytes: ...
    def read_byte(self) -> int: ...
    def readline(self) -> bytes: ...
    def resize(self, newsize: int, /) -> None: ...
    def seek(self, pos: int, whence: int = ..., /) -> int: ...
    def seekable(self) -> bool: ...
    def set_name(self, name: str, /) -> None: ...
    def size(self) -> int: ...
    def tell(self) -> int: ...
    def write(self, bytes: Buffer, /) -> int: ...
    def write_byte(self, byte: int, /) -> None: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    @overload
    def __setitem__(self, key: SupportsIndex, value: SupportsIndex, /) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Buffer, /) -> None: ...
    def __delitem__(self, key: SupportsIndex | slice, /) -> NoReturn: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __release_buffer__(self, buffer: memoryview, /) -> None: ...
