//! Where a codec's bytes go: gathered in a buffer, then passed on to the file.

use std::fmt;
use std::io::{self, Write};
use std::mem;

use crate::file::objects::codec::Failure;
use crate::types::{Error, Result};

/// So many bytes at most reach the file in one piece, so that they are still in the processor's
/// cache when they are copied after the checksum was taken.
const PIECE: usize = 32 * 1024;

/// Takes the bytes that a [`Codec`](crate::Codec) makes of a value.
///
/// It is a [`Write`] that needs no buffer around it: small pieces are gathered first. It takes
/// as many bytes as [`Codec::size`](crate::Codec::size) promised, and refuses more.
pub struct Sink<'a> {
    stage: &'a mut [u8],
    staged: usize,
    passed_on: u64,
    output: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    failure: Option<Error>,
}

impl<'a> Sink<'a> {
    /// Makes a sink that gathers in `stage` and hands on to `output`, piece by piece.
    pub(in crate::file) fn new(
        stage: &'a mut [u8],
        output: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Self {
        Self { stage, staged: 0, passed_on: 0, output, failure: None }
    }

    /// Counts what `encode` writes, and keeps none of it.
    pub(super) fn count(
        encode: impl FnOnce(&mut Sink<'_>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let (mut stage, mut nowhere) = ([0; 512], |_: &[u8]| Ok(()));
        let mut sink = Sink::new(&mut stage, &mut nowhere);
        encode(&mut sink)?;
        Ok(sink.total())
    }

    /// Returns how many bytes have come in.
    pub(super) fn total(&self) -> u64 {
        self.passed_on + self.staged as u64
    }

    /// Takes the error that stopped the sink, which says more than the codec's own.
    pub(in crate::file) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Returns how many bytes are gathered and not passed on.
    pub(in crate::file) fn staged(&self) -> usize {
        self.staged
    }

    /// Takes some bytes.
    #[inline]
    fn extend(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.stage[self.staged..].get_mut(..bytes.len()) {
            Some(place) => {
                copy(place, bytes);
                self.staged += bytes.len();
                Ok(())
            }
            None => self.overflow(bytes),
        }
    }

    #[cold]
    #[inline(never)]
    fn overflow(&mut self, bytes: &[u8]) -> io::Result<()> {
        let staged = mem::take(&mut self.staged);
        if staged > 0 {
            let stage = mem::take(&mut self.stage);
            let passed_on = self.pass_on(&stage[..staged]);
            self.stage = stage;
            passed_on?;
        }
        if bytes.len() < self.stage.len() {
            self.stage[..bytes.len()].copy_from_slice(bytes);
            self.staged = bytes.len();
            return Ok(());
        }
        bytes.chunks(PIECE).try_for_each(|piece| self.pass_on(piece))
    }

    fn pass_on(&mut self, piece: &[u8]) -> io::Result<()> {
        // A codec may go on after an error; the file must not see a value with a gap.
        if self.failure.is_some() {
            return Err(io::Error::other("an earlier part of the value could not be written"));
        }
        self.passed_on += piece.len() as u64;
        (self.output)(piece).map_err(|error| {
            let text = error.to_string();
            self.failure = Some(error);
            io::Error::other(text)
        })
    }
}

/// Copies bytes, and calls no function for as few as most pieces have.
#[inline]
fn copy(place: &mut [u8], bytes: &[u8]) {
    match bytes.len() {
        1 => place[0] = bytes[0],
        2..4 => copy_ends::<2>(place, bytes),
        4..8 => copy_ends::<4>(place, bytes),
        8..16 => copy_ends::<8>(place, bytes),
        16..=32 => copy_ends::<16>(place, bytes),
        _ => place.copy_from_slice(bytes),
    }
}

/// Copies the first and the last bytes, which may overlap and are all there are.
#[inline]
fn copy_ends<const N: usize>(place: &mut [u8], bytes: &[u8]) {
    if let (Some(to), Some(from)) = (place.first_chunk_mut::<N>(), bytes.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (place.last_chunk_mut::<N>(), bytes.last_chunk()) {
        *to = *from;
    }
}

impl Write for Sink<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes)
    }

    /// Does nothing: the bytes are handed on when the sink is full and when the value ends.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("total", &self.total()).finish_non_exhaustive()
    }
}
