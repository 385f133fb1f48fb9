use crate::support::{DEADLINE, NOTHING, Place, Running};

#[test]
fn an_opened_name_outlives_its_creator() {
    let place = Place::new();
    let creator = place.hold(["scores", "--size", "64KiB"]);
    let mut opener = place.start(["open", "Local/scores"]);
    assert!(opener.next_line().starts_with("holding `Local\\scores`, which existed already: "));

    creator.kill();

    place.run(["write", "scores", "--offset", "0", "--text", "still here"]).text();
    opener.end_input();
    assert_eq!(opener.wait().code, Some(0));
    place.run(["open", "scores"]).failed(1);
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_name_that_is_not_there_is_not_made() {
    let place = Place::new();

    let error = place.run(["open", "scores", "--json"]).failed_with_json(1);

    assert_eq!(error["win32_code"], 2);
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_name_that_is_not_there_yet_can_be_waited_for() {
    let place = Place::new();
    let wait = format!("{}s", DEADLINE.as_secs());
    let mut command = place.command();
    command.args(["open", "scores", "--wait", &wait]);
    let mut opener = Running::start(command);

    let _creator = place.hold(["scores", "--size", "64KiB"]);

    assert!(opener.next_line().starts_with("holding `Local\\scores`"));
    let sentence = place.run(["open", "nobody", "--wait", "50ms"]).failed(1);
    assert!(sentence.contains("there is no such name"), "{sentence}");

    // Likewise for the place of names.
    let later = place.path("later");
    let place_of_names = ["--registry", later.to_str().unwrap()];
    let words = ["open", "scores", "--wait", &wait];
    let mut opener = place.start(words.iter().chain(&place_of_names));
    std::fs::create_dir(&later).unwrap();
    let _creator = place.hold(["scores", "--size", "64KiB"].iter().chain(&place_of_names));
    assert!(opener.next_line().starts_with("holding `Local\\scores`"));
}
