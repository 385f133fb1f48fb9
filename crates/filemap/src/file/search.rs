use std::ops::ControlFlow;

use crate::file::MappedFile;
use crate::file::bytes::CHUNK;
use crate::types::{Error, Result};

impl MappedFile {
    /// Compares the bytes from `offset` on with `bytes`, and returns where they first differ,
    /// in bytes from `offset`; `None` if they do not.
    ///
    /// A file that ends before differs at its end.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    pub fn compare(&self, offset: u64, bytes: &[u8]) -> Result<Option<usize>> {
        let mut done = 0;
        loop {
            let from = offset.saturating_add(done as u64);
            let error = match self.compare_mapped(from, &bytes[done..]) {
                Ok(found) => return Ok(found.map(|at| done + at)),
                Err(error) => error,
            };
            done += self.done_before_cut(error, done)?;
            // Input tells what is there now, and where it ends.
            let own = &bytes[done..bytes.len().min(done + CHUNK)];
            let mut seen = [0; CHUNK];
            let from = offset.saturating_add(done as u64);
            let count = self.input(from, &mut seen[..own.len()])?;
            let differs = own.iter().zip(&seen[..count]).position(|(own, seen)| own != seen);
            if let Some(at) = differs.or((count < own.len()).then_some(count)) {
                return Ok(Some(done + at));
            }
            done += count;
        }
    }

    /// Looks for `byte` from `offset` on, and returns where in the file it first is, in bytes.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    pub fn find(&self, offset: u64, byte: u8) -> Result<Option<u64>> {
        let len = self.len()?;
        let mut at = offset;
        while at < len {
            let count = usize::try_from(len - at).unwrap_or(usize::MAX).min(1 << 30);
            let mut found = None;
            let looked = self.each(at, count, |view, part| {
                let range = part.at..part.at + part.len;
                let place = view.find(range, byte).map_err(|error| error.lost_after(part.done))?;
                found = place.map(|place| at + (part.done + (place - part.at)) as u64);
                Ok(until(found.is_some()))
            });
            match looked {
                Ok(()) if found.is_some() => return Ok(found),
                Ok(()) => at += count as u64,
                Err(error) => {
                    let before = usize::try_from(at - offset).unwrap_or(usize::MAX);
                    at += self.done_before_cut(error, before)? as u64;
                    // Input tells what is there now, and where it ends.
                    let mut seen = [0; CHUNK];
                    let count = self.input(at, &mut seen)?;
                    if let Some(place) = seen[..count].iter().position(|seen| *seen == byte) {
                        return Ok(Some(at + place as u64));
                    }
                    if count < seen.len() {
                        return Ok(None);
                    }
                    at += count as u64;
                }
            }
        }
        Ok(None)
    }

    /// Compares through the map, as far as the file reaches.
    fn compare_mapped(&self, offset: u64, bytes: &[u8]) -> Result<Option<usize>> {
        let rest = self.len()?.saturating_sub(offset);
        let count = usize::try_from(rest).unwrap_or(usize::MAX).min(bytes.len());
        let mut found = None;
        self.each(offset, count, |view, part| {
            let bytes = &bytes[part.done..part.done + part.len];
            let differs =
                view.compare(part.at, bytes).map_err(|error| error.lost_after(part.done))?;
            found = differs.map(|at| part.done + at);
            Ok(until(found.is_some()))
        })?;
        Ok(found.or((count < bytes.len()).then_some(count)))
    }

    /// How many bytes were dealt with before the file was cut, if that is why it failed.
    fn done_before_cut(&self, error: Error, before: usize) -> Result<usize> {
        match error.loss() {
            Some(loss) if self.may_be_back(&error) => Ok(loss.done),
            _ => Err(self.named(error.lost_after(before))),
        }
    }

    pub(super) fn input(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.mapping.read_file(offset, buf).map_err(|error| self.named(error))
    }
}

fn until(found: bool) -> ControlFlow<()> {
    if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
