//! Which pages of a reserved section are there: a byte for each, behind its memory.
//!
//! A byte and not a bit, because a byte is set by a plain store: two who commit neighbouring
//! pages at once cannot undo each other's, whether they have the bytes mapped or not. A page
//! never stops being committed, so what was read as committed stays true.

use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::sync::Arc;

use rustix::fs::{OFlags, SeekFrom};
use rustix::io::Errno;

use crate::sys::platform::section::machine_bytes_for;
use crate::sys::platform::{file, page_size};
use crate::types::{Error, ErrorKind, Operation, Result};

/// The mark of a page that is there.
pub(in crate::sys::platform) const COMMITTED: u8 = 1;

/// Marks that are read or written at a time.
const STEP: usize = 4096;

/// The commitment of a range of a section's pages.
#[derive(Debug)]
pub(in crate::sys::platform) struct Commitment {
    descriptor: Arc<OwnedFd>,
    /// Bytes in the section, and where the mark of its first page is.
    size: u64,
    /// The section's page that is the first of the range.
    first: u64,
}

impl Commitment {
    /// How many bytes the commitment of a section of `size` bytes takes: whole pages.
    pub(in crate::sys::platform) fn len(size: u64) -> u64 {
        size.div_ceil(page_size() as u64).next_multiple_of(page_size() as u64)
    }

    /// How many bytes the section has whose memory and commitment take `len` bytes together.
    pub(in crate::sys::platform) fn size_within(len: u64) -> Option<u64> {
        let page = page_size() as u64;
        // Both grow together, so there is one size at most, which halving finds.
        let (mut least, mut most) = (1, len / page);
        while least <= most {
            let pages = least + (most - least) / 2;
            let size = pages * page;
            match (size + Self::len(size)).cmp(&len) {
                std::cmp::Ordering::Equal => return Some(size),
                std::cmp::Ordering::Less => least = pages + 1,
                std::cmp::Ordering::Greater => most = pages - 1,
            }
        }
        None
    }

    /// That of the pages from `offset` on.
    pub(in crate::sys::platform) fn new(descriptor: Arc<OwnedFd>, size: u64, offset: u64) -> Self {
        Self { descriptor, size, first: offset / page_size() as u64 }
    }

    /// Where the mark of a page of the range is in the file.
    fn place(&self, page: usize) -> u64 {
        self.size + self.first + page as u64
    }

    /// What the handler needs: a descriptor, and where in it the mark of the first page is.
    pub(super) fn for_handler(&self) -> (RawFd, u64) {
        (self.descriptor.as_raw_fd(), self.place(0))
    }

    /// Tells whether a page is committed, and how many of the `count` pages from there on are
    /// like it.
    pub(super) fn run(
        &self,
        page: usize,
        count: usize,
        operation: Operation,
    ) -> Result<(bool, usize)> {
        let mut marks = [0; STEP];
        let mut first = None;
        let mut done = 0;
        while done < count {
            let place = self.place(page + done);
            // A page of marks that was never written is none, and costs nothing to pass.
            if first == Some(false) && done.is_multiple_of(STEP) {
                let hole = self.hole(place);
                if hole > 0 {
                    done = done.saturating_add(usize::try_from(hole).unwrap_or(usize::MAX));
                    continue;
                }
            }
            let step = STEP.min(count - done);
            let read =
                file::read_at(self.descriptor.as_fd(), place, &mut marks[..step], operation)?;
            // Past the end of a file that somebody cut, nothing is committed.
            marks[read..].fill(0);
            for mark in &marks[..step] {
                let committed = *mark == COMMITTED;
                if *first.get_or_insert(committed) != committed {
                    return Ok((!committed, done));
                }
                done += 1;
            }
        }
        Ok((first.unwrap_or(false), count))
    }

    /// How many bytes of nothing follow `place`.
    fn hole(&self, place: u64) -> u64 {
        match rustix::fs::seek(&self.descriptor, SeekFrom::Data(place)) {
            Ok(data) => data.saturating_sub(place),
            Err(Errno::NXIO) => u64::MAX,
            Err(_) => 0,
        }
    }

    /// Commits pages of the range, for everybody who has the section.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CommitLimit`] if the machine could not hold them beside those that are
    /// committed; [`ErrorKind::AccessDenied`] if this process may not write the memory at all.
    pub(super) fn commit(&self, page: usize, count: usize, operation: Operation) -> Result<()> {
        self.charge(page, count, operation)?;
        // Of a file that others made longer than this process may, no byte is written at a limit.
        file::allowed(self.place(page).saturating_add(count as u64), operation)?;
        let mine;
        let writable = file::mode(self.descriptor.as_fd(), operation)?.write;
        // To commit is no store: who may only read may do it, if the memory's owner may.
        let descriptor = if writable {
            self.descriptor.as_fd()
        } else {
            mine = file::reopen(&self.descriptor, OFlags::RDWR).map_err(|errno| {
                Error::new(ErrorKind::AccessDenied, operation)
                    .about("the view")
                    .because("this user may not write to the memory, and so not commit its pages")
                    .caused_by(std::io::Error::from(errno))
            })?;
            mine.as_fd()
        };
        let marks = [COMMITTED; STEP];
        let mut done = 0;
        while done < count {
            let step = STEP.min(count - done);
            file::write_at(descriptor, self.place(page + done), &marks[..step], operation)
                .map_err(Error::nowhere)?;
            done += step;
        }
        Ok(())
    }

    /// Refuses more committed pages than the machine could ever hold.
    fn charge(&self, page: usize, count: usize, operation: Operation) -> Result<()> {
        let most = machine_bytes_for(self.size);
        if self.size <= most {
            return Ok(());
        }
        let unit = page_size() as u64;
        let all = usize::try_from(self.size / unit).unwrap_or(usize::MAX);
        let whole = Self { descriptor: Arc::clone(&self.descriptor), size: self.size, first: 0 };
        let (mut committed, mut at) = (0, 0);
        while at < all {
            let (is, run) = whole.run(at, all - at, operation)?;
            committed += if is { run as u64 } else { 0 };
            at += run;
        }
        let mut new = 0;
        let mut done = 0;
        while done < count {
            let (is, run) = self.run(page + done, count - done, operation)?;
            new += if is { 0 } else { run as u64 };
            done += run;
        }
        let wanted = committed.saturating_add(new).saturating_mul(unit);
        if new > 0 && wanted > most {
            return Err(Error::new(ErrorKind::CommitLimit, operation).about("the view").because(
                format!(
                    "{wanted} committed bytes are more than the {most} bytes of memory and swap"
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_found_again_from_memory_and_commitment_together() {
        let page = page_size() as u64;
        for pages in [1, 2, 3, page - 1, page, page + 1, 3 * page, (1 << 33) - 1] {
            let size = pages * page;
            let len = size + Commitment::len(size);
            assert_eq!(Commitment::size_within(len), Some(size), "{pages} pages");
            assert_ne!(Commitment::size_within(len + page), Some(size));
        }
        assert_eq!(Commitment::size_within(0), None);
        assert_eq!(Commitment::size_within(page), None);
    }
}
