//! Names and paths as an error's text shows them, which may go to a terminal.

use std::path::Path;

/// The most characters of a name that are shown.
const SHOWN: usize = 80;

/// Quotes a name. Long names are cut, and control characters are escaped; a backslash is not.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("`");
    for (count, each) in text.chars().enumerate() {
        if count == SHOWN {
            quoted.push('…');
            break;
        }
        push_plain(&mut quoted, each);
    }
    quoted.push('`');
    quoted
}

/// Returns a path with control characters escaped. It is whole, so that the file can be found.
pub(crate) fn plain(path: &Path) -> String {
    let mut plain = String::new();
    path.to_string_lossy().chars().for_each(|each| push_plain(&mut plain, each));
    plain
}

/// Returns a number of bytes as a text has it: `1 byte`, `2 bytes`.
pub(crate) fn counted(bytes: u64) -> String {
    format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" })
}

fn push_plain(text: &mut String, each: char) {
    if each.is_control() {
        text.extend(each.escape_default());
    } else {
        text.push(each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_nothing_else_is() {
        assert_eq!(quoted("Größe\u{1b}[2J\\x"), "`Größe\\u{1b}[2J\\x`");
        assert_eq!(plain(Path::new("/a b\n\u{7}/名")), "/a b\\n\\u{7}/名");
    }

    #[test]
    fn long_names_are_cut_and_long_paths_are_not() {
        let long = "x".repeat(500);
        assert_eq!(quoted(&long).chars().count(), SHOWN + 3);
        assert_eq!(plain(Path::new(&long)), long);
    }
}
