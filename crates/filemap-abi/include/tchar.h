/* Texts of either width: with _UNICODE they are wide, and without it narrow.
 *
 * The wide functions are this header's own: those of the C library are for texts of 32 bits. What they
 * print and read is UTF-8. Formats are those of Windows: `%s` and `%c` are wide in a wide format,
 * `%S` and `%hs` narrow, `%ld` has 32 bits. */
#ifndef FILEMAP_TCHAR_H
#define FILEMAP_TCHAR_H

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "windef.h"

#ifdef _UNICODE
#ifndef UNICODE
#error "_UNICODE is for the C library and UNICODE for Windows: both must be set, or none"
#endif
typedef WCHAR _TCHAR, _TUCHAR, _TSCHAR;
#else
#ifdef UNICODE
#error "_UNICODE is for the C library and UNICODE for Windows: both must be set, or none"
#endif
typedef char _TCHAR, _TSCHAR;
typedef unsigned char _TUCHAR;
#endif

#define _T(literal) TEXT(literal)
#define _TEXT(literal) TEXT(literal)
#define __T(literal) TEXT(literal)

#ifndef _UNICODE

#define _tmain main
#define _tprintf printf
#define _ftprintf fprintf
#define _stprintf sprintf
#define _sntprintf snprintf
#define _stprintf_s snprintf
#define _sntprintf_s(target, room, count, ...) snprintf(target, room, __VA_ARGS__)
#define _vtprintf vprintf
#define _vftprintf vfprintf
#define _vsntprintf vsnprintf
#define _putts puts
#define _fputts fputs
#define _fgetts fgets
#define _puttchar putchar
#define _tfopen fopen
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcscat strcat
#define _tcsncat strncat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp strcasecmp
#define _tcsnicmp strncasecmp
#define _tcstok_s strtok_r
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcsdup strdup
#define _tcstol strtol
#define _tcstoul strtoul
#define _ttoi atoi
#define _tstoi atoi
#define _ttol atol
#define _ttoi64 atoll
#define _istalpha isalpha
#define _istdigit isdigit
#define _istspace isspace
#define _istupper isupper
#define _istlower islower
#define _totupper toupper
#define _totlower tolower

#else

#define FILEMAP_WIDE static __inline__ __attribute__((unused))

FILEMAP_WIDE size_t filemap_wcslen(const WCHAR *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

FILEMAP_WIDE WCHAR *filemap_wcscpy(WCHAR *target, const WCHAR *source) {
    memcpy(target, source, (filemap_wcslen(source) + 1) * sizeof *source);
    return target;
}

FILEMAP_WIDE WCHAR *filemap_wcsncpy(WCHAR *target, const WCHAR *source, size_t count) {
    size_t at = 0;
    for (; at < count && source[at]; at++) target[at] = source[at];
    for (; at < count; at++) target[at] = 0;
    return target;
}

FILEMAP_WIDE WCHAR *filemap_wcscat(WCHAR *target, const WCHAR *source) {
    filemap_wcscpy(target + filemap_wcslen(target), source);
    return target;
}

FILEMAP_WIDE WCHAR *filemap_wcsncat(WCHAR *target, const WCHAR *source, size_t count) {
    WCHAR *end = target + filemap_wcslen(target);
    while (count-- && *source) *end++ = *source++;
    *end = 0;
    return target;
}

FILEMAP_WIDE int filemap_wcsncmp(const WCHAR *one, const WCHAR *other, size_t count) {
    for (; count && *one && *one == *other; count--, one++, other++) {}
    return count ? (*one > *other) - (*one < *other) : 0;
}

FILEMAP_WIDE int filemap_wcscmp(const WCHAR *one, const WCHAR *other) {
    return filemap_wcsncmp(one, other, SIZE_MAX);
}

FILEMAP_WIDE WCHAR filemap_towlower(WCHAR sign) {
    return sign < 0x80 ? (WCHAR)tolower(sign) : sign;
}

FILEMAP_WIDE WCHAR filemap_towupper(WCHAR sign) {
    return sign < 0x80 ? (WCHAR)toupper(sign) : sign;
}

FILEMAP_WIDE int filemap_wcsnicmp(const WCHAR *one, const WCHAR *other, size_t count) {
    for (; count && *one && filemap_towlower(*one) == filemap_towlower(*other); count--)
        one++, other++;
    return count ? (int)filemap_towlower(*one) - (int)filemap_towlower(*other) : 0;
}

FILEMAP_WIDE int filemap_wcsicmp(const WCHAR *one, const WCHAR *other) {
    return filemap_wcsnicmp(one, other, SIZE_MAX);
}

FILEMAP_WIDE WCHAR *filemap_wcschr(const WCHAR *text, WCHAR sign) {
    for (; *text != sign; text++)
        if (!*text) return NULL;
    return (WCHAR *)(uintptr_t)text;
}

FILEMAP_WIDE WCHAR *filemap_wcsrchr(const WCHAR *text, WCHAR sign) {
    const WCHAR *end = text + filemap_wcslen(text);
    for (; *end != sign; end--)
        if (end == text) return NULL;
    return (WCHAR *)(uintptr_t)end;
}

FILEMAP_WIDE WCHAR *filemap_wcstok(WCHAR *text, const WCHAR *between, WCHAR **rest) {
    WCHAR *begin = text ? text : *rest, *end;
    while (*begin && filemap_wcschr(between, *begin)) begin++;
    for (end = begin; *end && !filemap_wcschr(between, *end); end++) {}
    *rest = *end ? end + 1 : end;
    *end = 0;
    return end == begin ? NULL : begin;
}

FILEMAP_WIDE WCHAR *filemap_wcsstr(const WCHAR *text, const WCHAR *part) {
    size_t length = filemap_wcslen(part);
    for (; filemap_wcsncmp(text, part, length); text++)
        if (!*text) return NULL;
    return (WCHAR *)(uintptr_t)text;
}

FILEMAP_WIDE WCHAR *filemap_wcsdup(const WCHAR *text) {
    WCHAR *copy = (WCHAR *)malloc((filemap_wcslen(text) + 1) * sizeof *text);
    return copy ? filemap_wcscpy(copy, text) : NULL;
}

/* Returns the text in UTF-8, for the caller to free. */
FILEMAP_WIDE char *filemap_narrow(const WCHAR *text, int length) {
    int room = length ? WideCharToMultiByte(CP_UTF8, 0, text, length, NULL, 0, NULL, NULL) : 0;
    char *narrow = (char *)malloc((size_t)room + 1);
    if (!narrow) return NULL;
    if (room) WideCharToMultiByte(CP_UTF8, 0, text, length, narrow, room, NULL, NULL);
    narrow[room] = 0;
    return narrow;
}

/* Returns the text in UTF-16, for the caller to free. */
FILEMAP_WIDE WCHAR *filemap_widen(const char *text) {
    int room = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    WCHAR *wide = (WCHAR *)calloc((size_t)room + 1, sizeof *wide);
    if (wide) MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, room);
    return wide;
}

