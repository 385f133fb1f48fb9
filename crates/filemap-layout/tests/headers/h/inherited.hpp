// Bases, of which compilers for Windows do not use the gap at the end.
// not: windows
struct Version {
    unsigned begin, end;
    char kind;
};
struct Sized : Version {
    char hint;
    unsigned bytes;
};
struct Empty {};
struct Telemetry : Sized, Empty {
    double time;
    Version inner;
};
struct Second {
    int sort;
    short two;
};
struct Twice : Version, Second {
    float value;
};
