/* Who else may open a name: descriptors, and what their makers are told. */
#define AREA "security"
#include "subject.h"

#include <sddl.h>

static HANDLE create_with(void *descriptor, const char *name) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, descriptor, FALSE};
    return CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 10, name);
}

/* What the maker of a name may do with it: as for everybody here. */
static void created(const char *word, void *descriptor) {
    char name[64];
    strcpy(name, name_of("security"));
    HANDLE mapping, found;
    struct outcome made = ATTEMPT("CreateFileMapping", mapping = create_with(descriptor, name));
    report(text("%s-created", word), made, mapping ? views_of(mapping) : "");
    if (mapping) {
        struct outcome opened =
            ATTEMPT("OpenFileMapping", found = OpenFileMappingA(FILE_MAP_READ, FALSE, name));
        report(text("%s-opened", word), opened, found ? views_of(found) : "");
        close_if(found);
        opened = ATTEMPT("CreateFileMapping", found = create_with(NULL, name));
        report(text("%s-created-again", word), opened, "");
        close_if(found);
    }
    close_if(mapping);
}

static void built(void) {
    SECURITY_DESCRIPTOR descriptor;
    struct outcome done = ATTEMPT("InitializeSecurityDescriptor",
                                  InitializeSecurityDescriptor(&descriptor, 2));
    report("initialized-for-a-later-revision", done, "");
    done = ATTEMPT("InitializeSecurityDescriptor",
                   InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    report("initialized", done, "");
    created("empty-descriptor", &descriptor);
    done = ATTEMPT("SetSecurityDescriptorDacl",
                   SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE));
    report("everybody-set", done, text("control %x", descriptor.Control));
    created("everybody", &descriptor);
    done = ATTEMPT("SetSecurityDescriptorDacl",
                   SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, TRUE));
    report("everybody-by-default-set", done, text("control %x", descriptor.Control));
    done = ATTEMPT("SetSecurityDescriptorDacl",
                   SetSecurityDescriptorDacl(&descriptor, FALSE, NULL, FALSE));
    report("nothing-set", done, text("control %x", descriptor.Control));
    created("no-list-set", &descriptor);
    descriptor.Revision = 7;
    done = ATTEMPT("SetSecurityDescriptorDacl",
                   SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE));
    report("set-in-a-later-revision", done, "");
    created("later-revision", &descriptor);
}

static void converted(void) {
    static const struct {
        const char *word, *text;
        DWORD revision;
    } texts[] = {
        {"everyone", "D:(A;;GA;;;WD)", 1},
        {"authenticated-users", "D:(A;;GRGW;;;AU)", 1},
        {"owner", "D:(A;;GA;;;OW)", 1},
        {"several", "O:BAG:SYD:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x6;;;WD)", 1},
        {"by-number", "D:(A;;0x000F001F;;;S-1-1-0)", 1},
        {"with-an-audit-list", "D:(A;;GA;;;WD)S:(ML;;NW;;;LW)", 1},
        {"everybody-by-word", "D:NO_ACCESS_CONTROL", 1},
        {"no-entries", "D:", 1},
        {"inherited", "D:AI(A;OICI;GA;;;WD)", 1},
        {"denied", "D:(D;;GW;;;AN)(A;;GA;;;WD)", 1},
        {"nothing", "", 1},
        {"of-a-later-revision", "D:(A;;GA;;;WD)", 2},
        {"cut-off", "D:(A;;GA;;;WD", 1},
        {"no-list", "X:(A;;GA;;;WD)", 1},
        {"unknown-right", "D:(A;;QQ;;;WD)", 1},
        {"unknown-user", "D:(A;;GA;;;QQ)", 1},
        {"unknown-kind", "D:(Q;;GA;;;WD)", 1},
        {"too-few-fields", "D:(A;;GA;;WD)", 1},
    };
    for (size_t index = 0; index < COUNT(texts); index++) {
        PSECURITY_DESCRIPTOR descriptor = NULL;
        ULONG length = 77;
        struct outcome done = ATTEMPT(
            "ConvertStringSecurityDescriptorToSecurityDescriptor",
            ConvertStringSecurityDescriptorToSecurityDescriptorA(
                texts[index].text, texts[index].revision, &descriptor, &length));
        const BYTE *bytes = (const BYTE *)descriptor;
        report(text("converted-%s", texts[index].word), done,
               done.good ? text("revision %d, control %x", bytes[0],
                                (bytes[2] & 0x0f) | (bytes[3] & 0x80) << 8)
                         : "");
        if (done.good) {
            created(texts[index].word, descriptor);
            done = ATTEMPT("LocalFree", LocalFree(descriptor) == NULL);
            report(text("freed-%s", texts[index].word), done, "");
        }
    }
    struct outcome done = ATTEMPT(
        "ConvertStringSecurityDescriptorToSecurityDescriptor",
        ConvertStringSecurityDescriptorToSecurityDescriptorA("D:(A;;GA;;;WD)", 1, NULL, NULL));
    report("converted-to-nowhere", done, "");
    PSECURITY_DESCRIPTOR descriptor = NULL;
    done = ATTEMPT("ConvertStringSecurityDescriptorToSecurityDescriptor",
                   ConvertStringSecurityDescriptorToSecurityDescriptorA(NULL, 1, &descriptor, NULL));
    report("converted-from-nowhere", done, "");
    done = ATTEMPT("ConvertStringSecurityDescriptorToSecurityDescriptor",
                   ConvertStringSecurityDescriptorToSecurityDescriptorW(
                       (const WCHAR *)L"D:(A;;GA;;;WD)", 1, &descriptor, NULL));
    report("converted-wide", done, "");
    LocalFree(descriptor);
}

int main(void) {
    begin();
    built();
    converted();
    return 0;
}
