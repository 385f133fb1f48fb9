/* What programs that share memory call besides: clocks, texts, modules, lengths in 32 bits. */
#define AREA "basics"
#include "subject.h"

static void times(void) {
    LARGE_INTEGER frequency, before, after;
    ULONGLONG start = GetTickCount64();
    DWORD ticks = GetTickCount();
    struct outcome told = ATTEMPT("QueryPerformanceFrequency",
                                  QueryPerformanceFrequency(&frequency));
    report("frequency", told, text("%lld", (long long)frequency.QuadPart));
    told = ATTEMPT("QueryPerformanceCounter", QueryPerformanceCounter(&before));
    Sleep(30);
    QueryPerformanceCounter(&after);
    report("counter", told,
           after.QuadPart - before.QuadPart >= frequency.QuadPart * 29 / 1000 ? "runs" : "stands");
    report("ticks", told,
           GetTickCount64() - start >= 15 && GetTickCount() - ticks >= 15 ? "run" : "stand");
    report("ticks-of-both-widths", told,
           (DWORD)GetTickCount64() - GetTickCount() < 1000 ||
                   GetTickCount() - (DWORD)GetTickCount64() < 1000
               ? "are one clock"
               : "differ");
    told = ATTEMPT("Sleep", (Sleep(0), 1));
    report("slept-not-at-all", told, "");
    told = ATTEMPT("GetCurrentThreadId", GetCurrentThreadId() == GetCurrentThreadId());
    report("thread", told, GetCurrentThreadId() ? "a number" : "0");
}

static void memory(void) {
    MEMORYSTATUSEX status;
    static const DWORD lengths[] = {sizeof status, 0, sizeof status - 8, sizeof status + 8};
    for (size_t index = 0; index < COUNT(lengths); index++) {
        memset(&status, 0, sizeof status);
        status.dwLength = lengths[index];
        struct outcome told = ATTEMPT("GlobalMemoryStatusEx", GlobalMemoryStatusEx(&status));
        report(text("memory-in-%lu-bytes", (unsigned long)lengths[index]), told,
               text("load %s, physical %s, pages %s, addresses %s, extended %llu",
                    status.dwMemoryLoad <= 100 ? "in percent" : "wrong",
                    status.ullAvailPhys && status.ullAvailPhys <= status.ullTotalPhys ? "there" : "wrong",
                    status.ullAvailPageFile && status.ullAvailPageFile <= status.ullTotalPageFile
                        ? "there"
                        : "wrong",
                    status.ullAvailVirtual && status.ullAvailVirtual < status.ullTotalVirtual
                        ? "there"
                        : "wrong",
                    (unsigned long long)status.ullAvailExtendedVirtual));
    }
}

