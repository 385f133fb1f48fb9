#![no_main]

#[path = "../src/name.rs"]
mod name;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    name::check(input);
});
