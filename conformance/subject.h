/* The subjects of cases: names, files, mappings and views, each by one call. */
#ifndef CONFORMANCE_SUBJECT_H
#define CONFORMANCE_SUBJECT_H

#include "case.h"
#include "touch.h"

#define LOW(number) ((DWORD)(unsigned long long)(number))
#define HIGH(number) ((DWORD)((unsigned long long)(number) >> 32))
#define PAGE ((SIZE_T)4096)
#define UNIT ((SIZE_T)65536)

/* All protections of mappings. */
static const struct {
    const char *word;
    DWORD flags;
} protections[] __attribute__((unused)) = {
    {"readonly", PAGE_READONLY},
    {"readwrite", PAGE_READWRITE},
    {"writecopy", PAGE_WRITECOPY},
    {"execute-read", PAGE_EXECUTE_READ},
    {"execute-readwrite", PAGE_EXECUTE_READWRITE},
    {"execute-writecopy", PAGE_EXECUTE_WRITECOPY},
};

/* A name that no other run uses. */
static inline const char *name_of(const char *base) {
    return text("conformance-%s-%lu", base, (unsigned long)GetCurrentProcessId());
}

static inline HANDLE create_over(HANDLE file, DWORD flags, unsigned long long size,
                                 const char *name) {
    return CreateFileMappingA(file, NULL, flags, HIGH(size), LOW(size), name);
}

static inline HANDLE create_memory(DWORD flags, unsigned long long size, const char *name) {
    return create_over(INVALID_HANDLE_VALUE, flags, size, name);
}

static inline void *map(HANDLE mapping, DWORD access, unsigned long long offset, SIZE_T size) {
    return MapViewOfFile(mapping, access, HIGH(offset), LOW(offset), size);
}

static inline void close_if(HANDLE handle) {
    if (handle && handle != INVALID_HANDLE_VALUE) CloseHandle(handle);
}

static inline void unmap_if(const void *view) {
    if (view) UnmapViewOfFile(view);
}

/* Returns the byte of all subjects at an offset: the number of its page, from 1 on. */
static inline int byte_at(unsigned long long offset) {
    return (int)((offset / PAGE + 1) % 251);
}

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static inline HANDLE file_open_sharing(const char *path, DWORD access, DWORD share, DWORD how) {
    HANDLE file = CreateFileA(path, access, share, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
    return file == INVALID_HANDLE_VALUE ? NULL : file;
}

static inline HANDLE file_open(const char *path, DWORD access) {
    return file_open_sharing(path, access, SHARE_ALL, OPEN_EXISTING);
}

static inline int file_seek(HANDLE file, unsigned long long offset) {
    LARGE_INTEGER to;
    to.QuadPart = (LONGLONG)offset;
    return SetFilePointerEx(file, to, NULL, FILE_BEGIN);
}

static inline unsigned long long file_position(HANDLE file) {
    LARGE_INTEGER by, at;
    by.QuadPart = 0;
    at.QuadPart = -1;
    SetFilePointerEx(file, by, &at, FILE_CURRENT);
    return (unsigned long long)at.QuadPart;
}

/* A file of this length and the bytes of `byte_at`, open for everything. */
static inline HANDLE file_new(const char *path, unsigned long long length) {
    HANDLE file = file_open_sharing(path, GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE, SHARE_ALL,
                                    CREATE_ALWAYS);
    unsigned long long done = 0;
    while (file && done < length) {
        BYTE page[4096];
        DWORD part = (DWORD)(length - done < PAGE ? length - done : PAGE), count = 0;
        memset(page, byte_at(done), part);
        if (!WriteFile(file, page, part, &count, NULL) || count != part) break;
        done += part;
    }
    if (file) file_seek(file, 0);
    return file;
}

static inline long long file_length(HANDLE file) {
    LARGE_INTEGER size;
    size.QuadPart = -1;
    GetFileSizeEx(file, &size);
    return size.QuadPart;
}

/* The byte of a file that ordinary input finds at an offset; -1 at its end. */
static inline int file_byte(HANDLE file, unsigned long long offset) {
    BYTE byte = 0;
    DWORD count = 0;
    file_seek(file, offset);
    return ReadFile(file, &byte, 1, &count, NULL) && count == 1 ? byte : -1;
}

static inline int file_store(HANDLE file, unsigned long long offset, int byte) {
    BYTE bytes[1] = {(BYTE)byte};
    DWORD count = 0;
    file_seek(file, offset);
    return WriteFile(file, bytes, 1, &count, NULL) && count == 1;
}

static inline int file_cut(HANDLE file, unsigned long long length) {
    return file_seek(file, length) && SetEndOfFile(file);
}

/* Memory of this size and the bytes of `byte_at`. */
static inline HANDLE filled_memory(DWORD flags, SIZE_T size, const char *name) {
    HANDLE mapping = create_memory(flags, size, name);
    BYTE *view = mapping ? map(mapping, FILE_MAP_WRITE, 0, 0) : NULL;
    for (SIZE_T at = 0; view && at < size; at += PAGE)
        memset(view + at, byte_at(at), size - at < PAGE ? size - at : PAGE);
    unmap_if(view);
    return mapping;
}

static inline const char *protection_text(DWORD protection) {
    switch (protection) {
    case 0: return "none";
    case PAGE_NOACCESS: return "no-access";
    case PAGE_READONLY: return "read-only";
    case PAGE_READWRITE: return "read-write";
    case PAGE_WRITECOPY: return "write-copy";
    case PAGE_EXECUTE_READ: return "execute-read";
    case PAGE_EXECUTE_READWRITE: return "execute-read-write";
    case PAGE_EXECUTE_WRITECOPY: return "execute-write-copy";
    default: return text("0x%lx", (unsigned long)protection);
    }
}

static inline const char *state_text(DWORD state) {
    switch (state) {
    case MEM_COMMIT: return "commit";
    case MEM_RESERVE: return "reserve";
    case MEM_FREE: return "free";
    default: return text("0x%lx", (unsigned long)state);
    }
}

static inline MEMORY_BASIC_INFORMATION query(const void *address) {
    MEMORY_BASIC_INFORMATION found;
    memset(&found, 0, sizeof found);
    VirtualQuery(address, &found, sizeof found);
    return found;
}

/* Returns what the system reports for a view: its protection and its length. */
static inline const char *view_text(const void *view) {
    MEMORY_BASIC_INFORMATION found = query(view);
    return text("%s %llu", protection_text(found.AllocationProtect),
                (unsigned long long)found.RegionSize);
}

/* Returns the accesses for which a handle can be mapped, each with its error. */
static inline const char *views_of(HANDLE mapping) {
    static const struct {
        const char *word;
        DWORD access;
    } kinds[] = {
        {"none", 0},
        {"read", FILE_MAP_READ},
        {"write", FILE_MAP_WRITE},
        {"copy", FILE_MAP_COPY},
        {"read-run", FILE_MAP_READ | FILE_MAP_EXECUTE},
        {"write-run", FILE_MAP_WRITE | FILE_MAP_EXECUTE},
        {"copy-run", FILE_MAP_COPY | FILE_MAP_EXECUTE},
    };
    const char *all = "";
    for (size_t index = 0; index < COUNT(kinds); index++) {
        void *view;
        struct outcome mapped = ATTEMPT("", view = map(mapping, kinds[index].access, 0, 0));
        all = text("%s%s%s=%s", all, *all ? " " : "", kinds[index].word, outcome_text(mapped));
        unmap_if(view);
    }
    return all;
}

/* Prepares a program: faults of `peek` and `poke` are caught from now on. */
static inline void begin(void) {
    touch_prepare();
}

#endif
