/* Points in time. */
#ifndef FILEMAP_TIME
#define FILEMAP_TIME
#include "stddef.h"
#if defined(_WIN32) && !defined(_USE_32BIT_TIME_T)
typedef long long time_t;
#else
typedef long time_t;
#endif
typedef long clock_t;
typedef long long __time64_t;
typedef int __time32_t;
struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst; };
struct timespec { time_t tv_sec; long tv_nsec; };
#ifdef __cplusplus
namespace std {
    using ::time_t;
    using ::tm;
}
#endif
#endif
