//! What must be true of a program's layout, whatever its file says.
//!
//! Compiled for the fuzzer, which makes the inputs, and for the tests, which read its seeds.

#![allow(clippy::missing_panics_doc, reason = "to panic is to find a fault")]

use crate::sys::platform::image::layout::Layout;

/// Reads `input` as a program; returns whether it is one.
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
        place = part.place.end;
        stored += stored_here;
    }
    assert_eq!(place, layout.size);
    // Two parts may have the same sectors where they begin and end.
    let most = file_len + layout.parts.len() as u64 * 1024;
    assert!(stored <= most, "{stored} of {file_len} bytes are copied");
    assert!(layout.parts.iter().all(|part| !part.access(false).can_execute()));
    assert!(layout.parts.iter().all(|part| part.access(true) == part.access));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inputs that the fuzzer starts with.
    fn seeds() -> Vec<Vec<u8>> {
        let folder = format!("{}/../../fuzz/seeds/image", env!("CARGO_MANIFEST_DIR"));
        let seeds = std::fs::read_dir(folder).unwrap();
        seeds.map(|seed| std::fs::read(seed.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn the_fuzzers_seeds_of_programs_are_laid_out_and_refused_alike() {
        let seeds = seeds();
        let good = seeds.iter().filter(|seed| image(seed)).count();
        assert!(0 < good && good < seeds.len(), "{good} of {} are programs", seeds.len());
    }

    #[test]
    fn changed_bytes_of_a_program_are_laid_out_or_refused_and_nothing_panics() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        let (mut all, mut good) = (0, 0);
        for seed in seeds() {
            for _ in 0..3000 {
                let mut input = seed.clone();
                for _ in 0..=random(4) {
                    let at = random(input.len());
                    input[at] = [0, 1, 0x10, 0x7f, 0x80, 0xff][random(6)];
                }
                all += 1;
                good += usize::from(image(&input));
            }
        }
        assert!(0 < good && good < all, "{good} of {all} are programs");
    }
}
