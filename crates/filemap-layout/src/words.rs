//! Layouts as words: `time:f64 rpm:f32 name:char[64]`.

use std::sync::Arc;

use crate::bits::Unit;
use crate::error::{Error, Result};
use crate::kind::{Field, Fields};
use crate::layout::Layout;
use crate::number::{Order, whole};
use crate::spelling;

impl Layout {
    /// Returns the layout of words such as `time:f64 rpm@16:f32 name:char[64]`.
    ///
    /// Each word is a name and a type, with an offset after `@`. A field without one comes after the
    /// field before it, at a multiple of its number's size, as C places it; bit fields beside each other
    /// share a number if they are of numbers of one size, and it has their bits left. `big` as a word
    /// makes all numbers after it big-endian.
    ///
    /// # Errors
    ///
    /// If a word is no field.
    ///
    /// ```
    /// let layout = filemap_layout::Layout::from_words("id:u8 time:f64 flags@32:u16:4")?;
    /// let places: Vec<_> = layout.leaves().map(|leaf| (leaf.path, leaf.offset)).collect();
    ///
    /// assert_eq!(places, [("id".into(), 0), ("time".into(), 8), ("flags".into(), 32)]);
    /// assert_eq!(layout.size(), 40);
    /// # Ok::<(), filemap_layout::Error>(())
    /// ```
    pub fn from_words(words: &str) -> Result<Self> {
        let mut fields = Vec::new();
        let (mut end, mut alignment, mut order) = (0_u64, 1, Order::Little);
        let mut unit = Unit::default();
        for word in words.split([' ', '\t', '\n', ',', ';']).filter(|word| !word.is_empty()) {
            if word == "big" {
                order = Order::Big;
                continue;
            }
            let Some((place, spelled)) = word.split_once(':') else {
                return Err(Error::new(format!(
                    "could not read `{word}`: a name and a type are right, such as rpm:f32"
                )));
            };
            let mut kind = spelling::kind(spelled, order, 0, &|_| Ok(None))?;
            let (name, at) = match place.split_once('@') {
                None => (place, None),
                Some((name, digits)) => {
                    let at = whole(digits).and_then(|at| u64::try_from(at).ok());
                    let at = at.ok_or_else(|| {
                        Error::new(format!("could not read the offset of `{word}`: 16 is right"))
                    })?;
                    (name, Some(at))
                }
            };
            let shared = if at.is_none() { unit.shared(&mut kind, None) } else { None };
            let offset = match at.or(shared) {
                Some(at) => Some(at),
                None => end.checked_next_multiple_of(kind.alignment()),
            };
            let ends = offset.and_then(|offset| offset.checked_add(kind.size()));
            let (Some(offset), Some(ends)) = (offset, ends) else {
                return Err(Error::new(format!("could not use `{word}`: it ends past any memory")));
            };
            unit.put(offset, &kind);
            (end, alignment) = (ends, kind.alignment().max(alignment));
            fields.push(Field { name: name.to_owned(), offset, kind, unit: None });
        }
        if fields.is_empty() {
            return Err(Error::new("could not read the layout: it has no fields"));
        }
        let last = fields.iter().map(|field| field.offset + field.kind.size()).max().unwrap_or(0);
        let size = last.checked_next_multiple_of(alignment).unwrap_or(last);
        Ok(Self::new(Arc::new(Fields::new("words", size, alignment, false, fields)?)))
    }
}
