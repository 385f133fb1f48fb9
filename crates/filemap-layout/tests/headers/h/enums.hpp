// Enumerations, with and without a type.
enum Plain { kFirst, kSecond = 5, kLast = kSecond + 1, kCount };
enum Negative { kBelow = -2, kAbove };
enum class Gear : signed char { Reverse = -1, Neutral, First };
enum class Wide : unsigned long long { Most = 0xffffffffffffffff, Least = 0 };
enum Unsigned : unsigned { kAll = 0xffffffff };
struct Enums {
    Plain plain;
    Negative negative;
    Gear gear;
    Wide wide;
    Unsigned all;
    enum { In, Out } direction;
    Gear gears[kCount];
    Gear initial = Gear::Neutral;
};
