//! A mapping's name.

use std::fmt;
use std::sync::Arc;

use crate::types::{Error, ErrorKind, ObjectKind, Operation, Result, quoted};

/// Who shares a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One user: on Linux the user id, on Windows the session.
    Local,
    /// Everybody on the machine.
    Global,
}

impl Scope {
    /// Returns the word before the backslash.
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
/// `scores` and `Local\scores` are the same name, `Global\scores` is another. Case counts, also in
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
    /// The longest name that Windows keeps, in UTF-16 units.
    pub(crate) const LONGEST: usize = 32766;

    /// Parses a name, with or without its scope.
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
        let refused = |kind, why: &'static str| {
            let error = Error::new(kind, Operation::Parse);
            Err(error.about(format!("the name {}", quoted(text))).because(why))
        };
        if text.starts_with('\\') {
            return refused(
                ErrorKind::InvalidPath,
                "a name begins with `Local\\`, with `Global\\` or with no backslash",
            );
        }
        if text.is_empty() {
            return refused(ErrorKind::WrongObject, "a name has at least one character");
        }
        if matches!(text, "Local" | "Global" | "Session") {
            return refused(
                ErrorKind::WrongObject,
                "it is a folder of names; a name follows it, as in `Local\\scores`",
            );
        }
        let mut scope = Scope::Local;
        let mut base = text;
        // Each folder of names has a link `Local` to itself and a link `Global` to the folder of all
        // sessions, so prefixes may repeat, and a `Local` after `Global` stays in `Global`.
        while let Some((folder, rest)) = base.split_once('\\') {
            match folder {
                "Local" => {}
                "Global" => scope = Scope::Global,
                _ => {
                    return refused(
                        ErrorKind::PathNotFound,
                        "before a backslash, a name has `Local` or `Global` and nothing else",
                    );
                }
            }
            base = rest;
            if base.is_empty() || base.starts_with('\\') {
                let why = "a name follows the backslash, as in `Local\\scores`";
                return refused(ErrorKind::InvalidName, why);
            }
        }
        if base.contains('\0') {
            return refused(ErrorKind::InvalidName, "a name has no NUL character in it");
        }
        if base.encode_utf16().count() > Self::LONGEST {
            return refused(ErrorKind::NameTooLong, "a name has at most 32766 UTF-16 units");
        }
        Ok(Self { scope, base: base.into() })
    }

    /// Returns who shares the name.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Returns the name without its scope.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns what was found under this name, or an error that says so.
    pub(crate) fn found<T>(&self, found: Result<Option<T>>) -> Result<T> {
        let missing = || Error::new(ErrorKind::NotFound, Operation::OpenMapping);
        let found = found.and_then(|found| found.ok_or_else(missing));
        found.map_err(|error| error.or_about(|| self.subject()))
    }

    /// What an error calls the mapping of this name.
    pub(crate) fn subject(&self) -> String {
        self.subject_of(ObjectKind::Mapping)
    }

    /// What an error calls the object of this name.
    pub(crate) fn subject_of(&self, kind: ObjectKind) -> String {
        format!("the {kind} {}", quoted(&self.to_string()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.scope, self.base)
    }
}

/// A name among options: read when it is given, and refused when it is used.
#[derive(Debug, Clone)]
pub(crate) struct GivenName(Result<Name, Arc<Error>>);

impl GivenName {
    pub(crate) fn new(name: impl TryInto<Name, Error: Into<Error>>) -> Self {
        Self(name.try_into().map_err(|error| Arc::new(error.into())))
    }

    /// Returns the name.
    ///
    /// # Errors
    ///
    /// Those of [`Name::parse`].
    pub(crate) fn get(&self) -> Result<&Name> {
        self.0.as_ref().map_err(|error| error.without_source())
    }
}

/// Whatever is taken for a name is one already, or a text that is parsed as one.
macro_rules! parsed {
    ($($text:ty),*) => {
        $(
            impl TryFrom<$text> for Name {
                type Error = Error;

                fn try_from(text: $text) -> Result<Self> {
                    Self::parse(&text)
                }
            }
        )*
    };
}

parsed!(&str, &String, String);

impl From<&Self> for Name {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl std::str::FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}
