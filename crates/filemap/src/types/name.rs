use std::fmt;

use crate::types::{Error, ErrorKind, Operation, Result, quoted};

/// The longest name, in UTF-16 units, that the object manager keeps.
const LONGEST: usize = 32766;

/// Who shares a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One user: on Linux the user id, on Windows the session.
    Local,
    /// Everybody on the machine.
    Global,
}

impl Scope {
    /// The word before the backslash.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::Global => "Global",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A mapping's name: a scope, and any characters but the backslash.
///
/// `scores` and `Local\scores` are one name, `Global\scores` is another. Case counts, also in
/// the scope's word; spaces, dots, slashes and control characters are ordinary characters
/// ([kernel object namespaces](https://learn.microsoft.com/windows/win32/termserv/kernel-object-namespaces)).
///
/// ```
/// use filemap::{Name, Scope};
///
/// let name = Name::parse("scores")?;
/// assert_eq!(name.scope(), Scope::Local);
/// assert_eq!(name, Name::parse("Local\\scores")?);
/// assert_ne!(name, Name::parse("Global\\scores")?);
/// assert_eq!(name.to_string(), "Local\\scores");
/// # Ok::<(), filemap::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    scope: Scope,
    base: Box<str>,
}

impl Name {
    /// Reads a name, with or without its scope.
    ///
    /// # Errors
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | a backslash in front | [`InvalidPath`](ErrorKind::InvalidPath) |
    /// | any other backslash, a scope that does not exist, `Session\…` | [`PathNotFound`](ErrorKind::PathNotFound) |
    /// | nothing after the scope; a NUL | [`InvalidName`](ErrorKind::InvalidName) |
    /// | empty; a bare `Local`, `Global` or `Session`: these are folders of names | [`WrongObject`](ErrorKind::WrongObject) |
    /// | more than 32766 UTF-16 units | [`NameTooLong`](ErrorKind::NameTooLong) |
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |kind| {
            Err(Error::new(kind, Operation::Parse).about(format!("the name {}", quoted(text))))
        };
        if text.starts_with('\\') {
            return refused(ErrorKind::InvalidPath);
        }
        if matches!(text, "" | "Local" | "Global" | "Session") {
            return refused(ErrorKind::WrongObject);
        }
        let mut scope = Scope::Local;
        let mut base = text;
        // Each folder of names has a link `Local` to itself and a link `Global` to the one of
        // all sessions, so prefixes may repeat, and nothing leads back from `Global`.
        while let Some((folder, rest)) = base.split_once('\\') {
            match folder {
                "Local" => {}
                "Global" => scope = Scope::Global,
                _ => return refused(ErrorKind::PathNotFound),
            }
            base = rest;
            if base.is_empty() || base.starts_with('\\') {
                return refused(ErrorKind::InvalidName);
            }
        }
        if base.contains('\0') {
            return refused(ErrorKind::InvalidName);
        }
        if base.encode_utf16().count() > LONGEST {
            return refused(ErrorKind::NameTooLong);
        }
        Ok(Self { scope, base: base.into() })
    }

    /// Who shares the name.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The name without its scope.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.scope, self.base)
    }
}

impl std::str::FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Scope, String) {
        let name = Name::parse(text).unwrap();
        (name.scope(), name.base().to_owned())
    }

    fn refused(text: &str) -> ErrorKind {
        Name::parse(text).unwrap_err().kind()
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
        for text in ["a/b", "..", ".", "a b ", "*?<>|:", "tab\tbell\u{7}", "Größe", "名", "$x$"]
        {
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
        assert!(Name::parse(&"n".repeat(LONGEST)).is_ok());
        assert_eq!(refused(&"n".repeat(LONGEST + 1)), ErrorKind::NameTooLong);
        assert_eq!(refused(&"😀".repeat(LONGEST / 2 + 1)), ErrorKind::NameTooLong);
    }
}
