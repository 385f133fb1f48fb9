//! [`Attributes`]: how the pages of a mapping are provided.

use std::str::FromStr;

use crate::types::{Error, ErrorKind, Operation, quoted};

flags! {
    /// How the pages of a mapping are provided.
    ///
    /// Empty means the default: memory is [`COMMIT`](Self::COMMIT), a file is what it is.
    ///
    /// ```
    /// use filemap::{Attributes, FileMapping, Protection};
    ///
    /// # if cfg!(not(feature = "pages")) { return Ok(()); }
    /// let mapping = FileMapping::options()
    ///     .size(1 << 30)
    ///     .protection(Protection::ReadWrite)
    ///     .attributes(Attributes::RESERVE)
    ///     .create()?;
    /// assert_eq!(mapping.attributes().to_string(), "reserve");
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Platforms
    ///
    /// Linux provides shared memory at its first store; `COMMIT` refuses a size that the machine's
    /// memory and swap could never hold, and so does a later commit of reserved pages.
    /// `LARGE_PAGES` takes pages from the system's pool (`/proc/sys/vm/nr_hugepages`), whoever
    /// asks: Windows wants a privilege for it.
    pub struct Attributes: u16 {
        /// All pages count as used from the start.
        #[doc(alias = "SEC_COMMIT")]
        const COMMIT = 1;
        /// Pages are set aside, and must be committed before they are touched, by `View::commit`;
        /// needs the feature `pages`.
        #[doc(alias = "SEC_RESERVE")]
        const RESERVE = 1 << 1;
        /// Memory comes in large pages; needs `COMMIT` beside it, and no file.
        #[doc(alias = "SEC_LARGE_PAGES")]
        const LARGE_PAGES = 1 << 4;
        /// The file is a program of Windows, mapped as it is loaded: each of its sections at its
        /// place, with the access that it says. Views are of the whole program, and of the file
        /// as it was when the mapping was created. Needs the feature `images`.
        #[doc(alias = "SEC_IMAGE")]
        const IMAGE = 1 << 5;
        /// The program is not to be run: no page of it is executable; needs `IMAGE` beside it.
        #[doc(alias = "SEC_IMAGE_NO_EXECUTE")]
        const NO_EXECUTE = 1 << 6;
        // Kept with a mapping and reported on Linux, and otherwise ignored: the C interface stores
        // `SEC_NOCACHE` and `SEC_WRITECOMBINE` in these bits. Like large pages, they need `COMMIT`
        // or `RESERVE` beside them.
        unnamed 1 << 2 | 1 << 3;
    }
}

impl Attributes {
    fn from_word(word: &str) -> Result<Self, Error> {
        let found = Self::NAMED.iter().find(|(_, one)| one.words().eq([word]));
        found.map(|(_, attribute)| *attribute).ok_or_else(|| {
            let known: Vec<_> = Self::NAMED.iter().flat_map(|(_, one)| one.words()).collect();
            Error::new(ErrorKind::InvalidAttributes, Operation::Parse)
                .about(format!("the attribute {}", quoted(word)))
                .because(format!("it is none of {}", known.join(", ")))
        })
    }

    /// Checks that a file, or else memory, can be mapped with these, as creating a mapping does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAttributes`] for an impossible combination, and
    /// [`ErrorKind::BadImage`] if memory is to be a program.
    ///
    /// ```
    /// use filemap::Attributes;
    ///
    /// assert!(Attributes::RESERVE.check(false).is_ok());
    /// assert!((Attributes::RESERVE | Attributes::COMMIT).check(true).is_err());
    /// ```
    pub fn check(self, over_file: bool) -> Result<(), Error> {
        self.for_backing(over_file).map(drop)
    }

    /// Checks the combination, and returns what the mapping then reports.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check).
    pub(crate) fn for_backing(self, over_file: bool) -> Result<Self, Error> {
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
            // Over a file, commit and reserve are accepted and have no effect.
            return Ok(self - (Self::COMMIT | Self::RESERVE));
        }
        Ok(if base.is_empty() { self | Self::COMMIT } else { self })
    }
}

impl FromStr for Attributes {
    type Err = Error;

    /// Parses words between commas, as [`Display`](std::fmt::Display) writes them.
    fn from_str(words: &str) -> Result<Self, Error> {
        let words = words.split(',').map(str::trim);
        words.filter(|word| !word.is_empty() && *word != "none").map(Self::from_word).collect()
    }
}
