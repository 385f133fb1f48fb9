/* Valid names, and which spellings are the same name. */
#define AREA "names"
#include "subject.h"

static HANDLE create_wide(const WCHAR *name) {
    return CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name);
}

/* Creates and opens a name, and opens it again after its last handle was closed. */
static void lives(const char *word, const char *name) {
    HANDLE made, found;
    struct outcome outcome =
        ATTEMPT("CreateFileMapping", made = create_memory(PAGE_READWRITE, 1, name));
    report(text("create-%s", word), outcome, "");
    outcome = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, name));
    report(text("open-%s", word), outcome, found ? views_of(found) : "");
    close_if(found);
    close_if(made);
    outcome = ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, name));
    report(text("open-%s-afterwards", word), outcome, "");
    close_if(found);
}

static void forms(void) {
    static const struct {
        const char *word;
        const char *before;
        const char *after;
    } forms[] = {
        {"plain", "", ""},
        {"local", "Local\\", ""},
        {"global", "Global\\", ""},
        {"local-twice", "Local\\Local\\", ""},
        {"local-in-small-letters", "local\\", ""},
        {"local-in-capitals", "LOCAL\\", ""},
        {"global-in-small-letters", "global\\", ""},
        {"global-in-capitals", "GLOBAL\\", ""},
        {"folder", "a\\", ""},
        {"folder-in-local", "Local\\a\\", ""},
        {"folder-in-global", "Global\\a\\", ""},
        {"drive", "C:\\", ""},
        {"upwards", "..\\", ""},
        {"backslash-behind", "", "\\"},
        {"two-backslashes", "Local\\\\", ""},
        {"backslash-in-front", "\\", ""},
        {"object-path", "\\BaseNamedObjects\\", ""},
        {"session-that-is-not-there", "Session\\4711\\", ""},
        {"slash", "a/", "/b"},
        {"slash-in-front", "/", ""},
        {"dots", "..", ".."},
        {"dot-in-front", ".", ""},
        {"space-in-front", " ", ""},
        {"space-behind", "", " "},
        {"dot-behind", "", "."},
        {"stars", "*?", "<>|"},
        {"colon", "a:", ":b"},
        {"quotes", "\"'", "'\""},
        {"percent", "%41", "%5c"},
        {"hash", "#", "#"},
        {"tab", "\t", "\t"},
        {"bell", "\a", "\x1b[31m"},
        {"newline", "", "\n"},
        {"word-local", "LocalLocal", "Local"},
        {"tilde", "~", "$"},
    };
    for (size_t index = 0; index < COUNT(forms); index++) {
        lives(forms[index].word,
              text("%s%s%s", forms[index].before, name_of("form"), forms[index].after));
    }
    static const struct {
        const char *word;
        const char *name;
    } fixed[] = {
        {"bare-local", "Local"},
        {"bare-global", "Global"},
        {"bare-session", "Session"},
        {"nothing-in-local", "Local\\"},
        {"nothing-in-global", "Global\\"},
        {"backslash", "\\"},
        {"two-bare-backslashes", "\\\\"},
        {"empty", ""},
        {"only-folder", "a\\"},
    };
    for (size_t index = 0; index < COUNT(fixed); index++)
        lives(fixed[index].word, fixed[index].name);
}

static void pairs(void) {
    static const struct {
        const char *word;
        const char *first[2];
        const char *second[2];
    } pairs[] = {
        {"plain-and-local", {"", ""}, {"Local\\", ""}},
        {"local-and-plain", {"Local\\", ""}, {"", ""}},
        {"plain-and-local-twice", {"", ""}, {"Local\\Local\\", ""}},
        {"plain-and-global", {"", ""}, {"Global\\", ""}},
        {"local-and-global", {"Local\\", ""}, {"Global\\", ""}},
        {"global-and-local", {"Global\\", ""}, {"Local\\", ""}},
        {"global-and-global", {"Global\\", ""}, {"Global\\", ""}},
        {"capital-behind", {"", "a"}, {"", "A"}},
        {"capital-in-front", {"a", ""}, {"A", ""}},
        {"space-behind", {"", ""}, {"", " "}},
        {"dot-behind", {"", ""}, {"", "."}},
        {"slash-and-nothing", {"a", ""}, {"a/", ""}},
        {"percent-and-letter", {"A", ""}, {"%41", ""}},
        {"newline-behind", {"", ""}, {"", "\n"}},
    };
    for (size_t index = 0; index < COUNT(pairs); index++) {
        const char *base = name_of("pair");
        HANDLE second, found;
        HANDLE first =
            create_memory(PAGE_READWRITE, 4096,
                          text("%s%s%s", pairs[index].first[0], base, pairs[index].first[1]));
        const char *other = text("%s%s%s", pairs[index].second[0], base, pairs[index].second[1]);
        struct outcome outcome =
            ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, other));
        report(text("pair-%s-opened", pairs[index].word), outcome, "");
        outcome = ATTEMPT("CreateFileMapping", second = create_memory(PAGE_READWRITE, 4096, other));
        report(text("pair-%s-created", pairs[index].word), outcome, "");
        close_if(found);
        close_if(second);
        close_if(first);
    }
}

