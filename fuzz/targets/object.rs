#![no_main]

#[path = "../src/object.rs"]
mod object;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    object::check(input);
});
