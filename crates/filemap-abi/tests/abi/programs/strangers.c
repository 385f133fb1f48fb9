/* Descriptors of security: what another user may do with a name. */
#include <sddl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const struct {
    const char *name, *text;
    int reads, writes;
} names[] = {
    {"Global\\none", NULL, 0, 0},
    {"Global\\everyone", "D:(A;;GA;;;WD)", 1, 1},
    {"Global\\readers", "D:(A;;GA;;;OW)(A;;GR;;;WD)", 1, 0},
    {"Global\\logged in", "D:(A;;GRGW;;;AU)", 1, 1},
    {"Global\\users", "O:BAG:BAD:P(A;;FA;;;SY)(A;;0x4;;;BU)", 1, 0},
    {"Global\\owner", "D:(A;;GA;;;OW)(A;;GA;;;SY)(A;;GA;;;BA)", 0, 0},
    {"Global\\denied", "D:(D;;GW;;;WD)(A;;GA;;;WD)", 1, 0},
    {"Global\\denied too late", "D:(A;;GA;;;WD)(D;;GW;;;WD)", 1, 1},
    {"Global\\nobody", "D:", 0, 0},
    {"Global\\certain", "D:(A;;GA;;;S-1-5-21-1-2-3-1001)", 0, 0},
    {"Global\\by number", "D:(A;;0x000F001F;;;S-1-1-0)", 1, 1},
};
#define COUNT (sizeof names / sizeof names[0])
#define FREE_FOR_ALL "Global\\free for all"

/* Objects that can be waited for: others may change them, or have nothing. */
static const struct {
    const char *name, *text;
    int mutex, event;
} waited[] = {
    {"Global\\wait: none", NULL, 0, 0},
    {"Global\\wait: everyone", "D:(A;;GA;;;WD)", 1, 1},
    {"Global\\wait: waiters", "D:(A;;0x00100000;;;WD)", 1, 0},
    {"Global\\wait: waiters and setters", "D:(A;;0x00100002;;;WD)", 1, 1},
    {"Global\\wait: setters", "D:(A;;0x00000002;;;WD)", 0, 0},
    {"Global\\wait: two entries", "D:(A;;GX;;;WD)(A;;GW;;;AU)", 1, 1},
    {"Global\\wait: readers", "D:(A;;GR;;;WD)", 0, 0},
};
#define WAITED (sizeof waited / sizeof waited[0])

static const char *joined(const char *name, const char *kind) {
    static char both[80];
    snprintf(both, sizeof both, "%s, %s", name, kind);
    return both;
}

static void may_wait(size_t index) {
    HANDLE found = OpenMutexA(SYNCHRONIZE, FALSE, joined(waited[index].name, "mutex"));
    CHECK((found != NULL) == waited[index].mutex);
    CHECK(found || GetLastError() == ERROR_ACCESS_DENIED);
    if (found) {
        CHECK(WaitForSingleObject(found, 0) == WAIT_OBJECT_0 && ReleaseMutex(found));
        CHECK(CloseHandle(found));
    }
    found = OpenEventA(SYNCHRONIZE | EVENT_MODIFY_STATE, FALSE,
                       joined(waited[index].name, "event"));
    CHECK((found != NULL) == waited[index].event);
    CHECK(found || GetLastError() == ERROR_ACCESS_DENIED);
    if (found) {
        CHECK(SetEvent(found) && WaitForSingleObject(found, 0) == WAIT_OBJECT_0);
        CHECK(CloseHandle(found));
    }
    /* To create what exists is to open it. */
    found = CreateEventA(NULL, FALSE, FALSE, joined(waited[index].name, "event"));
    CHECK(GetLastError() == (found ? ERROR_ALREADY_EXISTS : ERROR_ACCESS_DENIED));
    CHECK((found != NULL) == waited[index].event && (!found || CloseHandle(found)));
}

