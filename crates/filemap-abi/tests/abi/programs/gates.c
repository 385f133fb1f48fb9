/* What Windows is strict about: alignment, sizes, both gates of a view, whole views, names. */
#include "check.h"

static void views(void) {
    HANDLE mapping = memory(3 * GRANULE, NULL), reader, writer;
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, GRANULE, 0x1001);
    CHECK(view && (ULONG_PTR)view % GRANULE == 0);
    REFUSED(MapViewOfFile(mapping, FILE_MAP_READ, 0, 4096, 0), ERROR_MAPPED_ALIGNMENT);
    REFUSED(MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, view + 4096), ERROR_MAPPED_ALIGNMENT);
    REFUSED(MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, view), ERROR_INVALID_ADDRESS);
    REFUSED(MapViewOfFile(mapping, FILE_MAP_READ, 0, GRANULE, 2 * GRANULE + 1), ERROR_ACCESS_DENIED);

    /* The first gate is the handle's right, the second the mapping's protection. */
    HANDLE here = GetCurrentProcess();
    GRANTED(DuplicateHandle(here, mapping, here, &reader, FILE_MAP_READ, FALSE, 0));
    REFUSED(MapViewOfFile(reader, FILE_MAP_WRITE, 0, 0, 0), ERROR_ACCESS_DENIED);
    HANDLE closed =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READONLY, 0, 10, "gates");
    GRANTED((writer = OpenFileMappingA(FILE_MAP_WRITE, FALSE, "gates")) != NULL);
    REFUSED(MapViewOfFile(writer, FILE_MAP_WRITE, 0, 0, 0), ERROR_INVALID_PARAMETER);
    REFUSED(MapViewOfFile(writer, FILE_MAP_READ, 0, 0, 0), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(writer) && CloseHandle(closed) && CloseHandle(reader));

    /* Any address in a view stands for all of it. */
    char *other = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    GRANTED(UnmapViewOfFile(view + 0x1fff));
    REFUSED(UnmapViewOfFile(view), ERROR_INVALID_ADDRESS);
    REFUSED(UnmapViewOfFile(other + 3 * GRANULE), ERROR_INVALID_ADDRESS);
    GRANTED(UnmapViewOfFileEx(other, 0));
    REFUSED(UnmapViewOfFileEx(other, MEM_PRESERVE_PLACEHOLDER), ERROR_INVALID_PARAMETER);
    CHECK(CloseHandle(mapping));
}

static void names(void) {
    static const struct {
        const char *name;
        DWORD code;
    } wrong[] = {{"a\\b", 3},    {"\\x", 161},     {"Local\\", 123}, {"Local", 6},
                 {"Global", 6}, {"local\\x", 3}, {"\xff", 1113}};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++)
        REFUSED(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 10,
                                   wrong[index].name),
                wrong[index].code);
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, ""), ERROR_INVALID_HANDLE);

    /* Narrow names end before the 260th unit of UTF-16; wide ones go on. */
    char narrow[1024];
    WCHAR wide[400];
    memset(narrow, 0, sizeof narrow);
    for (int index = 0; index < 259; index++) memcpy(narrow + 2 * index, "\xc3\xa9", 2);
    CHECK(CloseHandle(memory(10, narrow)));
    strcat(narrow, "x");
    REFUSED(OpenFileMappingA(FILE_MAP_READ, FALSE, narrow), ERROR_FILENAME_EXCED_RANGE);
    for (int index = 0; index < 399; index++) wide[index] = 'w';
    wide[399] = 0;
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 10, wide);
    CHECK(mapping && CloseHandle(mapping));
    static const WCHAR half[] = {'a', 0xD800, 'b', 0};
    REFUSED(CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 10, half),
            ERROR_NO_UNICODE_TRANSLATION);

    /* Both encodings are of one name. */
    static const WCHAR same[] = {'n', 0xE9, 0xD83D, 0xDE00, 0};
    mapping = memory(10, "n\xc3\xa9\xf0\x9f\x98\x80");
    HANDLE found = OpenFileMappingW(FILE_MAP_READ, FALSE, same);
    CHECK(found && CloseHandle(found) && CloseHandle(mapping));
}

int main(void) {
    views();
    names();
    return 0;
}
