//! What must be true of a program's layout, whatever its file says.
//!
//! Compiled for the fuzzer, which makes the inputs, and for the tests, which read its seeds; no
//! part of the library that others build.

#![allow(clippy::missing_panics_doc, reason = "to panic is to find a fault")]

use crate::sys::platform::image::layout::Layout;

/// Reads `input` as a program; tells whether it is one.
pub fn image(input: &[u8]) -> bool {
    let file_len = input.len() as u64;
    let Ok(layout) = Layout::parse(input, file_len) else { return false };
    assert!(layout.size > 0 && layout.size.is_multiple_of(4096), "{layout:?}");
    let (mut place, mut stored) = (0, 0);
    for part in &layout.parts {
        assert_eq!(part.place.start, place, "a gap: {layout:?}");
        assert!(part.place.start < part.place.end, "nothing: {part:?}");
        assert!(part.bytes.start <= part.bytes.end && part.bytes.end <= file_len, "{part:?}");
        let (stored_here, room) =
            (part.bytes.end - part.bytes.start, part.place.end - part.place.start);
        assert!(stored_here <= room, "too many bytes: {part:?}");
        assert!(part.access.can_read());
        place = part.place.end;
        stored += stored_here;
    }
    assert_eq!(place, layout.size);
    assert!(stored <= file_len, "{stored} of {file_len} bytes are copied");
    assert!(layout.without_code().parts.iter().all(|part| !part.access.can_execute()));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzers_seeds_of_programs_are_laid_out_and_refused_alike() {
        let folder = format!("{}/../../fuzz/seeds/image", env!("CARGO_MANIFEST_DIR"));
        let (mut all, mut good) = (0, 0);
        for seed in std::fs::read_dir(folder).unwrap() {
            let input = std::fs::read(seed.unwrap().path()).unwrap();
            all += 1;
            good += usize::from(image(&input));
        }
        assert!(0 < good && good < all, "{good} of {all} are programs");
    }
}
