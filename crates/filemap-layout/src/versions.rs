//! Whether a copy is whole: numbers that programs change before and after what they write.

use std::sync::atomic::{Ordering, fence};
use std::thread;

use filemap::PositionedIo;

use crate::error::{Error, Result};
use crate::kind::{Fields, Kind};
use crate::number::{Number, Order};
use crate::path::Path;

/// How often a copy is tried before it is called torn.
const TRIES: u32 = 100;

/// A field that counts the versions of what is beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its path.
    pub path: Path,
    /// Its offset from the start of the struct.
    pub offset: u64,
    /// The type of its number.
    pub number: Number,
    /// The order of its bytes.
    pub order: Order,
}

impl Counter {
    fn named(fields: &Fields, path: &str) -> Result<Self> {
        let path: Path = path.parse()?;
        let (offset, number, order) = fields.whole(&path)?;
        Ok(Self { path, offset, number, order })
    }

    /// As `named`, of a field that counts: any number is a value of it.
    fn counting(fields: &Fields, path: &str) -> Result<Self> {
        let its = Self::named(fields, path)?;
        match fields.place(&its.path.0, 0)?.1 {
            Kind::Number(number, _) if *number != Number::Bool => Ok(its),
            kind => Err(Error::new(format!(
                "could not count versions in `{path}`: it is {kind}, and a number such as u32 is right"
            ))),
        }
    }

    /// Returns whether it has some of the `size` bytes at `offset`.
    #[must_use]
    pub fn is_in(&self, offset: u64, size: u64) -> bool {
        let end = self.offset + self.number.size() as u64;
        self.offset < offset.saturating_add(size) && offset < end
    }

    /// Returns its value in these bytes; 0 if they end before it.
    #[must_use]
    pub fn value(&self, bytes: &[u8]) -> u64 {
        let tail = usize::try_from(self.offset).ok().and_then(|start| bytes.get(start..));
        tail.and_then(|tail| self.number.bits(tail, self.order)).unwrap_or(0)
    }

    /// Returns the value that its own bytes have; 0 if they are too few.
    #[must_use]
    pub fn of(&self, bytes: &[u8]) -> u64 {
        self.number.bits(bytes, self.order).unwrap_or(0)
    }

    /// Returns the bytes of a value, cut to its size.
    #[must_use]
    pub fn bytes(&self, value: u64) -> Vec<u8> {
        self.number.bytes(value, self.order)
    }

    fn read<M: PositionedIo + ?Sized>(&self, memory: &M, start: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..self.number.size()];
        memory.read_exact_at(bytes, start.saturating_add(self.offset))?;
        Ok(self.number.bits(bytes, self.order).unwrap_or(0))
    }
}

/// How the program that writes a memory says that it is in the middle of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// One number is changed before, another to the same after.
    Pair {
        /// The one that is changed before.
        begin: Counter,
        /// The one that is changed after.
        end: Counter,
    },
    /// A number that is odd while somebody writes.
    Odd(Counter),
    /// A number that changes with each version. What is written before it is not noticed.
    Tick(Counter),
    /// A number that is not zero while somebody writes.
    Busy(Counter),
}

/// What public headers call their numbers: rFactor 2; Project CARS 2; GPU-Z; RTSS; Mumble; Assetto
/// Corsa.
const PAIRS: [(&str, &str); 1] = [("mVersionUpdateBegin", "mVersionUpdateEnd")];
const ODD: [&str; 1] = ["mSequenceNumber"];
const BUSY: [&str; 2] = ["busy", "dwBusy"];
const TICKS: [&str; 2] = ["uiTick", "packetId"];

impl Versions {
    /// Returns the numbers of a struct that are known by their names.
    #[must_use]
    pub fn known(fields: &Fields) -> Option<Self> {
        let pair = |(begin, end): &(&str, &str)| Self::pair(fields, begin, end).ok();
        PAIRS
            .iter()
            .find_map(pair)
            .or_else(|| ODD.iter().find_map(|path| Self::odd(fields, path).ok()))
            .or_else(|| BUSY.iter().find_map(|path| Self::busy(fields, path).ok()))
            .or_else(|| TICKS.iter().find_map(|path| Self::tick(fields, path).ok()))
    }

