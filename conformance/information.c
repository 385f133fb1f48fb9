/* Information about handles, the machine, and errors. */
#define AREA "information"
#include "subject.h"

static const char *flags_text(HANDLE handle) {
    DWORD flags = 0xFFFF;
    struct outcome told = ATTEMPT("", GetHandleInformation(handle, &flags));
    return told.good ? text("%lx", (unsigned long)flags) : text("error %s", error_text(told.error));
}

static void handle_flags(const char *word, HANDLE handle) {
    static const struct {
        const char *word;
        DWORD mask, flags;
    } changes[] = {
        {"inherit", HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT},
        {"inherit-unmasked", 0, HANDLE_FLAG_INHERIT},
        {"keep", HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE},
        {"not-inherit", HANDLE_FLAG_INHERIT, 0},
        {"not-keep", HANDLE_FLAG_PROTECT_FROM_CLOSE, 0},
        {"both", HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE,
         HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE},
        {"neither", HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE, 0},
    };
    struct outcome fresh = ATTEMPT("GetHandleInformation", handle);
    report(text("%s-fresh", word), fresh, flags_text(handle));
    for (size_t index = 0; index < COUNT(changes); index++) {
        struct outcome set = ATTEMPT(
            "SetHandleInformation",
            SetHandleInformation(handle, changes[index].mask, changes[index].flags));
        report(text("%s-%s", word, changes[index].word), set, flags_text(handle));
    }
    SetHandleInformation(handle, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE);
    struct outcome closed = ATTEMPT("CloseHandle", CloseHandle(handle));
    report(text("%s-closed-while-kept", word), closed, flags_text(handle));
    SetHandleInformation(handle, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0);
    closed = ATTEMPT("CloseHandle", CloseHandle(handle));
    report(text("%s-closed", word), closed, flags_text(handle));
    struct outcome set =
        ATTEMPT("SetHandleInformation", SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0));
    report(text("%s-set-when-closed", word), set, "");
}

/* Numbers beside a handle's: on Windows they are the handle. */
static void low_bits(void) {
    HANDLE handle = create_memory(PAGE_READWRITE, 10, NULL);
    for (ULONG_PTR bits = 1; bits < 4; bits++) {
        HANDLE beside = (HANDLE)((ULONG_PTR)handle ^ bits);
        struct outcome told = ATTEMPT("GetHandleInformation", GetHandleInformation(beside, &(DWORD){0}));
        report(text("handle-and-%lu", (unsigned long)bits), told, "");
    }
    report("handle-in-31-bits", ATTEMPT("CreateFileMapping", handle),
           (ULONG_PTR)handle <= 0x7FFFFFFF ? "fits" : "does not fit");
    close_if(handle);
}

