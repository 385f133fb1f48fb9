// Holds a name, and ends in the way that it is told while it does.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *line) {
    char heard[16];
    printf("second: %s\n", line);
    fflush(stdout);
    if (fgets(heard, sizeof heard, stdin) == NULL)
        _exit(90);
}

static void *waits(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void *exits(void *unused) {
    exit(0);
    return unused;
}

// Forks a child that ends by exit, with its handlers; tells whether that went well.
static int forks_well(void) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        exit(0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int argc, char **argv) {
    pthread_t thread;
    void *twin = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (twin == NULL)
        return 91;
    const char *how = argv[2];
    int (*hold)(const char *) = (int (*)(const char *))dlsym(twin, "twin_hold");
    int (*is_live)(const char *) = (int (*)(const char *))dlsym(twin, "twin_is_live");
    if (hold == NULL || is_live == NULL || hold("x") != 0)
        return 92;
    say("holds");

    if (strcmp(how, "return") == 0)
        return 0;
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "thread runs") == 0)
        return pthread_create(&thread, NULL, waits, NULL);
    if (strcmp(how, "thread exits") == 0 && pthread_create(&thread, NULL, exits, NULL) == 0)
        waits(NULL);
    if (strcmp(how, "main thread ends") == 0 && pthread_create(&thread, NULL, exits, NULL) == 0)
        pthread_exit(NULL);
    if (strcmp(how, "child exits") == 0)
        return forks_well() && is_live("x") ? 0 : 93;
    int guarded = strcmp(how, "unload guarded") == 0;
    if (guarded || strcmp(how, "unload") == 0) {
        int (*probe)(void) = (int (*)(void))dlsym(twin, "twin_probe");
        if (guarded && probe() != 0)
            return 92;
        if (dlclose(twin) != 0)
            return 94;
        say(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == NULL ? "unloaded" : "stays");
        if (!forks_well())
            return 95;
        if (guarded)
            raise(SIGBUS);
        return 0;
    }
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(0);
    if (strcmp(how, "_exit") == 0)
        _exit(0);
    if (strcmp(how, "exec") == 0)
        execlp("true", "true", NULL);
    if (strcmp(how, "killed") == 0)
        raise(SIGKILL);
    return 97;
}
