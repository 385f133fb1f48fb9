/* Types of the language itself. */
#ifndef FILEMAP_STDDEF
#define FILEMAP_STDDEF
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __WINT_TYPE__ wint_t;
#ifdef __cplusplus
namespace std {
    using ::size_t;
    using ::ptrdiff_t;
    typedef decltype(nullptr) nullptr_t;
    enum class byte : unsigned char {};
}
#else
typedef __WCHAR_TYPE__ wchar_t;
typedef __CHAR16_TYPE__ char16_t;
typedef __CHAR32_TYPE__ char32_t;
#endif
#ifndef NULL
#define NULL 0
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#endif