static void inherited(void) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, TRUE};
    HANDLE here = GetCurrentProcess(), twin = NULL;
    const char *name = name_of("information");
    HANDLE one = CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 10, name);
    report("created-to-inherit", ATTEMPT("CreateFileMapping", one), flags_text(one));
    HANDLE two = create_memory(PAGE_READWRITE, 10, name);
    report("created-again-and-not-to-inherit", ATTEMPT("CreateFileMapping", two), flags_text(two));
    HANDLE three = OpenFileMappingA(FILE_MAP_READ, TRUE, name);
    report("opened-to-inherit", ATTEMPT("OpenFileMapping", three), flags_text(three));
    for (int inherit = 0; inherit < 2; inherit++) {
        struct outcome done = ATTEMPT("DuplicateHandle",
                                      DuplicateHandle(here, one, here, &twin, 0, inherit,
                                                      DUPLICATE_SAME_ACCESS));
        report(text("duplicated-%d", inherit), done, flags_text(twin));
        close_if(twin);
    }
    struct outcome done = ATTEMPT(
        "DuplicateHandle", DuplicateHandle(here, three, here, &twin, 0, FALSE,
                                           DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    report("duplicated-and-closed", done, flags_text(twin));
    close_if(one);
    close_if(two);
    close_if(twin);
    attributes.bInheritHandle = TRUE;
    HANDLE file = CreateFileA("inherited", GENERIC_READ, SHARE_ALL, &attributes, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    report("file-to-inherit", ATTEMPT("CreateFile", file), flags_text(file));
    close_if(file);
    DeleteFileA("inherited");
}

static void machine(void) {
    SYSTEM_INFO system;
    memset(&system, 0, sizeof system);
    GetSystemInfo(&system);
    struct outcome told = ATTEMPT("GetSystemInfo", system.dwPageSize);
    report("system", told,
           text("pages of %lu, granularity %lu, architecture %u, from %llx to %llx",
                (unsigned long)system.dwPageSize, (unsigned long)system.dwAllocationGranularity,
                system.wProcessorArchitecture,
                (unsigned long long)(ULONG_PTR)system.lpMinimumApplicationAddress,
                (unsigned long long)(ULONG_PTR)system.lpMaximumApplicationAddress));
}

/* Only that there is a text, as each system has its own. */
static void messages(void) {
    static const DWORD codes[] = {0,   2,   3,   4,   5,    6,    8,    31,   32,   33,   38,
                                  50,  80,  87,  112, 122,  123,  131,  145,  161,  183,  193,
                                  206, 223, 487, 998, 1006, 1113, 1117, 1132, 1224, 1314, 1450,
                                  1453, 1455, 1460};
    const DWORD plain = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    char buffer[512];
    DWORD length = 0;
    for (size_t index = 0; index < COUNT(codes); index++) {
        struct outcome told = ATTEMPT(
            "FormatMessage",
            length = FormatMessageA(plain, NULL, codes[index], 0, buffer, sizeof buffer, NULL));
        report(text("text-of-%lu", (unsigned long)codes[index]), told,
               length > 3 && !strcmp(buffer + length - 3, ".\r\n") ? "ends a line" : "other");
    }
    struct outcome told = ATTEMPT("FormatMessage", FormatMessageA(plain, NULL, 0x1FFFFFFF, 0,
                                                                  buffer, sizeof buffer, NULL));
    report("text-of-no-code", told, "");
    told = ATTEMPT("FormatMessage", FormatMessageA(plain, NULL, 5, 0, buffer, 4, NULL));
    report("text-in-little-room", told, "");
    told = ATTEMPT("FormatMessage", FormatMessageA(plain, NULL, 5, 0, NULL, 0, NULL));
    report("text-nowhere", told, "");
    told = ATTEMPT("FormatMessage", FormatMessageA(0, NULL, 5, 0, buffer, sizeof buffer, NULL));
    report("text-from-nowhere", told, "");
    char *given = NULL;
    told = ATTEMPT("FormatMessage",
                   length = FormatMessageA(plain | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 5, 0,
                                           (LPSTR)&given, 0, NULL));
    report("text-given", told, given && strlen(given) == length ? "whole" : "other");
    struct outcome gone = ATTEMPT("LocalFree", LocalFree(given) == NULL);
    report("text-given-back", gone, "");
    given = buffer;
    told = ATTEMPT("FormatMessage", !FormatMessageA(plain | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL,
                                                    0x1FFFFFFF, 0, (LPSTR)&given, 0, NULL));
    report("text-of-no-code-given", told, given ? "an address" : "NULL");
    given = buffer;
    told = ATTEMPT("FormatMessage",
                   !FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ALLOCATE_BUFFER,
                                   "one%", 0, 0, (LPSTR)&given, 0, NULL));
    report("wrong-text-given", told, given ? "an address" : "NULL");

    static const struct {
        const char *word, *text;
        DWORD flags;
    } forms[] = {
        {"plain", "as it is", 0},
        {"string", "a %1 b", 0},
        {"twice", "%1 and %1 and %2!s!", 0},
        {"numbers", "%3!d! %3!u! %3!x! %3!X! %3!08x!", 0},
        {"signs", "%% %n%. %! %  %r", 0},
        {"end", "before%0after", 0},
        {"ignored", "%1 %2!s! %3!d!", FORMAT_MESSAGE_IGNORE_INSERTS},
        {"line", "one\r\ntwo", FORMAT_MESSAGE_MAX_WIDTH_MASK},
        {"wanted-line", "one%ntwo", FORMAT_MESSAGE_MAX_WIDTH_MASK},
        {"line-feed", "one\ntwo\n\nthree", 0},
        {"returns", "one\rtwo\r\r\nthree\n\r", 0},
        {"line-feed-on-one-line", "one\ntwo\rthree\n", FORMAT_MESSAGE_MAX_WIDTH_MASK},
        {"line-feed-ignoring", "one\ntwo %% %. %n %M %!", FORMAT_MESSAGE_IGNORE_INSERTS},
        {"end-ignoring", "before%0after", FORMAT_MESSAGE_IGNORE_INSERTS},
        {"signs-ignoring", "%r|%t|%b|% |%%|%%%|%12!d!|", FORMAT_MESSAGE_IGNORE_INSERTS},
        {"wide-numbers", "|%3!7d!|%3!-7d!|%3!07d!|%3!+d!|%3!.8d!|%3!9.7d!|%3! d!|%3!+09d!|", 0},
        {"negative-numbers", "|%4!d!|%4!6d!|%4!-6d!|%4!06d!|%4!.3d!|%4!u!|%4!hd!|%4!x!|", 0},
        {"wide-digits", "|%3!6x!|%3!#x!|%3!#10x!|%3!#X!|%3!08X!|%3!.6x!|%3!o!|%3!#o!|%3!hx!|", 0},
        {"wide-texts", "|%2!8s!|%2!-8s!|%2!.3s!|%2!5.2s!|%2!-5.2s!|%2!s!|%2!hs!|%2!.0s!|", 0},
        {"width-in-an-argument", "|%5!*s!|", 0},
        {"left-width-in-an-argument", "|%5!-*s!|", 0},
        {"precision-in-an-argument", "|%5!.*s!|", 0},
        {"both-in-arguments", "|%7!*.*s!|", 0},
        {"width-of-a-number-in-an-argument", "|%7!0*d!|", 0},
        {"no-text", "|%10!s!|%10|%10!8s!|%10!.3s!|", 0},
        {"characters", "|%11!c!|%11!3c!|%11!-3c!|", 0},
        {"percent-at-the-end", "one%", 0},
        {"percent-at-the-end-ignoring", "one%", FORMAT_MESSAGE_IGNORE_INSERTS},
        {"unclosed", "%1!s", 0},
        {"longer-numbers", "|%12!I64d!|%12!I64x!|%12!I64u!|%12!lld!|%12!Id!|", 0},
    };
    ULONG_PTR arguments[] = {(ULONG_PTR)"first", (ULONG_PTR)"second", 48879, (ULONG_PTR)-21,
                             8, (ULONG_PTR)"padded", 6, 2, (ULONG_PTR)"cut", 0, 'z',
                             (ULONG_PTR)-5000000000LL};
    for (size_t index = 0; index < COUNT(forms); index++) {
        memset(buffer, 0, sizeof buffer);
        told = ATTEMPT("FormatMessage",
                       FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY |
                                          forms[index].flags,
                                      forms[index].text, 0, 0, buffer, sizeof buffer,
                                      (va_list *)(void *)arguments));
        for (char *at = buffer; *at; at++)
            if (*at == '\t') *at = '^';
        for (char *at = buffer; *at; at++)
            if (*at == '\r') *at = '<';
            else if (*at == '\n') *at = '>';
        report(text("form-%s", forms[index].word), told, text("%s|", buffer));
    }
}

int main(void) {
    begin();
    handle_flags("memory", create_memory(PAGE_READWRITE, 10, NULL));
    HANDLE file = file_new("information", 10);
    handle_flags("mapping-of-a-file", create_over(file, PAGE_READWRITE, 0, NULL));
    handle_flags("file", file);
    DeleteFileA("information");
    inherited();
    low_bits();
    machine();
    messages();
    return 0;
}
