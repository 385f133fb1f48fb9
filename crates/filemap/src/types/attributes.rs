use std::fmt;
use std::str::FromStr;

use crate::types::{Error, ErrorKind, Operation};

bitflags::bitflags! {
    /// How the pages of a mapping are provided.
    ///
    /// Empty means the default: memory is [`COMMIT`](Self::COMMIT), a file is what it is.
    ///
    /// ```
    /// use filemap::{Attributes, FileMapping, Protection};
    ///
    /// let mapping = FileMapping::options()
    ///     .size(1 << 30)
    ///     .protection(Protection::ReadWrite)
    ///     .attributes(Attributes::RESERVE | Attributes::NO_CACHE)
    ///     .create()?;
    /// assert_eq!(mapping.attributes().to_string(), "reserve, no-cache");
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Platforms
    ///
    /// Linux provides shared memory at its first store; `COMMIT` refuses a size that the machine's
    /// memory and swap could never hold, and so does a later commit of reserved pages. It has no
    /// switch for the processor's cache: `NO_CACHE` and `WRITE_COMBINE` are kept and
    /// reported, and change nothing. `LARGE_PAGES` takes pages from the system's pool
    /// (`/proc/sys/vm/nr_hugepages`), whoever asks: Windows wants a privilege for it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct Attributes: u16 {
        /// All pages count as used from the start.
        #[doc(alias = "SEC_COMMIT")]
        const COMMIT = 1;
        /// Pages are set aside, and must be committed before they are touched: see
        /// [`View::commit`](crate::View::commit).
        #[doc(alias = "SEC_RESERVE")]
        const RESERVE = 1 << 1;
        /// Pages bypass the processor's cache; needs `COMMIT` or `RESERVE` beside it.
        #[doc(alias = "SEC_NOCACHE")]
        const NO_CACHE = 1 << 2;
        /// Stores may be combined; needs `COMMIT` or `RESERVE` beside it.
        #[doc(alias = "SEC_WRITECOMBINE")]
        const WRITE_COMBINE = 1 << 3;
        /// Memory comes in large pages; needs `COMMIT` beside it, and no file.
        #[doc(alias = "SEC_LARGE_PAGES")]
        const LARGE_PAGES = 1 << 4;
        /// The file is a program of Windows, mapped as it is loaded: each of its sections at its
        /// place, with the access that it says. Views are of the whole program, and of the file
        /// as it was when the mapping was created.
        #[doc(alias = "SEC_IMAGE")]
        const IMAGE = 1 << 5;
        /// The program is not to be run: no page of it is executable; needs `IMAGE` beside it.
        #[doc(alias = "SEC_IMAGE_NO_EXECUTE")]
        const NO_EXECUTE = 1 << 6;
    }
}

impl Attributes {
    const WORDS: [(Self, &'static str); 7] = [
        (Self::COMMIT, "commit"),
        (Self::RESERVE, "reserve"),
        (Self::NO_CACHE, "no-cache"),
        (Self::WRITE_COMBINE, "write-combine"),
        (Self::LARGE_PAGES, "large-pages"),
        (Self::IMAGE, "image"),
        (Self::NO_EXECUTE, "no-execute"),
    ];

    /// Tells whether memory, or else a file, can be mapped with these; creating a mapping asks the
    /// same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAttributes`] for a combination that cannot be, and
    /// [`ErrorKind::BadImage`] if memory is to be a program.
    ///
    /// ```
    /// use filemap::Attributes;
    ///
    /// assert!(Attributes::RESERVE.check(false).is_ok());
    /// assert!((Attributes::RESERVE | Attributes::COMMIT).check(true).is_err());
    /// ```
    pub fn check(self, over_file: bool) -> Result<(), Error> {
        self.settled(over_file).map(drop)
    }

    /// Checks the combination for memory (`over_file` is false) or for a file, and returns
    /// what the mapping then reports.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAttributes`] with a sentence that names the rule;
    /// [`ErrorKind::BadImage`] if memory is to be a program.
    pub(crate) fn settled(self, over_file: bool) -> Result<Self, Error> {
        let refused = |why: &str| {
            Error::new(ErrorKind::InvalidAttributes, Operation::CreateMapping)
                .because(format!("the attributes `{self}` cannot be: {why}"))
        };
        if self.contains(Self::IMAGE) {
            return match self - (Self::IMAGE | Self::NO_EXECUTE) {
                rest if !rest.is_empty() => Err(refused("a program is laid out as it says itself")),
                _ if !over_file => Err(Error::new(ErrorKind::BadImage, Operation::CreateMapping)
                    .because("a program is in a file, and there is none")),
                _ => Ok(self),
            };
        }
        if self.contains(Self::NO_EXECUTE) {
            return Err(refused("only a program can be mapped without being run"));
        }
        let base = self & (Self::COMMIT | Self::RESERVE);
        if base == Self::COMMIT | Self::RESERVE {
            return Err(refused("commit and reserve exclude each other"));
        }
        if base.is_empty() && !self.is_empty() {
            return Err(refused("they need commit or reserve beside them"));
        }
        if self.contains(Self::LARGE_PAGES) {
            if over_file {
                return Err(refused("large pages are for memory, not for a file"));
            }
            if base == Self::RESERVE {
                return Err(refused("large pages are committed, they cannot be reserved"));
            }
        }
        if over_file {
            // Over a file, commit and reserve are accepted and mean nothing: the file is there.
            return Ok(self - (Self::COMMIT | Self::RESERVE));
        }
        Ok(if base.is_empty() { self | Self::COMMIT } else { self })
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        let mut between = "";
        for (attribute, word) in Self::WORDS {
            if self.contains(attribute) {
                write!(f, "{between}{word}")?;
                between = ", ";
            }
        }
        Ok(())
    }
}

impl FromStr for Attributes {
    type Err = Error;