static void lengths_in_bytes(void) {
    static const size_t lengths[] = {1, 100, 200, 201, 255, 256, 258, 259, 260, 261, 1000};
    for (size_t index = 0; index < COUNT(lengths); index++) {
        char name[1024];
        const char *start = name_of("length");
        memset(name, 'n', sizeof name);
        /* Too short for a unique name: one that no other program will use. */
        if (lengths[index] > strlen(start))
            memcpy(name, start, strlen(start));
        else
            name[0] = (char)('a' + GetCurrentProcessId() % 26);
        name[lengths[index]] = 0;
        lives(text("of-%u-bytes", (unsigned)lengths[index]), name);
    }
    /* The scope counts towards the length. */
    for (size_t length = 258; length <= 261; length++) {
        char name[300];
        memset(name, 'n', sizeof name);
        memcpy(name, "Local\\", 6);
        memcpy(name + 6, name_of("length"), strlen(name_of("length")));
        name[length] = 0;
        lives(text("of-%u-bytes-with-scope", (unsigned)length), name);
    }
}

static void widen(WCHAR *to, const char *from) {
    while ((*to++ = (unsigned char)*from++)) {
    }
}

static void lengths_in_units(void) {
    static const size_t lengths[] = {260, 1000, 10000, 32765, 32766, 32767, 40000};
    static WCHAR name[40002];
    for (size_t index = 0; index < COUNT(lengths); index++) {
        HANDLE made, found, other;
        for (size_t at = 0; at < COUNT(name); at++)
            name[at] = L'w';
        const char *start = name_of("units");
        widen(name, start);
        name[strlen(start)] = L'w';
        name[lengths[index]] = 0;
        struct outcome outcome = ATTEMPT("CreateFileMappingW", made = create_wide(name));
        report(text("create-of-%u-units", (unsigned)lengths[index]), outcome, "");
        outcome = ATTEMPT("OpenFileMappingW", found = OpenFileMappingW(FILE_MAP_READ, FALSE, name));
        report(text("open-of-%u-units", (unsigned)lengths[index]), outcome, "");
        /* Another name, which differs only in its last unit. */
        name[lengths[index] - 1] = L'x';
        outcome = ATTEMPT("CreateFileMappingW", other = create_wide(name));
        report(text("another-of-%u-units", (unsigned)lengths[index]), outcome, "");
        close_if(made);
        close_if(found);
        close_if(other);
    }
}

static void wide(void) {
    static const struct {
        const char *word;
        WCHAR unit;
        WCHAR then;
    } units[] = {
        {"umlaut", 0xFC, 0},         {"capital-umlaut", 0xDC, 0}, {"kanji", 0x540D, 0},
        {"emoji", 0xD83D, 0xDE00},   {"lone-high", 0xD83D, 'x'},  {"lone-low", 0xDE00, 'x'},
        {"zero-width", 0x200B, 0},   {"dotless-i", 0x131, 0},     {"combining", 'u', 0x308},
        {"end-of-block", 0xFFFF, 0}, {"delete", 0x7F, 0},         {"mark", 0xFEFF, 0},
    };
    for (size_t index = 0; index < COUNT(units); index++) {
        WCHAR name[100];
        HANDLE made, found;
        widen(name, name_of("wide"));
        size_t end = strlen(name_of("wide"));
        name[end] = units[index].unit;
        name[end + 1] = units[index].then;
        name[end + 2] = 0;
        struct outcome outcome = ATTEMPT("CreateFileMappingW", made = create_wide(name));
        report(text("create-wide-%s", units[index].word), outcome, "");
        outcome = ATTEMPT("OpenFileMappingW", found = OpenFileMappingW(FILE_MAP_READ, FALSE, name));
        report(text("open-wide-%s", units[index].word), outcome, "");
        close_if(found);
        /* The same letter in another case is another name. */
        if (units[index].unit == 0xFC || units[index].unit == 0xDC) {
            name[end] ^= 0x20;
            outcome =
                ATTEMPT("OpenFileMappingW", found = OpenFileMappingW(FILE_MAP_READ, FALSE, name));
            report(text("open-wide-%s-in-the-other-case", units[index].word), outcome, "");
            close_if(found);
        }
        close_if(made);
    }
    /* Both encodings lead to the same names. */
    WCHAR name[100];
    HANDLE made, found;
    widen(name, name_of("both"));
    made = create_memory(PAGE_READWRITE, 4096, name_of("both"));
    struct outcome outcome =
        ATTEMPT("OpenFileMappingW", found = OpenFileMappingW(FILE_MAP_READ, FALSE, name));
    report("made-narrow-opened-wide", outcome, views_of(found));
    close_if(found);
    close_if(made);
    made = create_wide(name);
    outcome =
        ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, name_of("both")));
    report("made-wide-opened-narrow", outcome, views_of(found));
    close_if(found);
    close_if(made);
}

static void none(void) {
    HANDLE one, two;
    struct outcome outcome =
        ATTEMPT("OpenFileMapping", one = OpenFileMappingA(FILE_MAP_READ, FALSE, NULL));
    report("open-null", outcome, "");
    outcome = ATTEMPT("OpenFileMappingW", one = OpenFileMappingW(FILE_MAP_READ, FALSE, NULL));
    report("open-wide-null", outcome, "");
    one = create_memory(PAGE_READWRITE, 4096, "");
    outcome = ATTEMPT("CreateFileMapping", two = create_memory(PAGE_READWRITE, 4096, ""));
    report("empty-names-are-not-one", outcome, "");
    close_if(one);
    close_if(two);
    outcome = ATTEMPT("CreateFileMappingW", one = create_wide(L""));
    report("create-wide-empty", outcome, "");
    close_if(one);
}

int main(void) {
    begin();
    forms();
    pairs();
    lengths_in_bytes();
    lengths_in_units();
    wide();
    none();
    return 0;
}