static void may(const char *name, int reads, int writes) {
    HANDLE found = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    CHECK((found != NULL) == reads && (found || GetLastError() == ERROR_ACCESS_DENIED));
    if (found) {
        const char *view = MapViewOfFile(found, FILE_MAP_READ, 0, 0, 0);
        CHECK(view && view[7] == 'm');
        CHECK(MapViewOfFile(found, FILE_MAP_WRITE, 0, 0, 0) == NULL);
        CHECK(UnmapViewOfFile(view) && CloseHandle(found));
    }
    found = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name);
    CHECK((found != NULL) == writes && (found || GetLastError() == ERROR_ACCESS_DENIED));
    if (found) {
        char *view = MapViewOfFile(found, FILE_MAP_WRITE, 0, 0, 0);
        CHECK(view && (view[8] = 's'));
        CHECK(UnmapViewOfFile(view) && CloseHandle(found));
    }
}

static HANDLE create(const char *name, void *descriptor) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, descriptor, FALSE};
    HANDLE mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 4096, name);
    CHECK(mapping && GetLastError() == 0);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view && (view[7] = 'm') && UnmapViewOfFile(view));
    return mapping;
}

int main(int count, char **arguments) {
    HANDLE mappings[COUNT + 1], mutexes[WAITED], events[WAITED];
    SECURITY_DESCRIPTOR descriptor;
    if (count > 1) {
        for (size_t index = 0; index < COUNT; index++)
            may(names[index].name, names[index].reads, names[index].writes);
        may(FREE_FOR_ALL, 1, 1);
        for (size_t index = 0; index < WAITED; index++) may_wait(index);
        return 0;
    }
    for (size_t index = 0; index < COUNT; index++) {
        PSECURITY_DESCRIPTOR made = NULL;
        ULONG length = 0;
        if (names[index].text)
            GRANTED(ConvertStringSecurityDescriptorToSecurityDescriptor(
                names[index].text, SDDL_REVISION_1, &made, &length));
        mappings[index] = create(names[index].name, made);
        CHECK(LocalFree(made) == NULL);
        /* Its maker always may. */
        HANDLE own = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, names[index].name);
        CHECK(own && CloseHandle(own));
    }
    for (size_t index = 0; index < WAITED; index++) {
        SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, FALSE};
        if (waited[index].text)
            GRANTED(ConvertStringSecurityDescriptorToSecurityDescriptor(
                waited[index].text, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL));
        mutexes[index] = CreateMutexA(&attributes, FALSE, joined(waited[index].name, "mutex"));
        events[index] = CreateEventA(&attributes, 0, 0, joined(waited[index].name, "event"));
        CHECK(mutexes[index] && events[index]);
        CHECK(LocalFree(attributes.lpSecurityDescriptor) == NULL);
    }
    GRANTED(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    GRANTED(SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE));
    mappings[COUNT] = create(FREE_FOR_ALL, &descriptor);
    /* What is no descriptor makes no mapping. */
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, &descriptor, FALSE};
    descriptor.Revision = 2;
    REFUSED(CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 1, NULL),
            ERROR_UNKNOWN_REVISION);
    BYTE list[8] = {9, 0, 8, 0, 0, 0, 0, 0};
    descriptor.Revision = 1;
    descriptor.Dacl = list;
    REFUSED(CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 1, NULL),
            ERROR_INVALID_ACL);
    list[0] = 2, list[4] = 1;
    REFUSED(CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 1, NULL),
            ERROR_INVALID_ACL);

    if (geteuid() == 0) {
        CHECK(chmod(getenv("FILEMAP_DIR"), 0755) == 0 && chmod(".", 0755) == 0);
        pid_t child = fork();
        CHECK(child != -1);
        if (child == 0) {
            CHECK(setgid(65534) == 0 && setuid(65534) == 0);
            execl(arguments[0], arguments[0], "stranger", (char *)NULL);
            _exit(77);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        if (WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127))
            puts("skipped: another user cannot run the program where it is");
        else
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    } else {
        puts("skipped: only the superuser can start a process of another user");
    }
    for (size_t index = 0; index < WAITED; index++)
        CHECK(CloseHandle(mutexes[index]) && CloseHandle(events[index]));
    for (size_t index = 0; index <= COUNT; index++) CHECK(CloseHandle(mappings[index]));
    return 0;
}
