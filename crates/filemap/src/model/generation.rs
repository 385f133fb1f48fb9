//! Bytes that somebody else keeps, and whether they are still those of the name.

use crate::model::{FileMapping, View};
use crate::sys::SectionContract as _;
use crate::types::{Error, ErrorKind, Operation, Result, Rights};

impl FileMapping {
    /// Ends the bytes' generation for everybody who has the mapping, and takes its name from it.
    ///
    /// For who gives a name to bytes that another program keeps, as [`MappingOptions::generations`]
    /// says, and sees that program end. Nobody can open the name any more; of those who have a view,
    /// [`View::generation_changed`] is true. Their views stay what they are. What a program that comes
    /// back has is a new mapping, under the same name.
    ///
    /// [`MappingOptions::generations`]: crate::MappingOptions::generations
    ///
    /// ```
    /// use filemap::{Access, ErrorKind, FileMapping};
    ///
    /// let name = format!("Local\\generation-{}", std::process::id());
    /// let made = FileMapping::options().name(&name).size(4096).generations().create_new()?;
    /// let view = FileMapping::open(&name)?.map(Access::Read)?;
    /// assert!(!view.generation_changed());
    ///
    /// # // Windows keeps the name.
    /// # if cfg!(windows) { return Ok(()); }
    /// made.end_generation()?;
    /// assert!(view.generation_changed());
    /// assert_eq!(FileMapping::open(&name).unwrap_err().kind(), ErrorKind::NotFound);
    /// assert_eq!(view.read::<u8>(0)?, 0);
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AccessDenied`] if the handle may not write, and those of
    /// [`withdraw_name`](Self::withdraw_name).
    ///
    /// # Platforms
    ///
    /// On Windows it does nothing and succeeds, as `withdraw_name` does.
    pub fn end_generation(&self) -> Result<()> {
        let Some(entry) = &self.handle.entry else { return Ok(()) };
        if !self.rights().contains(Rights::WRITE) {
            return Err(Error::new(ErrorKind::AccessDenied, Operation::WithdrawName)
                .because("a handle that may not write may not withdraw it")
                .about(self.subject()));
        }
        entry.end_generation().map_err(|error| error.or_about(|| self.subject()))?;
        self.withdraw_name()
    }

    /// Refuses an access to bytes of a generation that has ended.
    pub(crate) fn check_generation(&self, operation: Operation) -> Result<()> {
        self.section().generation().map_or(Ok(()), |generation| generation.check(operation))
    }

    /// Returns whether the name has generations.
    pub(crate) fn has_generations(&self) -> bool {
        self.section().generation().is_some()
    }
}

impl View {
    /// Returns true if the bytes are no longer those of the name that they were opened by: the program
    /// that kept them has ended, and whoever watches it has said so.
    ///
    /// Only names that were made with [`MappingOptions::generations`] tell, as those of `filemap wine`
    /// are. Reading and writing stay what they were; [`flush`](Self::flush), and every access through a
    /// [`MappedFile`](crate::MappedFile), is [`ErrorKind::Stale`].
    ///
    /// It is a system call. A reader that looks once in a while knows when to open the name again.
    ///
    /// [`MappingOptions::generations`]: crate::MappingOptions::generations
    #[must_use]
    pub fn generation_changed(&self) -> bool {
        self.region.has_changed()
    }
}