    /// Returns a pair: `begin` is changed before, `end` after.
    ///
    /// # Errors
    ///
    /// If the struct has no such field of whole numbers, or its values are true and false, or names; or
    /// if both are at one place.
    pub fn pair(fields: &Fields, begin: &str, end: &str) -> Result<Self> {
        let (begin, end) = (Counter::counting(fields, begin)?, Counter::counting(fields, end)?);
        if begin.is_in(end.offset, end.number.size() as u64) {
            return Err(Error::new(format!(
                "could not use `{}` with `{}`: they share bytes, and two fields are right",
                begin.path, end.path
            )));
        }
        if begin.number.size() != end.number.size() {
            return Err(Error::new(format!(
                "could not use `{}` with `{}`: their numbers have different sizes",
                begin.path, end.path
            )));
        }
        Ok(Self::Pair { begin, end })
    }

    /// Returns a number that is odd while somebody writes.
    ///
    /// # Errors
    ///
    /// As those of [`Versions::pair`].
    pub fn odd(fields: &Fields, path: &str) -> Result<Self> {
        Counter::counting(fields, path).map(Self::Odd)
    }

    /// Returns a number that changes with each version.
    ///
    /// # Errors
    ///
    /// As those of [`Versions::pair`].
    pub fn tick(fields: &Fields, path: &str) -> Result<Self> {
        Counter::counting(fields, path).map(Self::Tick)
    }

    /// Returns a number that is not zero while somebody writes, which may be true or false, or a name.
    ///
    /// # Errors
    ///
    /// If the struct has no such field of whole numbers.
    pub fn busy(fields: &Fields, path: &str) -> Result<Self> {
        Counter::named(fields, path).map(Self::Busy)
    }

    /// Returns its numbers: of a pair, the one that is changed before comes first.
    #[must_use]
    pub fn counters(&self) -> Vec<&Counter> {
        match self {
            Self::Pair { begin, end } => vec![begin, end],
            Self::Odd(one) | Self::Tick(one) | Self::Busy(one) => vec![one],
        }
    }

    /// Copies the memory from `start` on, and returns whether the copy is whole.
    ///
    /// It is tried 100 times; if somebody writes each time, `buf` has the last copy.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read.
    pub fn take<M: PositionedIo + ?Sized>(
        &self,
        memory: &M,
        start: u64,
        buf: &mut [u8],
    ) -> Result<bool> {
        // What is written last is read first, and what is written first last.
        let (first, last) = match self {
            Self::Pair { begin, end } => (end, begin),
            Self::Odd(one) | Self::Tick(one) | Self::Busy(one) => (one, one),
        };
        for _ in 0..TRIES {
            let before = first.read(memory, start)?;
            fence(Ordering::Acquire);
            memory.read_exact_at(buf, start)?;
            fence(Ordering::Acquire);
            let after = last.read(memory, start)?;
            let is_writing = match self {
                Self::Pair { .. } | Self::Tick(_) => false,
                Self::Odd(_) => before % 2 == 1,
                Self::Busy(_) => before != 0,
            };
            if before == after && !is_writing {
                return Ok(true);
            }
            thread::yield_now();
        }
        Ok(false)
    }
}

/// As a sentence has it: "`a` before and `b` after".
impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pair { begin, end } => {
                write!(f, "`{}`, changed before, and `{}`, after", begin.path, end.path)
            }
            Self::Odd(one) => write!(f, "`{}`, odd while somebody writes", one.path),
            Self::Tick(one) => write!(f, "`{}`, which changes with each version", one.path),
            Self::Busy(one) => write!(f, "`{}`, not zero while somebody writes", one.path),
        }
    }
}
