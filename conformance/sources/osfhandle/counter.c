/* A file that the C library has open, mapped by the handle behind it. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>

typedef struct {
    char magic[4];
    LONG runs;
    __int64 total;
} HEADER;

int main(void)
{
    HEADER header = {{'C', 'N', 'T', '1'}, 41, 1};
    HANDLE hFile, hMap;
    HEADER *pHeader;
    DWORD dwHigh = 7, dwSize;
    FILE *file;
    int fd = _open("counter.bin", _O_RDWR | _O_CREAT | _O_TRUNC | _O_BINARY, _S_IREAD | _S_IWRITE);

    if (fd == -1 || _write(fd, &header, sizeof(header)) != (int)sizeof(header)) {
        printf("cannot write the file\n");
        return 1;
    }
    hFile = (HANDLE)_get_osfhandle(fd);
    if (hFile == INVALID_HANDLE_VALUE || GetFileType(hFile) != FILE_TYPE_DISK) {
        printf("no handle: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    dwSize = GetFileSize(hFile, &dwHigh);
    printf("%lu bytes, upper half %lu, position %ld\n", (unsigned long)dwSize,
           (unsigned long)dwHigh, (long)_lseek(fd, 0, SEEK_CUR));
    hMap = CreateFileMapping(hFile, NULL, PAGE_READWRITE, 0, 0, NULL);
    pHeader = hMap ? (HEADER *)MapViewOfFile(hMap, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (pHeader == NULL) {
        printf("cannot map: %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    if (memcmp(pHeader->magic, "CNT1", 4) == 0)
        pHeader->runs++;
    pHeader->total += (__int64)1 << 40;
    FlushViewOfFile(pHeader, 0);
    UnmapViewOfFile(pHeader);
    CloseHandle(hMap);
    /* The handle is the C library's, and so is closed with the file. */
    _close(fd);

    file = fopen("counter.bin", "rb");
    if (file == NULL || fread(&header, sizeof(header), 1, file) != 1) {
        printf("cannot read the file\n");
        return 1;
    }
    printf("runs %d, total %.0f\n", (int)header.runs, (double)header.total);
    printf("its handle is %s\n",
           GetFileType((HANDLE)_get_osfhandle(_fileno(file))) == FILE_TYPE_DISK ? "one of a disk"
                                                                               : "another");
    fclose(file);
    return DeleteFileA("counter.bin") ? 0 : 1;
}
