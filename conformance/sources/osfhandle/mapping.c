/* A file of the C library's, mapped as portable libraries do it, and a handle as its file. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <windows.h>

static void *MapFile(int fd, __int64 offset, size_t length)
{
    HANDLE hFile = (HANDLE)_get_osfhandle(fd);
    __int64 end = offset + (__int64)length;
    HANDLE hMap;
    void *view;

    if (hFile == INVALID_HANDLE_VALUE)
        return NULL;
    hMap = CreateFileMapping(hFile, NULL, PAGE_READWRITE, (DWORD)(end >> 32), (DWORD)end, NULL);
    if (hMap == NULL)
        return NULL;
    view = MapViewOfFile(hMap, FILE_MAP_WRITE, (DWORD)(offset >> 32), (DWORD)offset, length);
    CloseHandle(hMap);
    return view;
}

int main(void)
{
    int fd = _open("mapping.bin", _O_RDWR | _O_CREAT | _O_TRUNC | _O_BINARY, _S_IREAD | _S_IWRITE);
    HANDLE hProcess = GetCurrentProcess(), hTwin;
    struct _stat64 status;
    char text[6] = "";
    FILE *file;
    char *view;

    if (fd == -1 || _chsize(fd, 100000) != 0 || _fstat64(fd, &status) != 0)
        return 1;
    printf("%d bytes\n", (int)status.st_size);
    view = MapFile(fd, 65536, 5);
    if (view == NULL)
        return 2;
    memcpy(view, "hello", 5);
    UnmapViewOfFile(view);
    if (_lseeki64(fd, 65536, SEEK_SET) != 65536 || _read(fd, text, 5) != 5)
        return 3;
    printf("%s, then at %d\n", text, (int)_tell(fd));

    /* A handle of its own becomes a number of the C library, and is closed by that. */
    if (!DuplicateHandle(hProcess, (HANDLE)_get_osfhandle(fd), hProcess, &hTwin, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        return 4;
    _close(fd);
    fd = _open_osfhandle((intptr_t)hTwin, _O_RDWR);
    _setmode(fd, _O_BINARY);
    file = _fdopen(fd, "r+b");
    if (file == NULL || fread(text, 1, 5, file) != 5)
        return 5;
    printf("%d bytes, a terminal %d\n", (int)_filelength(_fileno(file)), _isatty(fd) != 0);
    fclose(file);
    printf("open %d\n", GetFileType(hTwin) != FILE_TYPE_UNKNOWN);
    return DeleteFileA("mapping.bin") ? 0 : 1;
}
