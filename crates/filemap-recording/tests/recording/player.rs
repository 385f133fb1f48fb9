use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use filemap::{Access, ErrorKind, FileMapping, View};
use filemap_layout::{Layout, Versions};
use filemap_recording::{Error, PlayerOptions, Recording, Stop, Subject};

use crate::support::Place;

/// Records a name whose second number counts from 0 to 5, and returns how long that took.
fn counted(place: &Place) -> Recording {
    let (_held, view) = place.publish("count", 300);
    let running = place.record(place.options(), &["count"], "count.mcap");
    for number in 1..=5_u32 {
        view.write(4, &number).unwrap();
        running.look();
    }
    running.end();
    place.open("count.mcap")
}

fn options(place: &Place) -> PlayerOptions {
    PlayerOptions::new().registry(&place.registry)
}

fn number(place: &Place, name: &str) -> u32 {
    place.registry.open(name).unwrap().map(Access::Read).unwrap().read(4).unwrap()
}

#[test]
fn a_replay_has_every_frame_and_takes_as_long_as_the_recording() {
    let place = Place::new();
    let recording = counted(&place);
    let mut player = options(&place).start(&recording).unwrap();
    let names: Vec<_> = player.names().map(|(name, size)| (name.to_string(), size)).collect();
    assert_eq!(names, [("Local\\count".to_owned(), 300)]);

    let begun = Instant::now();
    let played = player.run(&Stop::new()).unwrap();

    assert!(begun.elapsed() >= recording.end() - recording.start());
    assert_eq!((played.frames, played.rounds), (6, 1));
    assert_eq!(number(&place, "count"), 5);
    drop(player);
    let gone = place.registry.open("count").unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[test]
fn each_step_is_one_frame() {
    let place = Place::new();
    let recording = counted(&place);
    let mut player = options(&place).start(&recording).unwrap();

    let mut seen = Vec::new();
    while player.step().unwrap() {
        seen.push(number(&place, "count"));
    }

    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_replay_that_begins_later_begins_with_what_was_there_then() {
    let place = Place::new();
    let recording = counted(&place);
    let mut frames = recording.frames();
    let mut times = Vec::new();
    while let Some(frame) = frames.next_frame() {
        times.push(frame.time);
    }
    let third = times[3] - recording.start();

    for (from, now, next) in [
        (third, 3, 4),
        (third + Duration::from_nanos(1), 3, 4),
        (third - Duration::from_nanos(1), 2, 3),
    ] {
        let mut player = options(&place).from(from).start(&recording).unwrap();
        assert_eq!(number(&place, "count"), now);
        assert!(player.step().unwrap());
        assert_eq!(number(&place, "count"), next);
    }
    let far = options(&place).from(Duration::from_secs(3600)).start(&recording).map(drop);
    assert!(far.unwrap_err().to_string().contains("it ends after "));
}

#[test]
fn a_replay_that_begins_after_the_end_is_refused_however_late() {
    let place = Place::new();
    let recording = counted(&place);

    for from in [Duration::from_secs(3600), Duration::MAX] {
        let refused = options(&place).from(from).start(&recording).map(drop).unwrap_err();
        assert!(refused.to_string().contains("it ends after"), "{refused}");
    }
}

/// Writes the file `name` as another program does: two messages of each topic, the first of which has no bytes.
fn foreign(place: &Place, name: &str, topics: &[&str]) -> Recording {
    let file = std::fs::File::create(place.path(name)).unwrap();
    let mut writer = mcap::Writer::new(file).unwrap();
    for topic in topics {
        let channel_id = writer.add_channel(0, topic, "json", &BTreeMap::new()).unwrap();
        for (time, bytes) in [(1, &b""[..]), (2, b"{}")] {
            let header = mcap::records::MessageHeader {
                channel_id,
                sequence: 0,
                log_time: time,
                publish_time: time,
            };
            writer.write_to_known_channel(&header, bytes).unwrap();
        }
    }
    writer.finish().unwrap();
    place.open(name)
}

#[test]
fn topics_that_are_no_names_and_messages_of_no_bytes_are_left_out_of_a_replay() {
    let place = Place::new();
    let recording = foreign(&place, "some.mcap", &["", "state", "Local/car", "a/b"]);

    let mut player = options(&place).start(&recording).unwrap();
    let names: Vec<_> = player.names().map(|(name, size)| (name.to_string(), size)).collect();
    let expected = ["Local\\state", "Local\\car", "Local\\a/b"];
    assert_eq!(names, expected.map(|name| (name.to_owned(), 2)));
    assert!(player.run(&Stop::new()).is_ok());
    let view = place.registry.open("state").unwrap().map(Access::Read).unwrap();
    assert_eq!(&view.read::<[u8; 2]>(0).unwrap(), b"{}");

    let nothing = foreign(&place, "none.mcap", &[""]);
    let none = options(&place).start(&nothing).map(drop).unwrap_err();
    assert!(none.to_string().contains("could not read the name"), "{none}");
}

#[test]
fn a_replay_goes_round_until_it_is_stopped() {
    let place = Place::new();
    let recording = counted(&place);
    let mut player = options(&place).repeat().speed(100.0).start(&recording).unwrap();
    let stop = Stop::new();
    let theirs = stop.clone();

    let played = std::thread::scope(|scope| {
        let thread = scope.spawn(|| player.run(&theirs).unwrap());
        let view = place.registry.open("count").unwrap().map(Access::Read).unwrap();
        let mut rounds = 0;
        let mut before = 0;
        while rounds < 3 {
            let now = view.read::<u32>(4).unwrap();
            rounds += u32::from(now < before);
            before = now;
        }
        stop.request();
        thread.join().unwrap()
    });

    assert!(played.rounds >= 2 && played.frames >= 13, "{played:?}");
}

#[test]
fn a_live_name_is_refused_unless_it_is_to_be_overwritten() {
    let place = Place::new();
    let recording = counted(&place);
    let (_mapping, view) = place.publish("count", 4096);
    view.write(4, &77_u32).unwrap();

    let refused = options(&place).start(&recording).map(drop).unwrap_err();
    assert!(matches!(&refused, Error::Mapping(error) if error.kind() == ErrorKind::AlreadyExists));
    assert_eq!(number(&place, "count"), 77);

    let mut player = options(&place).force().start(&recording).unwrap();
    assert!(player.step().unwrap());
    assert_eq!(number(&place, "count"), 0);
    drop(player);

    drop((_mapping, view));
    let (_mapping, view) = place.publish("count", 100);
    let small = options(&place).force().start(&recording).map(drop).unwrap_err();
    assert!(small.to_string().contains("it has 100 bytes, and the frame has 300"), "{small}");
    assert_eq!(view.read::<u32>(4).unwrap(), 0);
}

#[test]
fn one_name_of_several_can_be_replayed_alone() {
    let place = Place::new();
    let held = [place.publish("one", 16), place.publish("other", 16)];
    place.record(place.options(), &["one", "other"], "a.mcap").end();
    drop(held);
    let recording = place.open("a.mcap");

    let player = options(&place).only("other".parse().unwrap()).start(&recording).unwrap();
    assert_eq!(player.names().count(), 1);
    assert!(place.registry.open("one").is_err() && place.registry.open("other").is_ok());
    drop(player);
    let none = options(&place).only("nobody".parse().unwrap()).start(&recording).map(drop);
    let none = none.unwrap_err().to_string();
    assert!(none.ends_with("it has no frames of `Local\\nobody`"), "{none}");
}

#[test]
fn a_name_that_came_back_with_another_size_does_so_again() {
    let place = Place::new();
    let running = place.record(place.options().wait(), &["late"], "a.mcap");
    for (frames, size) in [(1, 16), (2, 80)] {
        let _held = place.publish("late", size);
        running.until(|totals| totals.frames == frames);
    }
    running.end();
    let recording = place.open("a.mcap");
    let mut player = options(&place).repeat().start(&recording).unwrap();

    let size = || FileMapping::size(&place.registry.open("late").unwrap());
    for expected in [16, 80, 16, 80] {
        assert!(player.step().unwrap());
        assert_eq!(size(), expected);
    }
}

/// Writes as rFactor 2 does: a number before, another after.
fn publish_pair(view: &View, number: u32) {
    view.write(0, &number).unwrap();
    view.write(8, &[number.wrapping_mul(3); 8]).unwrap();
    view.write(4, &number).unwrap();
}

#[test]
fn versions_go_on_from_round_to_round_and_a_reader_sees_whole_ones_alone() {
    let place = Place::new();
    let layout = Layout::from_words("begin:u32 end:u32 payload:u32[8]").unwrap();
    let versions = Versions::pair(layout.root(), "begin", "end").unwrap();
    let (held, view) = place.publish("car", 40);
    let subject = Subject::new("car".parse().unwrap());
    let subject = subject.layout(layout.with_versions(Some(versions.clone())));
    publish_pair(&view, 100);
    let running = place.record_all(place.options(), vec![subject], "a.mcap");
    for number in 101..110 {
        publish_pair(&view, number);
        running.look();
    }
    assert_eq!(running.end().frames, 10);
    drop((held, view));
    let recording = place.open("a.mcap");
    let mut player = options(&place).repeat().speed(50.0).start(&recording).unwrap();
    let stop = Stop::new();
    let theirs = stop.clone();

    std::thread::scope(|scope| {
        scope.spawn(|| player.run(&theirs).unwrap());
        // Also if a claim fails.
        let _stopping = StopAtEnd(stop);
        let view = place.registry.open("car").unwrap().map(Access::Read).unwrap();
        let mut before = 0;
        let mut bytes = [0; 40];
        while before < 140 {
            if !versions.take(&view, 0, &mut bytes).unwrap() {
                continue;
            }
            let numbers: Vec<_> =
                bytes.chunks(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect();
            let now = numbers[0];
            assert!(now >= before, "{before}, then {now}");
            if now > 0 {
                // The payload is that of the recording, whatever its number is now.
                assert_eq!(numbers[2..], [(100 + (now - 100) % 10) * 3; 8], "{now}");
            }
            before = now;
        }
    });
}

/// Requests a stop when it is dropped.
struct StopAtEnd(Stop);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.request();
    }
}

#[test]
fn a_live_mapping_sees_no_version_again() {
    let place = Place::new();
    let layout = Layout::from_words("n:u32 rpm:f32").unwrap();
    let versions = Versions::odd(layout.root(), "n").unwrap();
    let subject = Subject::new("car".parse().unwrap()).layout(layout.with_versions(Some(versions)));
    let (_held, view) = place.publish("car", 8);
    place.record_all(place.options(), vec![subject], "a.mcap").end();
    view.write(0, &70_u32).unwrap();
    let recording = place.open("a.mcap");

    let mut player = options(&place).force().start(&recording).unwrap();
    assert!(player.step().unwrap());

    assert_eq!(view.read::<u32>(0).unwrap(), 72);
}
