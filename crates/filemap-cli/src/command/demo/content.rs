//! The content of the demonstration's file: a text, a picture, and a checksum of both.
//!
//! ```text
//! 0            the text, in UTF-8
//! len - 4100   the picture: 64 rows of 64 bytes, one shade each
//! len - 4      the CRC32C of everything before it, little end first
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

const TEXT: &str = include_str!("content.txt");
const SIDE: usize = 64;
const CHECKSUM: usize = 4;

/// Generates the content.
pub(super) fn make() -> Vec<u8> {
    let mut bytes = TEXT.as_bytes().to_vec();
    bytes.extend(picture());
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// Draws the Mandelbrot set: the shade of a point is the number of steps to its escape.
fn picture() -> impl Iterator<Item = u8> {
    let place = |index: usize, from: f64, width: f64| {
        // Rows and columns are below 64, which fits every type of number.
        from + width * f64::from(u8::try_from(index).unwrap_or(0)) / 64.0
    };
    (0..SIDE * SIDE).map(move |index| {
        let (x, y) = (place(index % SIDE, -2.2, 3.0), place(index / SIDE, -1.5, 3.0));
        let (mut a, mut b) = (0.0, 0.0);
        (0..u8::MAX)
            .find(|_| {
                (a, b) = (a * a - b * b + x, 2.0 * a * b + y);
                a * a + b * b > 4.0
            })
            .map_or(0, |steps| u8::MAX - steps)
    })
}

/// Facts about the content, found by reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Findings {
    pub(super) first_line: String,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) checksum: u32,
    /// How often the five most frequent words of more than five letters occur.
    pub(super) words: BTreeMap<String, u32>,
    /// How many points of the picture are pale, grey and dark.
    pub(super) shades: Vec<u32>,
}

impl Findings {
    /// Reads the content and checks it against its own checksum.
    ///
    /// # Errors
    ///
    /// A sentence that names the damage.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, String> {
        let (rest, stored) = bytes
            .split_last_chunk::<CHECKSUM>()
            .ok_or_else(|| format!("{} bytes are too few for a checksum", bytes.len()))?;
        let checksum = crc32c::crc32c(rest);
        let stored = u32::from_le_bytes(*stored);
        if checksum != stored {
            return Err(format!(
                "the checksum of what was read is {checksum:08x}, and {stored:08x} is stored"
            ));
        }
        let (text, picture) = rest
            .len()
            .checked_sub(SIDE * SIDE)
            .map(|end| rest.split_at(end))
            .ok_or("there is no room for the picture")?;
        let text = std::str::from_utf8(text).map_err(|error| format!("the text: {error}"))?;
        Ok(Self {
            first_line: text.lines().next().unwrap_or_default().to_owned(),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            lines: u64::try_from(text.lines().count()).unwrap_or(u64::MAX),
            checksum,
            words: frequent_words(text),
            shades: shades(picture),
        })
    }
}

fn frequent_words(text: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::<String, u32>::new();
    let words = text.split(|letter: char| !letter.is_alphabetic());
    for word in words.filter(|word| word.chars().count() > 5) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    let mut by_count: Vec<_> = counts.into_iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    by_count.into_iter().take(5).collect()
}

fn shades(picture: &[u8]) -> Vec<u32> {
    let mut counts = vec![0; 3];
    for shade in picture {
        counts[match shade {
            240.. => 0,
            1..240 => 1,
            0 => 2,
        }] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_a_text_and_a_picture_that_prove_themselves() {
        let content = make();

        let findings = Findings::of(&content).unwrap();

        assert_eq!(findings.first_line, "A file, and a name for it");
        assert_eq!(findings.bytes, content.len() as u64);
        assert!(findings.bytes > 8000);
        assert_eq!(findings.words.len(), 5);
        assert!(findings.shades.iter().all(|points| *points > 100), "{:?}", findings.shades);
        assert_eq!(findings.shades.iter().sum::<u32>(), 64 * 64);
    }

    #[test]
    fn a_change_of_any_byte_is_found() {
        let content = make();

        for place in [0, 1, content.len() / 2, content.len() - 5, content.len() - 1] {
            let mut changed = content.clone();
            changed[place] ^= 1;
            assert!(Findings::of(&changed).unwrap_err().contains("checksum"));
        }
        assert!(Findings::of(&[]).is_err());
    }
}
