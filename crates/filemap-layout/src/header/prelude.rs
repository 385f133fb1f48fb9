//! Headers of the system, for machines that have none: what is declared in them for shared memory.
//!
//! Only types, limits and macros that structs are made of. A header of the system itself comes
//! first, where it is installed.

/// A directory that is not there: its files are given to libclang as texts.
pub(super) const DIRECTORY: &str = "/filemap-prelude";

/// Returns the path of a header in it.
pub(super) fn path(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

/// Returns the text of a header of this name, whatever its capital letters.
pub(super) fn named(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let of = |names: &str| names.split_whitespace().any(|one| one == name);
    let found = ALL.iter().find(|(names, _)| of(names));
    found.map(|(_, text)| *text)
}

/// Headers, each with its names.
const ALL: [(&str, &str); 11] = [
    (
        "stddef.h cstddef wchar.h cwchar uchar.h cuchar stdio.h cstdio stdlib.h cstdlib string.h \
         cstring math.h cmath",
        include_str!("prelude/stddef.h"),
    ),
    ("time.h ctime", include_str!("prelude/time.h")),
    ("stdint.h cstdint inttypes.h cinttypes sys/types.h", include_str!("prelude/stdint.h")),
    ("stdarg.h cstdarg", include_str!("prelude/stdarg.h")),
    ("stdbool.h cstdbool", include_str!("prelude/stdbool.h")),
    ("limits.h climits float.h cfloat", include_str!("prelude/limits.h")),
    ("assert.h cassert", include_str!("prelude/assert.h")),
    ("stdatomic.h", include_str!("prelude/stdatomic.h")),
    ("atomic", include_str!("prelude/atomic.h")),
    ("array", include_str!("prelude/array.h")),
    (
        "windows.h windef.h winnt.h winbase.h minwindef.h basetsd.h wtypes.h wtypesbase.h guiddef.h \
         tchar.h winuser.h mmsystem.h intsafe.h ntdef.h",
        include_str!("prelude/windows.h"),
    ),
];
