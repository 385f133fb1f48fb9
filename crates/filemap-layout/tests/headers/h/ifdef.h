// What the compiler defines decides about fields.
struct Pointers {
#if defined(_AMD64_) || defined(__x86_64__)
    unsigned long long handle;
#else
    unsigned handle;
    unsigned reserved[3];
#endif
#ifdef _WIN32
    unsigned short windows;
#endif
#if defined(_WIN64) && defined(_M_X64) && defined(_M_AMD64)
    double sixty_four;
#endif
    int last;
};
