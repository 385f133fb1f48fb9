use serde_json::json;

use crate::support::Place;

#[test]
fn files_and_memory_are_flushed_as_far_as_is_asked_for() {
    let place = Place::new();
    let path = place.file("log.bin", &[1; 100_000]);
    let _holder = place.hold(["memory", "--size", "64KiB"]);

    for until in ["start", "written", "durable"] {
        let told = place.run(["flush", &path, "--until", until, "--json"]).json();
        assert_eq!((&told["length"], &told["until"]), (&json!(100_000), &json!(until)));
    }
    let part = place.run(["flush", &path, "-s", "10", "-n", "20"]).text();
    assert_eq!(part, format!("flushed 20 bytes at offset 10 of `{path}`\n"));
    place.run(["flush", "memory"]).text();
}

#[test]
fn a_file_that_is_not_there_is_not_made_to_be_flushed() {
    let place = Place::new();

    place.run(["flush", "./nothing"]).failed(1);

    assert_eq!(place.files(), crate::support::NOTHING);
}
