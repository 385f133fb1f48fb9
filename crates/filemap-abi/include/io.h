/* Files by the numbers of Windows' C library, which are descriptors. */
#ifndef FILEMAP_IO_H
#define FILEMAP_IO_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "windef.h"

#define _O_RDONLY O_RDONLY
#define _O_WRONLY O_WRONLY
#define _O_RDWR O_RDWR
#define _O_APPEND O_APPEND
#define _O_CREAT O_CREAT
#define _O_TRUNC O_TRUNC
#define _O_EXCL O_EXCL
#define _O_NOINHERIT O_CLOEXEC
/* Bytes are never changed here. */
#define _O_BINARY 0
#define _O_TEXT 0
#define _O_RANDOM 0
#define _O_SEQUENTIAL 0
#ifndef O_BINARY
#define O_BINARY _O_BINARY
#endif
#define _S_IREAD S_IRUSR
#define _S_IWRITE S_IWUSR

#define _open open
#define _close close
#define _read read
#define _write write
#define _dup dup
#define _dup2 dup2
#define _commit fsync
#define _unlink unlink
#define _access access
#define _fileno fileno
#define _fdopen fdopen
#define _isatty isatty
#define _stat64 stat
#define _fstat64 fstat

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the handle of a descriptor, which is its number; -1 if it is not open. Descriptor 0 has
 * none: a handle of 0 is NULL. CloseHandle refuses the handle; the descriptor is closed by _close. */
static __inline__ __attribute__((unused)) intptr_t _get_osfhandle(int descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1 && descriptor > 0) return descriptor;
    errno = EBADF;
    return -1;
}

/* Returns the descriptor of a handle, which is the handle: _close closes both. -1 if it is not open. */
static __inline__ __attribute__((unused)) int _open_osfhandle(intptr_t handle, int flags) {
    (void)flags;
    return fcntl((int)handle, F_GETFD) == -1 ? -1 : (int)handle;
}

/* Bytes are never changed here, whatever the mode. Returns the one before. */
static __inline__ __attribute__((unused)) int _setmode(int descriptor, int mode) {
    (void)mode;
    return fcntl(descriptor, F_GETFD) == -1 ? -1 : _O_BINARY;
}

static __inline__ __attribute__((unused)) __int64 _lseeki64(int descriptor, __int64 offset,
                                                            int origin) {
    return lseek(descriptor, offset, origin);
}

static __inline__ __attribute__((unused)) LONG _lseek(int descriptor, LONG offset, int origin) {
    return (LONG)lseek(descriptor, offset, origin);
}

static __inline__ __attribute__((unused)) __int64 _telli64(int descriptor) {
    return lseek(descriptor, 0, SEEK_CUR);
}

static __inline__ __attribute__((unused)) LONG _tell(int descriptor) {
    return (LONG)_telli64(descriptor);
}

/* Returns the length of a file, or -1. */
static __inline__ __attribute__((unused)) __int64 _filelengthi64(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 ? (__int64)status.st_size : -1;
}

static __inline__ __attribute__((unused)) LONG _filelength(int descriptor) {
    return (LONG)_filelengthi64(descriptor);
}

/* Sets the length of a file as SetEndOfFile does: a mapped one does not become shorter. Returns 0, or
 * the number of an error. */
static __inline__ __attribute__((unused)) int _chsize_s(int descriptor, __int64 length) {
    off_t before = lseek(descriptor, 0, SEEK_CUR);
    HANDLE file = (HANDLE)_get_osfhandle(descriptor);
    int failed = before == -1 || lseek(descriptor, length, SEEK_SET) == -1 || !SetEndOfFile(file);
    if (before != -1) lseek(descriptor, before, SEEK_SET);
    if (failed) errno = EACCES;
    return failed ? EACCES : 0;
}

static __inline__ __attribute__((unused)) int _chsize(int descriptor, LONG length) {
    return _chsize_s(descriptor, length) ? -1 : 0;
}

#ifdef __cplusplus
}
#endif

#endif
