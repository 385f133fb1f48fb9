//! Where bit fields go whose offset is not given.

use crate::kind::Kind;
use crate::number::Order;

/// The number that has the bits of the field before, if that is a bit field.
#[derive(Debug, Default)]
pub(crate) struct Unit(Option<Last>);

#[derive(Debug)]
struct Last {
    offset: u64,
    size: usize,
    order: Order,
    /// The lowest bit above those that are taken.
    next: u8,
}

impl Unit {
    /// Puts a bit field into the number of the one before, and returns its offset: both have numbers of
    /// one size and order, and its bits are left. `bit` is its lowest bit, if that was given.
    pub(crate) fn shared(&self, kind: &mut Kind, bit: Option<u8>) -> Option<u64> {
        let last = self.0.as_ref()?;
        let Kind::Bits { number, order, first, width } = kind else { return None };
        let start = bit.unwrap_or(last.next);
        let end = usize::from(start) + usize::from(*width);
        let is_free = start >= last.next && end <= 8 * last.size;
        if number.size() != last.size || *order != last.order || !is_free {
            return None;
        }
        *first = start;
        Some(last.offset)
    }

    /// Says where a field was put.
    pub(crate) fn put(&mut self, offset: u64, kind: &Kind) {
        self.0 = match kind {
            Kind::Bits { number, order, first, width } => Some(Last {
                offset,
                size: number.size(),
                order: *order,
                next: first.saturating_add(*width),
            }),
            _ => None,
        };
    }
}
