# mypy: ignore-errors
"""The library's words as enumerations: the names are those of the Rust crate, in upper case."""

import enum

from filemap import _filemap


class Access(enum.Enum):
    """What a view does."""

    READ = "read"
    WRITE = "write"
    COPY = "copy"
    EXECUTE_READ = "execute-read"
    EXECUTE_WRITE = "execute-write"
    EXECUTE_COPY = "execute-copy"
    NO_ACCESS = "no-access"


class Protection(enum.Enum):
    """What a mapping allows all of its views."""

    READ_ONLY = "read-only"
    READ_WRITE = "read-write"
    WRITE_COPY = "write-copy"
    EXECUTE_READ = "execute-read"
    EXECUTE_READ_WRITE = "execute-read-write"
    EXECUTE_WRITE_COPY = "execute-write-copy"


class Rights(enum.Flag):
    """What a handle may ask for."""

    READ = 1
    WRITE = 2
    EXECUTE = 4


class Flush(enum.Enum):
    """How far bytes are on their way to the disk when a flush returns."""

    START = "start"
    WRITTEN = "written"
    DURABLE = "durable"


class Advice(enum.Enum):
    """How bytes will be used."""

    NORMAL = "normal"
    RANDOM = "random"
    SEQUENTIAL = "sequential"
    WILL_NEED = "will-need"
    COLD = "cold"
    LARGE_PAGES = "large-pages"


class Lifetime(enum.Enum):
    """Who keeps the memory behind a name: an entry of the registry, or its holders alone."""

    ENTRY = "entry"
    HOLDERS = "holders"


class ObjectKind(enum.Enum):
    """What a name is of."""

    MAPPING = "mapping"
    MUTEX = "mutex"
    EVENT = "event"
    SEMAPHORE = "semaphore"


ErrorKind = enum.Enum(
    "ErrorKind",
    [(kind, kind.lower().replace("_", "-")) for kind in _filemap.ERROR_KINDS],
    module="filemap",
)
ErrorKind.__doc__ = "What went wrong: the kinds of the Rust crate."
for _class in (Access, Protection, Rights, Flush, Advice, Lifetime, ObjectKind):
    _class.__module__ = "filemap"
