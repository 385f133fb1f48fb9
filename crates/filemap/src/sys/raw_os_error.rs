//! The system's number of an error.

use std::error::Error as _;
use std::io;

use crate::sys::platform::number_of;
use crate::types::Error;

impl Error {
    /// Returns the number by which C programs of this system know the failure: an `errno` on Linux,
    /// the code of `GetLastError` on Windows.
    ///
    /// It is the one that the system gave, or the one that fits the [kind](Self::kind) best where the
    /// system was not asked. [`win32_code`](Self::win32_code) is the same on every system.
    ///
    /// ```
    /// use filemap::FileMapping;
    ///
    /// let error = FileMapping::open("Local\\nobody made this").unwrap_err();
    /// assert_eq!(error.raw_os_error(), 2); // `ENOENT`, and `ERROR_FILE_NOT_FOUND`
    /// ```
    #[must_use]
    #[doc(alias = "errno")]
    pub fn raw_os_error(&self) -> i32 {
        let mut cause = self.source();
        while let Some(error) = cause {
            let number = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
            if let Some(number) = number {
                return number;
            }
            cause = error.source();
        }
        number_of(self.kind())
    }
}
