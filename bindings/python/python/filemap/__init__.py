"""Named shared memory and mapped files that survive crashes and truncation.

`filemap.mmap` and `filemap.shared_memory` have the interfaces of the standard modules.
"""

from filemap._filemap import (
    GRANULARITY,
    PAGESIZE,
    Atomic,
    Codec,
    Event,
    FileMapping,
    Holder,
    MappedFile,
    Mutex,
    NamedMapping,
    Registry,
    Semaphore,
    Shared,
    Signalled,
    View,
    __version__,
    prepare_thread,
    wait_all,
    wait_any,
)

_LATER = {
    "_errors": ["Error", "NotFoundError", "AlreadyExistsError", "AccessDeniedError",
                "TimedOutError", "LostError", "ObjectError"],
    "_words": ["Access", "Protection", "Rights", "Flush", "Advice", "Lifetime", "ObjectKind",
               "ErrorKind"],
}
_WHERE = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "GRANULARITY", "PAGESIZE", "Atomic", "Codec", "Event", "FileMapping", "Holder", "MappedFile",
    "Mutex", "NamedMapping", "Registry", "Semaphore", "Shared", "Signalled", "View", "__version__",
    "install_mmap", "prepare_thread", "wait_all", "wait_any", *_WHERE,
]


def install_mmap():
    """Makes `import mmap` give `filemap.mmap` from now on."""
    import sys

    import filemap.mmap

    sys.modules["mmap"] = filemap.mmap


def __getattr__(name):
    # Enumerations take milliseconds to make, which a program that needs none does not wait for.
    if name in _WHERE:
        import importlib

        value = getattr(importlib.import_module(f"filemap.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
