//! Positioned access: bytes at an offset, the same of a view and of a file.

use std::mem::MaybeUninit;

use crate::sys::ForeignBytes;
use crate::types::Result;

/// Reads and writes bytes at an offset: of a [`View`](crate::View) from its start, of a
/// [`MappedFile`](crate::MappedFile) from that of the file.
///
/// The arguments are those of the standard library's `FileExt`. A short count means that the bytes end
/// there, and nothing else; at the end and past it, it is 0.
///
/// ```
/// use filemap::{Access, FileMapping, PositionedIo, Protection};
///
/// fn sum(bytes: &impl PositionedIo) -> filemap::Result<u64> {
///     let (mut sum, mut offset, mut buf) = (0, 0, [0; 1000]);
///     loop {
///         let count = bytes.read_at(&mut buf, offset)?;
///         if count == 0 {
///             return Ok(sum);
///         }
///         sum += buf[..count].iter().map(|byte| u64::from(*byte)).sum::<u64>();
///         offset += count as u64;
///     }
/// }
///
/// let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
/// view.write_all_at(&[1, 2, 3], 2500)?;
/// assert_eq!(sum(&view)?, 6);
/// assert_eq!(view.write_at(&[9; 10], 4090)?, 6);
/// # Ok::<(), filemap::Error>(())
/// ```
///
/// # Errors
///
/// Of every method: [`AccessDenied`](crate::ErrorKind::AccessDenied) if the view, the page or the file
/// may not be read or written, [`NotCommitted`](crate::ErrorKind::NotCommitted) if a page is only set
/// aside; nothing was then done. [`Lost`](crate::ErrorKind::Lost), or
/// [`Device`](crate::ErrorKind::Device) or [`DiskFull`](crate::ErrorKind::DiskFull) where that is
/// known to be the cause, if bytes are gone: [`Error::loss`](crate::Error::loss) tells which, and how
/// many came before, which were read or written. The rest of the buffer is then unspecified; of later
/// bytes that were to be written, some may have been.
pub trait PositionedIo {
    /// Copies bytes out, from `offset` on, and returns how many there were: less than `buf` has only
    /// at the end.
    ///
    /// # Errors
    ///
    /// See [the trait](Self#errors).
    #[doc(alias = "pread")]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize>;

    /// Copies bytes out, from `offset` on, until `buf` is full.
    ///
    /// # Errors
    ///
    /// [`InvalidRange`](crate::ErrorKind::InvalidRange) if a view ends first, and
    /// [`EndOfFile`](crate::ErrorKind::EndOfFile) if a file does: `buf` is then as it was, unless
    /// somebody cut the file at that moment. Those of [the trait](Self#errors).
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()>;

    /// Copies bytes out as [`read_at`](Self::read_at) does, into memory that need not have been
    /// written before, and returns those that were copied.
    ///
    /// ```
    /// use std::mem::MaybeUninit;
    /// use filemap::{Access, FileMapping, PositionedIo, Protection};
    ///
    /// let view = FileMapping::create(4096, Protection::ReadWrite)?.map(Access::Write)?;
    /// view.write_all_at(b"bytes", 4091)?;
    /// let mut buf = [MaybeUninit::uninit(); 100];
    /// assert_eq!(view.read_uninit_at(&mut buf, 4091)?, b"bytes");
    /// # Ok::<(), filemap::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [the trait](Self#errors).
    fn read_uninit_at<'buf>(
        &self,
        buf: &'buf mut [MaybeUninit<u8>],
        offset: u64,
    ) -> Result<&'buf mut [u8]>;

    /// Copies bytes in, from `offset` on, and returns how many there was room for: less than `bytes`
    /// only at the end of what does not grow. A file grows.
    ///
    /// # Errors
    ///
    /// See [the trait](Self#errors); a file's are those of [`write_all_at`](Self::write_all_at).
    #[doc(alias = "pwrite")]
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize>;

    /// Copies all of `bytes` in, from `offset` on.
    ///
    /// A file that ends before becomes longer. Between the old end and `offset` it then has a hole,
    /// which reads as zeros and takes no space. Several processes may append to different places at
    /// once.
    ///
    /// # Errors
    ///
    /// Those of [the trait](Self#errors), and
    ///
    /// | what is wrong | kind | the bytes are then |
    /// |---|---|---|
    /// | the view ends first | [`InvalidRange`](crate::ErrorKind::InvalidRange) | as they were |
    /// | a file would have to grow and cannot | [`NotSupported`](crate::ErrorKind::NotSupported) | as they were |
    /// | no file can be so long, or the process's limit does not allow it | [`FileTooLarge`](crate::ErrorKind::FileTooLarge) | longer by what fitted |
    /// | there is no space | [`DiskFull`](crate::ErrorKind::DiskFull) | longer by what fitted |
    ///
    /// # Platforms
    ///
    /// Linux sends `SIGXFSZ` to a process that writes past its limit on file sizes, and an error
    /// comes before that; but a limit that is lowered while the file grows in small pieces may be
    /// noticed 256 KiB too late.
    #[doc(alias = "CopyMemory")]
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()>;

    /// Copies bytes in as [`write_at`](Self::write_at) does, from a place that other code may change
    /// meanwhile: the buffer of another language.
    ///
    /// # Errors
    ///
    /// Those of [`write_at`](Self::write_at).
    fn write_foreign_at(&self, bytes: ForeignBytes<'_>, offset: u64) -> Result<usize>;
}
