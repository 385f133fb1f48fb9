//! Bit fields: the number that has their bits.

use crate::kind::Kind;
use crate::number::{Number, Order};

/// Returns the offset and the kind of `width` bits at bit `at` of a struct of `size` bytes, which are
/// declared as bits of `declared`.
pub(super) fn place(declared: Number, at: u64, width: u64, size: u64) -> Option<(u64, Kind)> {
    let numbers = match declared.is_signed() {
        true => [Number::I8, Number::I16, Number::I32, Number::I64],
        false => [Number::U8, Number::U16, Number::U32, Number::U64],
    };
    // As declared, if that number lies in the struct; otherwise the smallest that has the bits.
    std::iter::once(declared).chain(numbers).find_map(|number| {
        let bytes = number.size() as u64;
        let whole = at / (8 * bytes) * bytes;
        // In a packed struct, the number that has them may begin before them.
        let last = size.saturating_sub(bytes);
        [whole, at / 8, last].into_iter().find_map(|offset| {
            let first = at.checked_sub(8 * offset)?;
            if first + width > 8 * bytes || offset + bytes > size {
                return None;
            }
            let (first, width) = (u8::try_from(first).ok()?, u8::try_from(width).ok()?);
            Some((offset, Kind::Bits { number, order: Order::Little, first, width }))
        })
    })
}
