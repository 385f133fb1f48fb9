//! Names as they are written: scopes, and what is no name.

use filemap::{ErrorKind, Name, Scope};

fn parsed(text: &str) -> (Scope, String) {
    let name = Name::parse(text).expect("it is a name");
    (name.scope(), name.base().to_owned())
}

fn refused(text: &str) -> ErrorKind {
    Name::parse(text).expect_err("it is refused").kind()
}

#[test]
fn a_plain_name_is_local() {
    assert_eq!(parsed("x"), (Scope::Local, "x".to_owned()));
    assert_eq!(parsed("Local\\x"), (Scope::Local, "x".to_owned()));
    assert_eq!(parsed("Global\\x"), (Scope::Global, "x".to_owned()));
}

#[test]
fn scopes_may_repeat_and_nothing_leads_back_from_global() {
    assert_eq!(parsed("Local\\Local\\x"), (Scope::Local, "x".to_owned()));
    assert_eq!(parsed("Local\\Global\\x"), (Scope::Global, "x".to_owned()));
    assert_eq!(parsed("Global\\Local\\x"), (Scope::Global, "x".to_owned()));
    assert_eq!(parsed("Local\\Local"), (Scope::Local, "Local".to_owned()));
}

#[test]
fn everything_but_the_backslash_and_nul_is_an_ordinary_character() {
    for text in ["a/b", "..", ".", "a b ", "*?<>|:", "tab\tbell\u{7}", "Größe", "名", "$x$"] {
        assert_eq!(parsed(text), (Scope::Local, text.to_owned()));
    }
}

#[test]
fn other_backslashes_lead_nowhere() {
    for text in ["a\\b", "Local\\a\\b", "C:\\x", "x\\", "..\\x", "local\\x", "GLOBAL\\x"] {
        assert_eq!(refused(text), ErrorKind::PathNotFound, "{text}");
    }
    assert_eq!(refused("Session\\1\\x"), ErrorKind::PathNotFound);
}

#[test]
fn a_leading_backslash_is_a_bad_path() {
    for text in ["\\x", "\\", "\\BaseNamedObjects\\x"] {
        assert_eq!(refused(text), ErrorKind::InvalidPath, "{text}");
    }
}

#[test]
fn nothing_after_the_scope_is_not_a_name() {
    for text in ["Local\\", "Global\\", "Local\\\\x", "a\0b"] {
        assert_eq!(refused(text), ErrorKind::InvalidName, "{text}");
    }
}

#[test]
fn folders_of_names_are_not_mappings() {
    for text in ["", "Local", "Global", "Session"] {
        assert_eq!(refused(text), ErrorKind::WrongObject, "{text:?}");
    }
}

#[test]
fn a_name_has_at_most_32766_units() {
    assert!(Name::parse(&"n".repeat(32_766)).is_ok());
    assert_eq!(refused(&"n".repeat(32_766 + 1)), ErrorKind::NameTooLong);
    assert_eq!(refused(&"😀".repeat(32_766 / 2 + 1)), ErrorKind::NameTooLong);
}
