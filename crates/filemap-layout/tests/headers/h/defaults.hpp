// Fields with values, functions and constants: they take no bytes.
struct Defaults {
    float speed{1.5f};
    int gear = -1;
    bool on = true;
    const char *name = nullptr;
    static constexpr int kVersion = 3;
    static inline int shared = 0;
    Defaults() = default;
    explicit Defaults(int gear) : gear(gear) { shared += gear; }
    float kmh() const { return speed * 3.6f; }
    bool operator==(const Defaults &other) const { return gear == other.gear; }
    friend struct Other;
    using Number = double;
    Number number{};
};
