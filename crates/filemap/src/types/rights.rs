use std::fmt;

bitflags::bitflags! {
    /// What a *handle* to a mapping may be used for.
    ///
    /// Two gates stand before a view: the handle's rights, and the mapping's own
    /// [`Protection`](crate::Protection). A handle without the right gets
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied); a handle that has the
    /// right over a mapping that does not allow it gets
    /// [`ErrorKind::ProtectionExceeded`](crate::ErrorKind::ProtectionExceeded).
    ///
    /// Rights follow the object manager to the letter: a handle with
    /// [`WRITE`](Self::WRITE) alone maps writable views and no read-only ones.
    ///
    /// ```
    /// use filemap::Rights;
    ///
    /// let both = Rights::READ | Rights::WRITE;
    /// assert!(both.contains(Rights::READ));
    /// assert_eq!(both.to_string(), "read, write");
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Rights: u8 {
        /// Read-only and copy-on-write views.
        #[doc(alias = "FILE_MAP_READ")]
        #[doc(alias = "SECTION_MAP_READ")]
        const READ = 1;
        /// Views whose stores reach the mapping.
        #[doc(alias = "FILE_MAP_WRITE")]
        #[doc(alias = "SECTION_MAP_WRITE")]
        const WRITE = 1 << 1;
        /// Executable views, together with the right that the view needs anyway.
        #[doc(alias = "FILE_MAP_EXECUTE")]
        #[doc(alias = "SECTION_MAP_EXECUTE")]
        const EXECUTE = 1 << 2;
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        let mut between = "";
        for (right, word) in
            [(Self::READ, "read"), (Self::WRITE, "write"), (Self::EXECUTE, "execute")]
        {
            if self.contains(right) {
                write!(f, "{between}{word}")?;
                between = ", ";
            }
        }
        Ok(())
    }
}