static void widened(void) {
    static const struct {
        const char *word, *bytes;
        int length, room;
        UINT page;
        DWORD flags;
    } texts[] = {
        {"whole", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", -1, 20, CP_UTF8, 0},
        {"counted", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 3, 20, CP_UTF8, 0},
        {"measured", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", -1, 0, CP_UTF8, 0},
        {"in-little-room", "abcdef", -1, 3, CP_UTF8, 0},
        {"in-just-the-room", "abc", -1, 4, CP_UTF8, 0},
        {"without-its-end", "abc", 3, 3, CP_UTF8, 0},
        {"nothing", "abc", 0, 3, CP_UTF8, 0},
        {"less-than-nothing", "abc", -7, 3, CP_UTF8, 0},
        {"wrong", "a\xff\xc3z", -1, 20, CP_UTF8, 0},
        {"wrong-strictly", "a\xff\xc3z", -1, 20, CP_UTF8, MB_ERR_INVALID_CHARS},
        {"right-strictly", "a\xc3\xa4", -1, 20, CP_UTF8, MB_ERR_INVALID_CHARS},
        {"cut-short", "a\xe2\x82", -1, 20, CP_UTF8, 0},
        {"overlong", "\xc0\x80\xe0\x80\x80", -1, 20, CP_UTF8, 0},
        {"surrogates", "\xed\xa0\x80", -1, 20, CP_UTF8, 0},
        {"with-odd-flags", "abc", -1, 20, CP_UTF8, 0x10},
        {"composed", "abc", -1, 20, CP_UTF8, MB_PRECOMPOSED},
        {"of-the-system", "abc", -1, 20, CP_ACP, 0},
        {"of-no-page", "abc", -1, 20, 12345, 0},
        {"in-negative-room", "abc", -1, -1, CP_UTF8, 0},
    };
    for (size_t index = 0; index < COUNT(texts); index++) {
        WCHAR wide[32];
        int count = 0;
        memset(wide, 0xee, sizeof wide);
        struct outcome told = ATTEMPT(
            "MultiByteToWideChar",
            count = MultiByteToWideChar(texts[index].page, texts[index].flags, texts[index].bytes,
                                        texts[index].length, wide, texts[index].room));
        const char *units = "";
        for (int at = 0; at < 12 && wide[at] != 0xeeee; at++)
            units = text("%s %x", units, wide[at]);
        report(text("widened-%s", texts[index].word), told, text("%d:%s", count, units));
    }
    WCHAR wide[4];
    struct outcome told =
        ATTEMPT("MultiByteToWideChar", MultiByteToWideChar(CP_UTF8, 0, NULL, -1, wide, 4));
    report("widened-no-text", told, "");
    told = ATTEMPT("MultiByteToWideChar", MultiByteToWideChar(CP_UTF8, 0, "abc", -1, NULL, 4));
    report("widened-to-nowhere", told, "");
}

static void narrowed(void) {
    static const WCHAR whole[] = {'a', 0xe4, 0x20ac, 0xd83d, 0xde00, 0},
                       wrong[] = {'a', 0xd83d, 'b', 0xde00, 0};
    static const struct {
        const char *word;
        const WCHAR *units;
        int length, room;
        DWORD flags;
    } texts[] = {
        {"whole", whole, -1, 20, 0},       {"counted", whole, 2, 20, 0},
        {"measured", whole, -1, 0, 0},     {"in-little-room", whole, -1, 4, 0},
        {"nothing", whole, 0, 20, 0},      {"wrong", wrong, -1, 20, 0},
        {"strictly", whole, -1, 20, 0x80}, {"wrong-strictly", wrong, -1, 20, 0x80},
        {"with-odd-flags", whole, -1, 20, 0x20},
    };
    for (size_t index = 0; index < COUNT(texts); index++) {
        char bytes[32];
        int count = 0;
        memset(bytes, '#', sizeof bytes);
        struct outcome told =
            ATTEMPT("WideCharToMultiByte",
                    count = WideCharToMultiByte(CP_UTF8, texts[index].flags, texts[index].units,
                                                texts[index].length, bytes, texts[index].room, NULL,
                                                NULL));
        const char *all = "";
        for (int at = 0; at < 20 && bytes[at] != '#'; at++)
            all = text("%s %x", all, (BYTE)bytes[at]);
        report(text("narrowed-%s", texts[index].word), told, text("%d:%s", count, all));
    }
    char bytes[8];
    BOOL used = 7;
    struct outcome told = ATTEMPT("WideCharToMultiByte", WideCharToMultiByte(CP_UTF8, 0, whole, 1,
                                                                             bytes, 8, "?", NULL));
    report("narrowed-with-a-default", told, "");
    told = ATTEMPT("WideCharToMultiByte",
                   WideCharToMultiByte(CP_UTF8, 0, whole, 1, bytes, 8, NULL, &used));
    report("narrowed-with-a-report", told, "");
    told = ATTEMPT("WideCharToMultiByte",
                   WideCharToMultiByte(CP_ACP, 0, whole, 1, bytes, 8, "?", &used));
    report("narrowed-for-the-system", told, text("%c, default %d", bytes[0], used));
}

typedef HANDLE(WINAPI *opener)(DWORD, BOOL, LPCSTR);

static void modules(void) {
    static const char *const names[] = {"kernel32", "kernel32.dll", "KERNEL32.DLL", "Kernel32",
                                        "kernelbase.dll", "no such module", ""};
    for (size_t index = 0; index < COUNT(names); index++) {
        HMODULE module;
        struct outcome found = ATTEMPT("GetModuleHandle", module = GetModuleHandleA(names[index]));
        report(text("module-'%s'", names[index]), found,
               text("%s", GetProcAddress(module, "MapViewOfFile") ? "has it" : "has it not"));
    }
    HMODULE module = GetModuleHandleA("kernel32.dll");
    static const char *const functions[] = {"OpenFileMappingA", "CreateFileMappingW", "GetTickCount64",
                                            "openfilemappinga", "NoSuchFunction", "",
                                            "OpenFileMapping"};
    for (size_t index = 0; index < COUNT(functions); index++) {
        FARPROC function;
        struct outcome found = ATTEMPT(
            "GetProcAddress", function = GetProcAddress(module, functions[index]));
        report(text("function-'%s'", functions[index]), found, function ? "there" : "");
    }
    union {
        FARPROC found;
        opener open;
    } function;
    function.found = GetProcAddress(module, "OpenFileMappingA");
    HANDLE mapping = create_memory(PAGE_READWRITE, 10, name_of("basics"));
    HANDLE opened;
    struct outcome called =
        ATTEMPT("OpenFileMapping", opened = function.open(FILE_MAP_READ, FALSE, name_of("basics")));
    report("function-called", called, opened ? views_of(opened) : "");
    close_if(opened);
    close_if(mapping);
    struct outcome found = ATTEMPT("GetModuleHandle", module = GetModuleHandleA(NULL));
    report("module-of-the-program", found, "");
    found = ATTEMPT("GetProcAddress", GetProcAddress(module, "NoSuchFunction"));
    report("function-of-the-program", found, "");
}

static void lengths(void) {
    static const unsigned long long sizes[] = {0, 10, 0xffffffff, 1ull << 32, (1ull << 32) + 5};
    HANDLE file = file_new("lengths", 0);
    for (size_t index = 0; index < COUNT(sizes); index++) {
        DWORD high = 77, low;
        file_cut(file, sizes[index]);
        SetLastError(UNTOUCHED);
        low = GetFileSize(file, &high);
        report(text("length-%llx", sizes[index]), judged("GetFileSize", 1),
               text("%lx %lx", (unsigned long)high, (unsigned long)low));
        SetLastError(UNTOUCHED);
        low = GetFileSize(file, NULL);
        report(text("length-%llx-without-upper-half", sizes[index]), judged("GetFileSize", 1),
               text("%lx", (unsigned long)low));
    }
    file_cut(file, 100);
    static const struct {
        const char *word;
        LONG low, high;
        int has_high;
        DWORD from;
    } moves[] = {
        {"to", 20, 0, 0, FILE_BEGIN},        {"on", 5, 0, 0, FILE_CURRENT},
        {"back", -3, 0, 0, FILE_CURRENT},    {"before-the-start", -200, 0, 0, FILE_CURRENT},
        {"to-a-negative", -1, 0, 0, FILE_BEGIN}, {"to-the-end", 0, 0, 0, FILE_END},
        {"before-the-end", -10, 0, 0, FILE_END}, {"nowhere", 0, 0, 0, 9},
        {"far", 6, 3, 1, FILE_BEGIN},        {"back-from-afar", -1, -1, 1, FILE_CURRENT},
        {"back-to-the-start", 0, 0, 1, FILE_BEGIN}, {"to-what-looks-like-a-failure", -1, 2, 1, FILE_BEGIN},
        {"to-a-negative-far", 0, -1, 1, FILE_BEGIN},
    };
    for (size_t index = 0; index < COUNT(moves); index++) {
        LONG high = moves[index].high;
        SetLastError(UNTOUCHED);
        DWORD low = SetFilePointer(file, moves[index].low, moves[index].has_high ? &high : NULL,
                                   moves[index].from);
        report(text("moved-%s", moves[index].word), judged("SetFilePointer", 1),
               text("%lx %lx", (unsigned long)(DWORD)(moves[index].has_high ? high : 0), (unsigned long)low));
        report(text("moved-%s-leaves", moves[index].word), judged("look", 1),
               text("%llu", file_position(file)));
    }
    SetLastError(UNTOUCHED);
    report("length-of-no-file", judged("GetFileSize", 1),
           text("%lx", (unsigned long)GetFileSize((HANDLE)0x7ffc, NULL)));
    DWORD kind;
    struct outcome told = ATTEMPT("GetFileType", kind = GetFileType(file));
    report("kind-of-a-file", told, text("%lu", (unsigned long)kind));
    close_if(file);
    told = ATTEMPT("GetFileType", GetFileType((HANDLE)0x7ffc));
    report("kind-of-no-file", told, "");
    DeleteFileA("lengths");
}

int main(void) {
    begin();
    times();
    memory();
    widened();
    narrowed();
    modules();
    lengths();
    return 0;
}