/* Numbers are ASCII: what is not ends them. */
FILEMAP_WIDE long long filemap_wcstoll(const WCHAR *text, WCHAR **end, int base) {
    char digits[80], *stop;
    size_t count = 0;
    for (; count + 1 < sizeof digits && text[count] && text[count] < 0x80; count++)
        digits[count] = (char)text[count];
    digits[count] = 0;
    long long number = strtoll(digits, &stop, base);
    if (end) *end = (WCHAR *)(uintptr_t)text + (stop - digits);
    return number;
}

FILEMAP_WIDE long filemap_wcstol(const WCHAR *text, WCHAR **end, int base) {
    return (long)filemap_wcstoll(text, end, base);
}

FILEMAP_WIDE unsigned long filemap_wcstoul(const WCHAR *text, WCHAR **end, int base) {
    return (unsigned long)filemap_wcstol(text, end, base);
}

/* A text that is being printed, in UTF-8. */
struct filemap_printed {
    char *bytes;
    size_t length;
};

__attribute__((format(printf, 2, 3))) FILEMAP_WIDE void
filemap_print(struct filemap_printed *printed, const char *format, ...) {
    va_list arguments, again;
    char *all = NULL;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0) all = (char *)realloc(printed->bytes, printed->length + (size_t)length + 1);
    if (all) {
        vsnprintf(all + printed->length, (size_t)length + 1, format, again);
        printed->bytes = all;
        printed->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

/* Prints a wide format as Windows does: piece by piece, each by the C library. */
FILEMAP_WIDE struct filemap_printed filemap_printed(const WCHAR *format, va_list arguments) {
    struct filemap_printed printed = {NULL, 0};
    filemap_print(&printed, "%s", "");
    while (*format) {
        char piece[96] = "%", size = 0;
        size_t used = 1;
        const WCHAR *start = format;
        int plain = 0;
        while (*format && *format != '%') format++, plain++;
        if (plain) {
            char *narrow = filemap_narrow(start, plain);
            if (narrow) filemap_print(&printed, "%s", narrow);
            free(narrow);
            continue;
        }
        format++;
        for (; *format && *format < 0x80 && strchr("-+ #0123456789.*", *format); format++) {
            if (used + 24 >= sizeof piece) continue;
            if (*format == '*')
                used += (size_t)snprintf(piece + used, 12, "%d", va_arg(arguments, int));
            else
                piece[used++] = (char)*format;
        }
        /* The length of a number, in the words of either system. */
        if (format[0] == 'I' && format[1] == '6' && format[2] == '4') size = 'q', format += 3;
        else if (format[0] == 'I' && format[1] == '3' && format[2] == '2') format += 3;
        else if (*format == 'I' || *format == 'z' || *format == 'j' || *format == 't')
            size = 'q', format++;
        else if (format[0] == 'l' && format[1] == 'l') size = 'q', format += 2;
        else if (format[0] == 'h' && format[1] == 'h') size = 'b', format += 2;
        else if (*format == 'h' || *format == 'l' || *format == 'w') size = (char)*format++;
        char kind = *format < 0x80 ? (char)*format : '?';
        if (*format) format++;
        /* The format is put together here, and its argument is of the type that it names. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        if (kind && strchr("diouxX", kind)) {
            const char *word = size == 'q' ? "ll" : size == 'b' ? "hh" : size == 'h' ? "h" : "";
            snprintf(piece + used, sizeof piece - used, "%s%c", word, kind);
            if (size == 'q') filemap_print(&printed, piece, va_arg(arguments, long long));
            else filemap_print(&printed, piece, va_arg(arguments, int));
        } else if (kind && strchr("eEfFgGaA", kind)) {
            snprintf(piece + used, sizeof piece - used, "%c", kind);
            filemap_print(&printed, piece, va_arg(arguments, double));
        } else if (kind == 'p') {
            filemap_print(&printed, "%016llX",
                          (unsigned long long)(uintptr_t)va_arg(arguments, void *));
        } else if (kind == 's' || kind == 'S') {
            int is_narrow = size == 'h' || (kind == 'S' && size != 'l' && size != 'w');
            void *text = va_arg(arguments, void *);
            char *made = text && !is_narrow ? filemap_narrow((const WCHAR *)text,
                                                             (int)filemap_wcslen((WCHAR *)text))
                                            : NULL;
            snprintf(piece + used, sizeof piece - used, "s");
            filemap_print(&printed, piece,
                          !text ? "(null)" : is_narrow ? (const char *)text : made ? made : "");
            free(made);
        } else if (kind == 'c' || kind == 'C') {
            WCHAR sign = (WCHAR)va_arg(arguments, int);
            char *made = filemap_narrow(&sign, 1);
            snprintf(piece + used, sizeof piece - used, "s");
            filemap_print(&printed, piece, made ? made : "");
            free(made);
        } else if (kind) {
            filemap_print(&printed, "%c", kind);
        }
#pragma GCC diagnostic pop
    }
    return printed;
}

FILEMAP_WIDE int filemap_vfwprintf(FILE *file, const WCHAR *format, va_list arguments) {
    struct filemap_printed printed = filemap_printed(format, arguments);
    size_t written = printed.bytes ? fwrite(printed.bytes, 1, printed.length, file) : 0;
    int length = written == printed.length ? (int)written : -1;
    free(printed.bytes);
    return length;
}

FILEMAP_WIDE int filemap_fwprintf(FILE *file, const WCHAR *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = filemap_vfwprintf(file, format, arguments);
    va_end(arguments);
    return length;
}

/* What does not fit is left out, with a zero at the end, and then the result is -1. */
FILEMAP_WIDE int filemap_vsnwprintf(WCHAR *target, size_t room, const WCHAR *format,
                                    va_list arguments) {
    struct filemap_printed printed = filemap_printed(format, arguments);
    WCHAR *wide = printed.bytes ? filemap_widen(printed.bytes) : NULL;
    size_t length = wide ? filemap_wcslen(wide) : 0, kept = length < room ? length : room - 1;
    if (room) {
        if (kept) memcpy(target, wide, kept * sizeof *wide);
        target[kept] = 0;
    }
    free(wide);
    free(printed.bytes);
    return length < room ? (int)length : -1;
}

FILEMAP_WIDE int filemap_snwprintf(WCHAR *target, size_t room, const WCHAR *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = filemap_vsnwprintf(target, room, format, arguments);
    va_end(arguments);
    return length;
}

FILEMAP_WIDE int filemap_fputws(const WCHAR *text, FILE *file) {
    char *narrow = filemap_narrow(text, (int)filemap_wcslen(text));
    int result = narrow ? fputs(narrow, file) : EOF;
    free(narrow);
    return result;
}

FILEMAP_WIDE WCHAR *filemap_fgetws(WCHAR *target, int room, FILE *file) {
    char *line = room > 0 ? (char *)malloc((size_t)room) : NULL;
    WCHAR *wide = line && fgets(line, room, file) ? filemap_widen(line) : NULL;
    /* A line has no more units in UTF-16 than it has bytes. */
    WCHAR *result = wide ? filemap_wcscpy(target, wide) : NULL;
    free(wide);
    free(line);
    return result;
}

FILEMAP_WIDE FILE *filemap_wfopen(const WCHAR *path, const WCHAR *mode) {
    char *narrow = filemap_narrow(path, (int)filemap_wcslen(path));
    char *how = filemap_narrow(mode, (int)filemap_wcslen(mode));
    FILE *file = narrow && how ? fopen(narrow, how) : NULL;
    free(how);
    free(narrow);
    return file;
}

FILEMAP_WIDE WCHAR **filemap_arguments(int count, char **narrow) {
    WCHAR **wide = (WCHAR **)calloc((size_t)count + 1, sizeof *wide);
    for (int index = 0; wide && index < count; index++) wide[index] = filemap_widen(narrow[index]);
    return wide;
}

/* The program begins in `main`, which calls the source's own with its arguments in UTF-16. */
#ifdef __cplusplus
#define _tmain                                                                                    \
    filemap_main(int, WCHAR **);                                                                  \
    int main(int count, char **arguments) {                                                       \
        return filemap_main(count, filemap_arguments(count, arguments));                          \
    }                                                                                             \
    int filemap_main
#else
#define _tmain                                                                                    \
    filemap_main();                                                                               \
    int main(int count, char **arguments) {                                                       \
        return filemap_main(count, filemap_arguments(count, arguments));                          \
    }                                                                                             \
    int filemap_main
#endif
#define _tprintf(...) filemap_fwprintf(stdout, __VA_ARGS__)
#define _ftprintf filemap_fwprintf
#define _stprintf(target, ...) filemap_snwprintf(target, INT_MAX, __VA_ARGS__)
#define _sntprintf filemap_snwprintf
#define _stprintf_s filemap_snwprintf
#define _sntprintf_s(target, room, count, ...) filemap_snwprintf(target, room, __VA_ARGS__)
#define _vtprintf(format, arguments) filemap_vfwprintf(stdout, format, arguments)
#define _vftprintf filemap_vfwprintf
#define _vsntprintf filemap_vsnwprintf
#define _putts(text) (filemap_fputws(text, stdout) == EOF ? EOF : putchar('\n'))
#define _fputts filemap_fputws
#define _fgetts filemap_fgetws
#define _puttchar(sign) filemap_fwprintf(stdout, TEXT("%c"), sign)
#define _tfopen filemap_wfopen
#define _tcslen filemap_wcslen
#define _tcscpy filemap_wcscpy
#define _tcsncpy filemap_wcsncpy
#define _tcscat filemap_wcscat
#define _tcsncat filemap_wcsncat
#define _tcscmp filemap_wcscmp
#define _tcsncmp filemap_wcsncmp
#define _tcsicmp filemap_wcsicmp
#define _tcsnicmp filemap_wcsnicmp
#define _tcstok_s filemap_wcstok
#define _tcschr filemap_wcschr
#define _tcsrchr filemap_wcsrchr
#define _tcsstr filemap_wcsstr
#define _tcsdup filemap_wcsdup
#define _tcstol filemap_wcstol
#define _tcstoul filemap_wcstoul
#define _ttoi(text) ((int)filemap_wcstol(text, NULL, 10))
#define _tstoi(text) ((int)filemap_wcstol(text, NULL, 10))
#define _ttol(text) filemap_wcstol(text, NULL, 10)
#define _ttoi64(text) filemap_wcstoll(text, NULL, 10)
#define _istalpha(sign) ((sign) < 0x80 && isalpha(sign))
#define _istupper(sign) ((sign) < 0x80 && isupper(sign))
#define _istlower(sign) ((sign) < 0x80 && islower(sign))
#define _istdigit(sign) ((sign) < 0x80 && isdigit(sign))
#define _istspace(sign) ((sign) < 0x80 && isspace(sign))
#define _totupper filemap_towupper
#define _totlower filemap_towlower

#endif

#ifdef _UNICODE
#define filemap_copied filemap_copied_wide
#else
#define filemap_copied filemap_copied_narrow
#endif
#define _tcscpy_s(target, room, source) filemap_copied(target, room, 0, source, FILEMAP_ALL)
#define _tcscat_s(target, room, source)                                                           \
    filemap_copied(target, room, _tcslen(target), source, FILEMAP_ALL)
#define _tcsncpy_s(target, room, source, count) filemap_copied(target, room, 0, source, count)
#define _istalnum(sign) (_istalpha(sign) || _istdigit(sign))

#endif
