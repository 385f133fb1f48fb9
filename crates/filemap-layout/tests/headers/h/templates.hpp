// Templates, used as data and by name alone.
template <typename T, unsigned N> struct Ring {
    unsigned head, tail;
    T slots[N];
};
template <typename T> struct Stamped {
    double time;
    T value;
};
struct Sample {
    short left, right;
};
using Samples = Ring<Stamped<Sample>, 3>;
struct Shared {
    Samples samples;
    Ring<double, 2> numbers;
    Stamped<char> last;
};
