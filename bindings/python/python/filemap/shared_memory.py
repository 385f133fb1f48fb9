"""The interface of `multiprocessing.shared_memory`, without what leaks and what destroys.

A block is memory that its holders keep: the kernel frees it with the last of them, however that
process ends. There is no tracker, and nothing runs at the end of an object or of the interpreter.
"""

import os as _os
import secrets as _secrets
import struct as _struct
import types as _types
from functools import partial as _partial

from filemap import _filemap

__all__ = ["SharedMemory", "ShareableList", "SharedMemoryManager"]

_SLASH = "/" if _os.name == "posix" else ""


def _make_filename():
    """Returns a new name, as the standard module makes them."""
    return f"{_SLASH}psm_{_secrets.token_hex(6)}"


class SharedMemory:
    """A block of memory that processes share by its name.

    It has exactly the size that it was created with, for everybody. `close` never fails: the name is
    given up at once, and the pages go with the last buffer or array over them. `unlink` frees the
    name for others, as does the end of the last holder. `lifetime` says whether the kernel frees the
    memory with its last holder (`holders`), or the next use of the registry does (`entry`).

    Pages take memory as they are written. With `preallocate` all of it is set aside at creation,
    which fails if there is not as much. `track` has no meaning.
    """

    __slots__ = ("_name", "_size", "_mapping", "_mmap", "_buf", "_gone", "_mode", "__weakref__")

    def __init__(
        self,
        name=None,
        create=False,
        size=0,
        *,
        track=True,
        exist_ok=False,
        readonly=False,
        preallocate=False,
        mode=0o600,
    ):
        if create and size <= 0:
            raise ValueError("'size' must be a positive number different from zero")
        if size < 0:
            raise ValueError("'size' must be a positive integer")
        if name is None:
            if not create:
                raise ValueError("'name' can only be None if create=True")
            while True:
                name = _make_filename()
                try:
                    made = _filemap.block(
                        name.removeprefix("/"), True, size, False, readonly, preallocate, mode
                    )
                    break
                except FileExistsError:
                    continue
        else:
            if "\0" in name:
                raise ValueError("embedded null character in a name")
            if name[:1] != "/":
                name = _SLASH + name
            made = _filemap.block(
                name.removeprefix("/"), create, size, exist_ok, readonly, preallocate, mode
            )
        self._name = name
        self._mapping, self._mmap, self._size = made
        self._buf = memoryview(self._mmap)
        self._gone = False
        self._mode = mode

    @property
    def buf(self):
        """The bytes; None once it is closed."""
        return self._buf

    @property
    def name(self):
        """The name, by which others attach to the block."""
        return self._name.removeprefix("/")

    @property
    def size(self):
        """How many bytes there are, exactly."""
        return self._size

    @property
    def lifetime(self):
        """Who keeps the memory; None once it is closed."""
        return None if self._mapping is None else self._mapping.lifetime

    def close(self):
        """Gives the name and the memory up; buffers that were taken from `buf` stay valid."""
        mapping = self._mapping
        # No buffer is released and no page unmapped: numpy's arrays keep the view, and rely on it.
        self._buf = self._mapping = self._mmap = None
        if mapping is not None:
            self._gone = self._gone or mapping.withdrawn
            mapping.close()

    def unlink(self):
        """Frees the name, and lets those who have the block keep it."""
        if "\0" in self._name:
            raise ValueError("embedded null character in a name")
        if _os.name != "posix":
            return
        name, mapping = self.name, self._mapping
        if self._gone or (mapping is not None and mapping.withdrawn):
            raise FileNotFoundError(2, "the name is free already", name)
        self._gone = True
        if mapping is not None:
            mapping.withdraw()
            return
        _filemap.withdraw(name)  # It may be free with its last holder.

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def __reduce__(self):
        return (self.__class__, (self.name, False, self.size))

    def __repr__(self):
        return f"{self.__class__.__name__}({self.name!r}, size={self.size})"


def _kind(value):
    """Returns the format of a value that is not text or bytes, as `struct` has it."""
    try:
        return _KINDS[type(value)]
    except KeyError:
        raise TypeError(f"a ShareableList holds no {type(value).__name__}") from None


_KINDS = {int: "q", float: "d", bool: "xxxxxxx?", type(None): "xxxxxx?x"}
_TEXT, _BYTES, _NONE, _NUMBER = 1, 2, 3, 0


