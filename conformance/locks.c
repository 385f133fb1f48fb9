/* Locks on ranges of a file, among handles. */
#define AREA "locks"
#include "subject.h"

static int take(HANDLE file, DWORD flags, unsigned long long offset, unsigned long long length) {
    OVERLAPPED place;
    memset(&place, 0, sizeof place);
    place.Offset = LOW(offset);
    place.OffsetHigh = HIGH(offset);
    return LockFileEx(file, flags | LOCKFILE_FAIL_IMMEDIATELY, 0, LOW(length), HIGH(length), &place);
}

static int give(HANDLE file, unsigned long long offset, unsigned long long length) {
    return UnlockFile(file, LOW(offset), HIGH(offset), LOW(length), HIGH(length));
}

#define ALONE LOCKFILE_EXCLUSIVE_LOCK

int main(void) {
    static const struct {
        const char *word;
        unsigned long long offset, length;
    } ranges[] = {
        {"the-same", 10, 20},  {"inside", 12, 3},  {"around", 0, 100}, {"before", 0, 10},
        {"behind", 30, 5},     {"first-byte", 10, 1}, {"last-byte", 29, 1}, {"far-away", 1ull << 40, 10},
        {"everything", 0, ~0ull}, {"past-all", ~0ull, 2}, {"the-last", ~0ull, 1},
    };
    begin();
    HANDLE one = file_new("locks", 50), other = file_open("locks", GENERIC_READ | GENERIC_WRITE);
    for (int first = 0; first < 2; first++) {
        for (int second = 0; second < 2; second++) {
            for (int same = 0; same < 2; same++) {
                for (size_t index = 0; index < COUNT(ranges); index++) {
                    HANDLE asker = same ? one : other;
                    take(one, first ? ALONE : 0, 10, 20);
                    struct outcome taken = ATTEMPT(
                        "LockFileEx", take(asker, second ? ALONE : 0, ranges[index].offset,
                                           ranges[index].length));
                    report(text("%s-for-%s-by-%s-beside-one-for-%s", ranges[index].word,
                                second ? "one" : "all", same ? "the-same" : "another",
                                first ? "one" : "all"),
                           taken, "");
                    if (taken.good) give(asker, ranges[index].offset, ranges[index].length);
                    give(one, 10, 20);
                }
            }
        }
    }

    struct outcome done = ATTEMPT("LockFile", LockFile(one, 5, 0, 10, 0));
    report("locked", done, "");
    done = ATTEMPT("LockFile", LockFile(one, 5, 0, 10, 0));
    report("locked-again", done, "");
    done = ATTEMPT("UnlockFile", give(other, 5, 10));
    report("given-back-by-another", done, "");
    done = ATTEMPT("UnlockFile", give(one, 5, 9));
    report("given-back-in-part", done, "");
    done = ATTEMPT("UnlockFile", give(one, 4, 12));
    report("given-back-too-much", done, "");
    HANDLE here = GetCurrentProcess(), twin = NULL;
    DuplicateHandle(here, one, here, &twin, 0, FALSE, DUPLICATE_SAME_ACCESS);
    done = ATTEMPT("LockFile", LockFile(twin, 5, 0, 10, 0));
    report("locked-again-by-a-duplicate", done, "");
    done = ATTEMPT("UnlockFile", give(twin, 5, 10));
    report("given-back-by-a-duplicate", done, "");
    done = ATTEMPT("UnlockFile", give(one, 5, 10));
    report("given-back-twice", done, "");
    close_if(twin);

    /* Each lock is its own: what two have stays locked by the other. */
    take(one, 0, 0, 10);
    take(one, 0, 5, 10);
    done = ATTEMPT("UnlockFile", give(one, 0, 10));
    report("the-first-of-two-given-back", done,
           text("%s, %s, %s", take(other, ALONE, 0, 5) ? "free" : "locked",
                take(other, ALONE, 5, 5) ? "free" : "locked",
                take(other, ALONE, 10, 5) ? "free" : "locked"));
    give(other, 0, 5);
    done = ATTEMPT("UnlockFile", give(one, 5, 10));
    report("the-second-of-two-given-back", done, take(other, ALONE, 0, 20) ? "free" : "locked");
    give(other, 0, 20);

    take(other, ALONE, 0, 10);
    close_if(other);
    done = ATTEMPT("LockFile", LockFile(one, 0, 0, 10, 0));
    report("locked-after-its-owner-was-closed", done, "");
    give(one, 0, 10);

    OVERLAPPED place;
    memset(&place, 0, sizeof place);
    place.Internal = 77;
    done = ATTEMPT("LockFileEx", LockFileEx(one, ALONE, 0, 10, 0, &place));
    report("locked-without-hurry", done, text("status %llx", (unsigned long long)place.Internal));
    done = ATTEMPT("LockFileEx", LockFileEx(one, 0, 1, 10, 0, &place));
    report("locked-with-a-reserved-argument", done, "");
    done = ATTEMPT("UnlockFileEx", UnlockFileEx(one, 0, 10, 0, &place));
    report("given-back-by-the-other-function", done, "");
    done = ATTEMPT("LockFile", LockFile((HANDLE)0x7ffc, 0, 0, 10, 0));
    report("locked-no-file", done, "");
    HANDLE reader = file_open("locks", GENERIC_READ), none = file_open("locks", 0);
    done = ATTEMPT("LockFileEx", take(reader, 0, 0, 10));
    report("locked-for-all-by-a-reader", done, "");
    done = ATTEMPT("LockFileEx", take(reader, ALONE, 20, 10));
    report("locked-for-one-by-a-reader", done, "");
    done = ATTEMPT("LockFileEx", take(none, 0, 30, 10));
    report("locked-without-access", done, "");
    close_if(reader);
    close_if(none);
    close_if(one);
    DeleteFileA("locks");
    return 0;
}
