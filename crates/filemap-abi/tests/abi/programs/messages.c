/* Texts of errors, and texts with inserts. */
#include "check.h"

static const char *narrow(DWORD flags, const void *source, DWORD code, DWORD_PTR *arguments) {
    static char text[200];
    DWORD length = FormatMessageA(flags, source, code, 0, text, sizeof text, (void *)arguments);
    CHECK(length && length == strlen(text));
    return text;
}

int main(void) {
    DWORD plain = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    static const DWORD codes[] = {0,   2,   3,   5,   6,   8,    87,   112,  123,  161,  183,
                                  193, 206, 487, 998, 999, 1006, 1132, 1224, 1314, 1450, 1455};
    for (size_t index = 0; index < sizeof codes / sizeof codes[0]; index++) {
        const char *text = narrow(plain, NULL, codes[index], NULL);
        CHECK(strlen(text) > 10 && !strcmp(text + strlen(text) - 3, ".\r\n"));
    }
    CHECK(!strcmp(narrow(plain, NULL, 5, NULL), "Access is refused.\r\n"));
    CHECK(!strcmp(narrow(plain | FORMAT_MESSAGE_MAX_WIDTH_MASK, NULL, 5, NULL),
                  "Access is refused. "));

    /* A buffer of the library's, in both widths. */
    char *given = NULL;
    WCHAR *wide = NULL;
    GRANTED(FormatMessageA(plain | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 2, 0, (LPSTR)&given, 0,
                           NULL) == strlen("There is no such file or name.\r\n"));
    CHECK(!strcmp(given, "There is no such file or name.\r\n"));
    GRANTED(FormatMessageW(plain | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 2, 0, (LPWSTR)&wide, 500,
                           NULL) == strlen(given));
    for (size_t index = 0; index <= strlen(given); index++) CHECK(wide[index] == given[index]);
    GRANTED(LocalFree(given) == NULL);
    GRANTED(LocalFree(wide) == NULL);
    REFUSED(!LocalFree(given), ERROR_INVALID_HANDLE);

    char small[8] = "as ever";
    REFUSED(FormatMessageA(plain, NULL, 5, 0, small, sizeof small, NULL),
            ERROR_INSUFFICIENT_BUFFER);
    CHECK(!strcmp(small, "as ever"));
    REFUSED(FormatMessageA(plain, NULL, 7777777, 0, small, sizeof small, NULL),
            ERROR_MR_MID_NOT_FOUND);
    REFUSED(FormatMessageA(0, NULL, 5, 0, small, sizeof small, NULL), ERROR_INVALID_PARAMETER);
    REFUSED(FormatMessageA(plain, NULL, 5, MAKELANGID(0x07, 1), small, sizeof small, NULL),
            ERROR_RESOURCE_LANG_NOT_FOUND);

    DWORD own = FORMAT_MESSAGE_FROM_STRING, array = own | FORMAT_MESSAGE_ARGUMENT_ARRAY;
    DWORD_PTR arguments[] = {(DWORD_PTR)"view", (DWORD_PTR)-5, 0xBEEF};
    CHECK(!strcmp(narrow(array, "%1 has %2!d! of %3!08x!%n", 0, arguments),
                  "view has -5 of 0000beef\r\n"));
    CHECK(!strcmp(narrow(array, "%%1 is not %1!s!%0 and no more", 0, arguments),
                  "%1 is not view"));
    CHECK(!strcmp(narrow(own | FORMAT_MESSAGE_IGNORE_INSERTS, "%1!d! stays", 0, NULL),
                  "%1!d! stays"));
    REFUSED(FormatMessageA(array, "%1", 0, 0, small, sizeof small, NULL), ERROR_INVALID_PARAMETER);
    /* What is not there is told, widths and line breaks are as on Windows. */
    arguments[2] = 0;
    CHECK(!strcmp(narrow(array, "%3|%1!-6s!|%2!5u!|%2!.2d!|a\nb", 0, arguments),
                  "(null)|view  |4294967291|-05|a\r\nb"));
    CHECK(!strcmp(narrow(own | FORMAT_MESSAGE_IGNORE_INSERTS, "%% %1", 0, NULL), "%% %1"));
    REFUSED(FormatMessageA(array, "%1!f!", 0, 0, small, sizeof small, (void *)arguments),
            ERROR_CALL_NOT_IMPLEMENTED);
    /* A caller that frees its buffer whatever happens frees nothing. */
    given = small;
    REFUSED(FormatMessageA(plain | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 7777777, 0, (LPSTR)&given,
                           0, NULL),
            ERROR_MR_MID_NOT_FOUND);
    CHECK(given == NULL && LocalFree(given) == NULL);
    REFUSED(FormatMessageA(array, "%1!s", 0, 0, small, sizeof small, (void *)arguments),
            ERROR_INVALID_PARAMETER);
    return 0;
}
