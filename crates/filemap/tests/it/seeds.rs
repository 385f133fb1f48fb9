//! The inputs that the fuzzer starts with, shown to the same checks: `fuzz/` has both.

// Entries are files of Linux.
#[cfg(target_os = "linux")]
#[path = "../../../../fuzz/src/entry.rs"]
mod entry;
#[cfg(target_os = "linux")]
#[path = "../../../../fuzz/src/file_name.rs"]
mod file_name;
#[path = "../../../../fuzz/src/name.rs"]
mod name;
#[path = "../../../../fuzz/src/object.rs"]
mod object;

/// Shows each seed of a target to its check, and asserts that some were what they look like and
/// some were not.
fn try_seeds(target: &str, check: fn(&[u8]) -> bool) {
    let folder = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let (mut all, mut good) = (0, 0);
    for seed in std::fs::read_dir(folder).expect("there are seeds") {
        let input = std::fs::read(seed.expect("there are seeds").path()).expect("a seed is a file");
        all += 1;
        good += usize::from(check(&input));
    }
    assert!(0 < good && good < all, "{good} of {all}");
}

#[test]
fn the_fuzzers_seeds_of_names_are_names_or_errors() {
    try_seeds("name", name::check);
}

#[test]
fn the_fuzzers_seeds_of_objects_are_objects_or_errors() {
    try_seeds("object", object::check);
}

#[cfg(target_os = "linux")]
#[test]
fn the_fuzzers_seeds_of_file_names_are_names_or_none_of_anything() {
    try_seeds("file_name", file_name::check);
}

#[cfg(target_os = "linux")]
#[test]
fn the_fuzzers_seeds_of_entries_lead_to_no_more_than_is_there() {
    try_seeds("entry", entry::check);
}
