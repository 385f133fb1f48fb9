// A mark of the encoding, and lines that end as on Windows.
#pragma pack(push, 1)
struct Marked {
    char a; // ä
    int b; // in meters
    short c;
};
#pragma pack(pop)
