//! Types as they are spelled in a layout: `f32`, `char[16]`, `Wheel[4]`, `u32:3`.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::number::{Number, Order, whole};

/// Returns the kind that `text` spells; `named` knows the types that the layout itself declares, and
/// `first` is the lowest bit of a bit field.
pub(crate) fn kind(
    text: &str,
    order: Order,
    first: u8,
    named: &dyn Fn(&str) -> Result<Option<Kind>>,
) -> Result<Kind> {
    let refused = |why: &str| {
        Err(Error::new(format!(
            "could not read the type `{text}`: {why}; f32, i16[4], char[16], u32:3 are some"
        )))
    };
    let (spelled, width) = match text.split_once(':') {
        Some((number, width)) => (number, Some(width)),
        None => (text, None),
    };
    let end = spelled.find('[').unwrap_or(spelled.len());
    let (base, mut rest) = spelled.split_at(end);
    let mut counts = Vec::new();
    while !rest.is_empty() {
        let inside = rest.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        let Some((digits, after)) = inside else {
            return refused("a `[` has its `]`");
        };
        match whole(digits).and_then(|count| u64::try_from(count).ok()) {
            Some(count) => counts.push(count),
            None => return refused("a count is a whole number"),
        }
        rest = after;
    }
    if let Some(width) = width {
        let number = Number::named(base).filter(|number| number.is_integer() || base == "bool");
        let (Some(number), true) = (number, counts.is_empty()) else {
            return refused("bits are of a number such as u32");
        };
        let bits = 8 * number.size();
        let width = width.parse::<u8>().ok().filter(|width| *width > 0);
        return match width.filter(|width| usize::from(*width) + usize::from(first) <= bits) {
            Some(width) => Ok(Kind::Bits { number, order, first, width }),
            None => refused(&format!("it has {bits} bits")),
        };
    }
    let unit = match base {
        "char" => Some(1),
        "char16" => Some(2),
        "char32" => Some(4),
        _ => None,
    };
    let mut kind = match (unit, Number::named(base)) {
        (Some(unit), _) => {
            let len = counts.pop().unwrap_or(1);
            if len.checked_mul(u64::from(unit)).is_none_or(|size| i64::try_from(size).is_err()) {
                return refused("it is larger than any memory");
            }
            Kind::Text { unit, order, len }
        }
        (None, Some(number)) => Kind::Number(number, order),
        (None, None) if base == "bytes" => match counts.pop() {
            Some(len) if i64::try_from(len).is_ok() => Kind::Bytes(len),
            _ => return refused("`bytes` has a count, such as bytes[16]"),
        },
        (None, None) => match named(base)? {
            Some(kind) => kind,
            None => return refused(&format!("`{base}` is neither known nor declared")),
        },
    };
    for count in counts.into_iter().rev() {
        kind = Kind::array(kind, count)?;
    }
    Ok(kind)
}