class ShareableList:
    """A list of fixed length in shared memory, of int, float, bool, str, bytes and None.

    An item can be replaced by one that takes as much room. Text and bytes come back exactly as they
    were stored, with the zeros at their ends.

    Layout: the number of items, the offset of each item's room and the end of the last (64 bits
    each), the rooms, and for each item its format (8 bytes), its length and its kind (64 bits each).
    """

    def __init__(self, sequence=None, *, name=None):
        if name is not None and sequence is None:
            self.shm = SharedMemory(name)
            self._list_len = len(self)
            self._allocated_offsets = list(
                _struct.unpack_from(f"{self._list_len + 1}q", self.shm.buf, 8)
            )
            return
        values = list(sequence or ())
        offsets = [0]
        for value in values:
            if isinstance(value, (str, bytes)):
                # As the standard module has it, or what the text takes in UTF-8 if that is more.
                room = 8 * max(len(value) // 8 + 1, -(-len(_encoded(value)) // 8))
                if len(f"{room}s") > 8:
                    raise ValueError("an item is too long")
            else:
                _kind(value)
                room = 8
            offsets.append(offsets[-1] + room)
        self._list_len = len(values)
        self._allocated_offsets = offsets
        size = 8 * (self._list_len + 2) + offsets[-1] + 24 * self._list_len
        self.shm = SharedMemory(name, create=True, size=size)
        _struct.pack_into(f"{len(offsets) + 1}q", self.shm.buf, 0, self._list_len, *offsets)
        for position, value in enumerate(values):
            self._store(position, value)

    def _place(self, position, text):
        if position < 0:
            position += self._list_len
        if not 0 <= position < self._list_len:
            raise IndexError(text)
        return position

    def _describes(self, position):
        """Returns where the format, the length and the kind of an item are."""
        start = 8 * (self._list_len + 2)
        return start + self._allocated_offsets[-1] + 24 * position

    def _get_packing_format(self, position):
        position = self._place(position, "Requested position out of range.")
        (text,) = _struct.unpack_from("8s", self.shm.buf, self._describes(position))
        return text.rstrip(b"\0").decode()

    def __getitem__(self, position):
        position = self._place(position, "index out of range")
        at = 8 * (self._list_len + 2) + self._allocated_offsets[position]
        described = self._describes(position)
        text, length, kind = _struct.unpack_from("8sqq", self.shm.buf, described)
        if kind == _NONE:
            return None
        if kind == _NUMBER:
            return _struct.unpack_from(text.rstrip(b"\0").decode(), self.shm.buf, at)[0]
        value = bytes(self.shm.buf[at : at + length])
        return value.decode() if kind == _TEXT else value

    def __setitem__(self, position, value):
        self._store(self._place(position, "assignment index out of range"), value)

    def _store(self, position, value):
        start, end = self._allocated_offsets[position : position + 2]
        at = 8 * (self._list_len + 2) + start
        length = 8
        if isinstance(value, (str, bytes)):
            encoded = _encoded(value)
            length, text = len(encoded), f"{end - start}s"
            if length > end - start:
                raise ValueError("bytes/str item exceeds available storage")
            kind = _TEXT if isinstance(value, str) else _BYTES
        else:
            text = _kind(value)
            encoded = _struct.pack(text, value)
            kind = _NONE if value is None else _NUMBER
        self.shm.buf[at : at + len(encoded)] = encoded
        described = self._describes(position)
        _struct.pack_into("8sqq", self.shm.buf, described, text.encode(), length, kind)

    def __reduce__(self):
        return _partial(self.__class__, name=self.shm.name), ()

    def __len__(self):
        return _struct.unpack_from("q", self.shm.buf, 0)[0]

    def __iter__(self):
        return (self[position] for position in range(self._list_len))

    def __repr__(self):
        return f"{self.__class__.__name__}({list(self)}, name={self.shm.name!r})"

    @property
    def format(self):
        """The formats of all items, as `struct` has them."""
        return "".join(map(self._get_packing_format, range(self._list_len)))

    def count(self, value):
        """Returns how many items are equal to `value`."""
        return sum(value == entry for entry in self)

    def index(self, value):
        """Returns where the first item is that is equal to `value`."""
        for position, entry in enumerate(self):
            if value == entry:
                return position
        raise ValueError(f"{value!r} not in this container")

    __class_getitem__ = classmethod(_types.GenericAlias)


def _encoded(value):
    return value.encode() if isinstance(value, str) else value


class SharedMemoryManager:
    """Makes blocks, and unlinks all of them at its end: no process serves them."""

    def __init__(self, *args, **kwargs):
        self._made = None

    def start(self, *args, **kwargs):
        """Lets blocks be made."""
        if self._made is None:
            self._made = []

    def shutdown(self):
        """Unlinks and closes all blocks."""
        made, self._made = self._made or [], None
        for block in made:
            try:
                block.unlink()
            except FileNotFoundError:
                pass
            block.close()

    def _keep(self, block):
        self._made.append(block)

    def _check(self):
        if self._made is None:
            raise ValueError("the manager was not started, or is shut down")

    def SharedMemory(self, size, name=None):
        """Returns a new block."""
        self._check()
        block = SharedMemory(name, create=True, size=size)
        self._keep(block)
        return block

    def ShareableList(self, sequence, name=None):
        """Returns a new list."""
        self._check()
        made = ShareableList(sequence, name=name)
        self._keep(made.shm)
        return made

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *args):
        self.shutdown()


def install():
    """Puts this module in the place of `multiprocessing.shared_memory` for all that follows.

    What was imported from there before stays what it was. What code tells the resource tracker of
    blocks from then on is ignored.
    """
    global _make_filename
    import multiprocessing.managers
    import multiprocessing.resource_tracker as tracker
    import multiprocessing.shared_memory as standard

    if standard.SharedMemory is SharedMemory:
        return
    standard.SharedMemory = SharedMemory
    standard.ShareableList = ShareableList
    multiprocessing.managers.SharedMemoryManager = SharedMemoryManager

    def _make_filename():
        return standard._make_filename()

    def ignoring(call):
        def tell(name, rtype):
            if rtype != "shared_memory":
                call(name, rtype)

        return tell

    for name in ("register", "unregister"):
        setattr(tracker, name, ignoring(getattr(tracker, name)))
