//! The texts of errors.

use crate::windows::DWORD;

/// What each code says: of all that this library gives, and of those that programs ask for by
/// themselves.
///
/// Sorted by code.
const TEXTS: [(DWORD, &str); 51] = [
    (0, "The call succeeded."),
    (1, "There is no such function."),
    (2, "There is no such file or name."),
    (3, "The path leads nowhere."),
    (4, "Too many files are open."),
    (5, "Access is refused."),
    (6, "The handle is not valid."),
    (8, "There is not enough memory."),
    (13, "The data is not valid."),
    (19, "The medium cannot be written to."),
    (24, "The length is wrong."),
    (31, "The system refused."),
    (32, "Another process uses the file and does not share it."),
    (33, "Another process has locked a part of the file."),
    (38, "The file ends before that."),
    (50, "This is not supported."),
    (80, "The file exists."),
    (87, "An argument is not valid."),
    (112, "There is no space left on the disk."),
    (120, "This system does not have the function."),
    (122, "The buffer is too small."),
    (123, "The name is not well formed."),
    (131, "The position would be before the start of the file."),
    (145, "The folder is not empty."),
    (158, "The range is not locked."),
    (161, "The path is not well formed."),
    (183, "It exists already."),
    (193, "The file is no program that can be mapped."),
    (206, "The name is too long."),
    (223, "The file would be larger than is allowed."),
    (317, "There is no text for this code."),
    (487, "The address is not one that can be used."),
    (998, "The memory cannot be accessed."),
    (999, "The mapped bytes are gone."),
    (1006, "The file cannot be mapped: it is empty, or not the one that was named."),
    (1113, "The text cannot be translated to the other encoding."),
    (1117, "The device failed."),
    (1132, "The offset or the address is not a multiple of the unit of mapping."),
    (1224, "The file is mapped, and so cannot become shorter."),
    (1305, "The version of the structure is not known."),
    (1314, "A privilege is missing."),
    (1359, "There is a fault in the library."),
    (1392, "The file or its entry is damaged."),
    (1450, "The system has no more of what it needs."),
    (1453, "The process may not lock so much memory."),
    (1455, "The machine cannot hold so much memory."),
    (1460, "Another process did not finish in time."),
    (1784, "The buffer is not the right one."),
    (1812, "The module has no texts."),
    (1814, "The module has no such text."),
    (1815, "There are no texts in this language."),
];

/// The text of a code, if there is one.
pub(super) fn of(code: DWORD) -> Option<&'static str> {
    TEXTS.binary_search_by_key(&code, |(code, _)| *code).ok().map(|index| TEXTS[index].1)
}
