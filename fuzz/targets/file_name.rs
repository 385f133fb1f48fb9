#![no_main]

#[path = "../src/file_name.rs"]
mod file_name;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    file_name::check(input);
});
