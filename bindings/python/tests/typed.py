"""What `mypy --strict` must accept: the interface as programs use it."""

import pathlib
from typing import assert_type

import filemap
from filemap import mmap, shared_memory


def mappings(path: pathlib.Path) -> None:
    with filemap.FileMapping.create("scores", 4096, protection=filemap.Protection.READ_WRITE) as mapping:
        view = mapping.map(0, 100, access=filemap.Access.WRITE)
        view[0] = 1
        view[1:3] = b"ab"
        assert_type(view[0], int)
        assert_type(view[0:2], bytes)
        assert_type(view.atomic("u32", 4).add(1), int)
        assert_type(memoryview(view), memoryview[int])
    with filemap.MappedFile(path, "a+") as file:
        file.write_object(0, {"a": [1, 2.5, None]})
        assert_type(file.read_at(0, 10), bytes)
    try:
        filemap.FileMapping.open("none")
    except filemap.NotFoundError as error:
        assert_type(error.kind, filemap.ErrorKind)
        assert_type(error.winerror, int)


def waits(mutex: filemap.Mutex, event: filemap.Event) -> bool:
    with mutex:
        event.set()
    found = filemap.wait_any([mutex, event], 1.5)
    return found is not None and found.abandoned


def standard() -> None:
    with mmap.mmap(-1, 100, access=mmap.ACCESS_WRITE) as m:
        assert_type(m[5], int)
        assert_type(m.read(5), bytes)
    block = shared_memory.SharedMemory(create=True, size=10)
    assert_type(block.buf, memoryview | None)
    items = shared_memory.ShareableList([1, 2, 3], name="items")
    assert_type(items[0], int)
