# mypy: ignore-errors
"""A mapped file as a file object."""

import io


class MappedIO(io.RawIOBase):
    """The bytes of a `MappedFile`, with a position: `io.BufferedReader` and the like take it."""

    def __init__(self, file, mode="rb"):
        if mode not in ("rb", "rb+", "r+b"):
            raise ValueError("a mode is 'rb' or 'rb+'")
        self._file, self._at, self._writes = file, 0, mode != "rb"
        if self._writes and file.readonly:
            raise io.UnsupportedOperation("the file is open for reading only")

    def readable(self):
        return True

    def writable(self):
        return self._writes

    def seekable(self):
        return True

    def readinto(self, buffer):
        count = self._file.readinto_at(self._at, buffer)
        self._at += count
        return count

    def write(self, data):
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        count = self._file.write_at(self._at, data)
        self._at += count
        return count

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._file)}[whence]
        if start + offset < 0:
            raise ValueError("a position is not negative")
        self._at = start + offset
        return self._at

    def tell(self):
        return self._at

    def truncate(self, size=None):
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        size = self._at if size is None else size
        self._file.truncate(size)
        return size