    /// Reads words between commas, as [`Display`](fmt::Display) writes them.
    fn from_str(words: &str) -> Result<Self, Error> {
        words.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none").try_fold(
            Self::empty(),
            |sum, word| {
                let found = Self::WORDS.into_iter().find(|(_, known)| *known == word);
                found.map(|(attribute, _)| sum | attribute).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidAttributes, Operation::Parse)
                        .about(format!("the attribute {word:?}"))
                })
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_committed_unless_it_says_otherwise() {
        assert_eq!(Attributes::empty().settled(false).unwrap(), Attributes::COMMIT);
        assert_eq!(Attributes::RESERVE.settled(false).unwrap(), Attributes::RESERVE);
    }

    #[test]
    fn over_a_file_commit_and_reserve_mean_nothing() {
        let asked = Attributes::RESERVE | Attributes::NO_CACHE;
        assert_eq!(asked.settled(true).unwrap(), Attributes::NO_CACHE);
    }

    #[test]
    fn impossible_combinations_are_refused() {
        let impossible = [
            Attributes::COMMIT | Attributes::RESERVE,
            Attributes::NO_CACHE,
            Attributes::WRITE_COMBINE,
            Attributes::LARGE_PAGES,
            Attributes::RESERVE | Attributes::LARGE_PAGES,
            Attributes::NO_EXECUTE,
            Attributes::COMMIT | Attributes::NO_EXECUTE,
            Attributes::IMAGE | Attributes::COMMIT,
            Attributes::IMAGE | Attributes::RESERVE,
            Attributes::IMAGE | Attributes::NO_CACHE,
            Attributes::IMAGE | Attributes::WRITE_COMBINE,
            Attributes::IMAGE | Attributes::LARGE_PAGES,
            Attributes::IMAGE | Attributes::NO_EXECUTE | Attributes::COMMIT,
        ];

        for attributes in impossible {
            for over_file in [false, true] {
                let error = attributes.settled(over_file).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidAttributes, "{attributes}");
            }
        }
        let large = Attributes::COMMIT | Attributes::LARGE_PAGES;
        assert!(large.settled(false).is_ok());
        assert!(large.settled(true).is_err());
    }

    #[test]
    fn a_program_is_in_a_file() {
        for image in [Attributes::IMAGE, Attributes::IMAGE | Attributes::NO_EXECUTE] {
            assert_eq!(image.settled(true).unwrap(), image);
            assert_eq!(image.settled(false).unwrap_err().kind(), ErrorKind::BadImage);
        }
    }

    #[test]
    fn attributes_are_parsed_from_their_own_words() {
        let all = Attributes::all();
        assert_eq!(all.to_string().parse::<Attributes>().unwrap(), all);
        assert!("cached".parse::<Attributes>().is_err());
    }
}
