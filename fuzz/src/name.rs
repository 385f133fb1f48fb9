//! Any text is a name or an error that can be shown.

use filemap::{Name, Scope};

/// The most characters that an error shows of a name, with all of them escaped, and a sentence.
const LONGEST_ERROR: usize = 80 * 10 + 300;

/// Reads `input` as a name; tells whether it is one.
pub(crate) fn check(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let name = match Name::parse(&text) {
        Ok(name) => name,
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.chars().count() <= LONGEST_ERROR, "{shown}");
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            return false;
        }
    };
    let base = name.base();
    assert!(!base.is_empty() && !base.contains(['\\', '\0']), "{base:?}");
    assert!(text.ends_with(base), "{text:?} became {base:?}");

    // What it is shown as is the same name, and so is the base in its scope.
    let shown = name.to_string();
    assert_eq!(Name::parse(&shown).as_ref().ok(), Some(&name), "{shown:?}");
    let plain = Name::parse(&format!("Local\\{base}")).ok();
    assert_eq!(plain == Some(name.clone()), name.scope() == Scope::Local, "{base:?}");
    true
}
