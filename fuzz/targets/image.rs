#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    filemap::fuzzing::image(input);
});
