//! What a handle may be used for.

flags! {
    /// What a *handle* to a mapping may be used for.
    ///
    /// A view needs the handle's right, and the mapping's
    /// [`Protection`](crate::Protection) must allow it. Without the right the error is
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied); with the right, and a protection
    /// that does not allow the view, it is
    /// [`ErrorKind::ProtectionExceeded`](crate::ErrorKind::ProtectionExceeded).
    ///
    /// As on Windows, a handle with [`WRITE`](Self::WRITE) alone maps writable views and no
    /// read-only ones.
    ///
    /// ```
    /// use filemap::Rights;
    ///
    /// let both = Rights::READ | Rights::WRITE;
    /// assert!(both.contains(Rights::READ));
    /// assert_eq!(both.to_string(), "read, write");
    /// ```
    pub struct Rights: u8 {
        /// Read-only and copy-on-write views.
        #[doc(alias = "FILE_MAP_READ")]
        #[doc(alias = "SECTION_MAP_READ")]
        const READ = 1;
        /// Views whose stores reach the mapping.
        #[doc(alias = "FILE_MAP_WRITE")]
        #[doc(alias = "SECTION_MAP_WRITE")]
        const WRITE = 1 << 1;
        /// Executable views, in addition to the right to read or write.
        #[doc(alias = "FILE_MAP_EXECUTE")]
        #[doc(alias = "SECTION_MAP_EXECUTE")]
        const EXECUTE = 1 << 2;
        unnamed 0;
    }
}
