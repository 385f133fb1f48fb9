# mypy: ignore-errors
"""Exceptions: each is an OSError, and the builtin one that programs catch for the same reason."""

import os

from filemap._words import ErrorKind


class Error(OSError):
    """A call that failed: `kind` says why, `errno` and `winerror` say it in the systems' numbers."""

    kind = ErrorKind.OTHER
    winerror = 0

    def __reduce__(self):
        return (_again, (type(self), self.args, self.filename, dict(self.__dict__)))


class NotFoundError(Error, FileNotFoundError):
    """No mapping has this name, or no file is at this path."""


class AlreadyExistsError(Error, FileExistsError):
    """The name, or the file, exists already."""


class AccessDeniedError(Error, PermissionError):
    """The handle, the file or the owner of the name does not allow it."""


class TimedOutError(Error, TimeoutError):
    """Another process did not finish in time."""


class LostError(Error):
    """Mapped bytes are gone: `offset` is where in the file, `done` how many bytes came before."""

    offset = 0
    done = 0


class ObjectError(Error, ValueError):
    """There is no object, or none that can be read."""


_CLASSES = {
    "NotFound": NotFoundError,
    "PathNotFound": NotFoundError,
    "AlreadyExists": AlreadyExistsError,
    "AccessDenied": AccessDeniedError,
    "UntrustedRegistry": AccessDeniedError,
    "ProtectionExceeded": AccessDeniedError,
    "PrivilegeNotHeld": AccessDeniedError,
    "TimedOut": TimedOutError,
    "NoObject": ObjectError,
    "ForeignObject": ObjectError,
    "TornObject": ObjectError,
    "CorruptObject": ObjectError,
    "MismatchedObject": ObjectError,
    "TruncatedObject": ObjectError,
    "UnencodableObject": ObjectError,
}


def make(kind, errno, text, filename, winerror, loss):
    """Returns the exception of an error of the library."""
    named = _CLASSES.get(kind, Error)
    if loss is not None:
        named = LostError
    error = named(errno, text) if filename is None else named(errno, text, os.fspath(filename))
    error.kind = ErrorKind["".join("_" + c if c.isupper() else c.upper() for c in kind)[1:]]
    error.winerror = winerror
    if loss is not None:
        error.offset, error.done = loss
    return error


def _again(named, arguments, filename, rest):
    error = named(*arguments) if filename is None else named(*arguments[:2], filename)
    error.__dict__.update(rest)
    return error


for _class in (Error, NotFoundError, AlreadyExistsError, AccessDeniedError, TimedOutError, LostError, ObjectError):
    _class.__module__ = "filemap"
