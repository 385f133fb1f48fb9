// Lengths that are written in every way.
#define COUNT 3
namespace sim {
struct Limits {
    static int const Wheels = 4;
    static constexpr unsigned Sectors = 1 << 2;
    enum { Cars = 6 };
};
class Track {
public:
    struct Corner {
        float angle[COUNT];
    };
    Corner corners[Limits::Cars];
    int sectors[Limits::Sectors][Limits::Wheels];
    char same[sizeof(decltype(Corner::angle))];
    Track::Corner *longest;
private:
    double hidden;
};
}
struct Session {
    sim::Track track;
    sim::Track::Corner corner;
    int last[sizeof(sim::Track) / sizeof(float)];
};
