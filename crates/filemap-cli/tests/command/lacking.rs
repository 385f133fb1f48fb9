//! Verbs of which this build has the names alone.

use crate::support::Place;

#[test]
fn a_verb_that_this_build_lacks_says_how_to_get_a_command_that_has_it() {
    let place = Place::new();

    for line in [
        "record scores -o x.mcap",
        "replay x.mcap",
        "export x.mcap --to csv",
        "layout x.toml",
        "read scores --layout x.toml",
        "read scores --as a:u8",
        "write scores --as a:u8 a=1",
        "watch scores --layout x.toml",
    ] {
        let sentence = place.run(line.split(' ')).failed(2);

        assert!(sentence.contains("cargo install "), "{sentence}");
        assert!(sentence.contains("--features sight"), "{sentence}");
    }
    assert!(place.files().is_empty(), "{:?}", place.files());
}
