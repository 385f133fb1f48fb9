/* The first or the second process of the example `two_processes`: partner NAME, or partner --second COMMAND... */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <windows.h>

#define GREETING "hello from the first"
#define ANSWER_AT 2000

static int answer(const char *name) {
    HANDLE mapping = OpenFileMappingA(FILE_MAP_WRITE | FILE_MAP_READ, FALSE, name);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    if (!view || memcmp(view, GREETING, sizeof GREETING - 1))
        return 1;
    DWORD number = 42;
    memcpy(view + ANSWER_AT, &number, sizeof number);
    return !UnmapViewOfFile(view) || !CloseHandle(mapping);
}

int main(int count, char **words) {
    if (strcmp(words[1], "--second"))
        return answer(words[1]);
    char name[40];
    snprintf(name, sizeof name, "C %d", (int)getpid());
    HANDLE mapping = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    if (!view)
        return 1;
    memcpy(view, GREETING, sizeof GREETING - 1);
    char *command[32] = {0};
    for (int index = 2; index < count && index < 32; index++)
        command[index - 2] = words[index];
    command[count - 2] = name;
    if (fork() == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    int status = -1;
    wait(&status);
    DWORD number = 0;
    memcpy(&number, view + ANSWER_AT, sizeof number);
    printf("the answer is %u\n", number);
    return status != 0;
}
