use std::fs::File;
use std::time::Duration;

use filemap::{Error as MappingError, ErrorKind};
use filemap_layout::{Layout, Versions};
use filemap_recording::{Error, Recording, Stop, Subject};

use crate::support::{Place, frames};

#[test]
fn each_change_of_each_name_is_a_frame_and_what_does_not_change_takes_none() {
    let place = Place::new();
    let (_a, one) = place.publish("one", 64);
    let (_b, other) = place.publish("other", 100);
    let running = place.record(place.options(), &["one", "Local\\other"], "a.mcap");

    one.write(8, &1_u64).unwrap();
    running.look();
    other.write(90, &2_u32).unwrap();
    running.look();
    one.write(8, &3_u64).unwrap();
    running.look();
    let totals = running.end();

    let recording = place.open("a.mcap");
    let frames = frames(&recording);
    let told: Vec<_> =
        frames.iter().map(|(name, _, bytes)| (name.as_str(), bytes[8], bytes.len())).collect();
    let (a, b) = ("Local\\one", "Local\\other");
    assert_eq!(told, [(a, 0, 64), (b, 0, 100), (a, 1, 64), (b, 0, 100), (a, 3, 64)]);
    assert_eq!(frames[3].2[90], 2);
    assert!(frames[4].1 > frames[3].1 && frames[3].1 > frames[2].1, "each look has a number");
    assert_eq!((totals.frames, recording.looks()), (5, Some((totals.looks, totals.lost))));
    assert!(recording.is_complete() && recording.damage().is_empty());
    assert_eq!(recording.rate(), Some(1000.0));
    assert_eq!(totals.bytes, recording.len().unwrap());
    let channels = recording.channels();
    assert_eq!(
        (channels[0].topic(), channels[0].size(), channels[0].frames()),
        ("Local/one", 64, 3)
    );
    let schema = ("ros1", "filemap/Bytes100", &b"uint8[100] bytes\n"[..]);
    assert_eq!((channels[1].schema(), channels[1].is_torn()), (schema, false));
}

#[test]
fn a_recording_ends_with_its_last_name_and_has_its_last_bytes() {
    let place = Place::new();
    let (mapping, view) = place.publish("brief", 4096);
    let (other, _view) = place.publish("briefer", 4096);
    let running = place.record(place.options(), &["brief", "briefer"], "a.mcap");

    drop(other);
    running.until(|totals| totals.present == 1);
    view.write(4000, &7_u8).unwrap();
    drop((mapping, view));
    let totals = running.wait();

    assert_eq!((totals.present, totals.frames), (0, 3));
    let last = frames(&place.open("a.mcap")).pop().unwrap();
    assert_eq!((last.0.as_str(), last.2[4000]), ("Local\\brief", 7));
}

#[test]
fn a_name_can_be_awaited_and_come_back_with_another_size() {
    let place = Place::new();
    let running = place.record(place.options().wait(), &["late"], "a.mcap");
    running.look();

    let first = place.publish("late", 16);
    running.until(|totals| totals.frames == 1);
    drop(first);
    running.until(|totals| totals.present == 0);
    let second = place.publish("late", 32);
    running.until(|totals| totals.frames == 2);
    // Of the same size as before, and perhaps between two looks whether it is there.
    drop(second);
    let _third = place.publish("late", 32);
    running.until(|totals| totals.frames == 3);
    running.end();

    let recording = place.open("a.mcap");
    let sizes: Vec<_> = recording.channels().iter().map(|channel| channel.size()).collect();
    assert_eq!(sizes, [16, 32]);
    let lengths: Vec<_> = frames(&recording).iter().map(|frame| frame.2.len()).collect();
    assert_eq!(lengths, [16, 32, 32]);
}

#[test]
fn what_cannot_be_recorded_leaves_no_file_and_what_is_there_is_kept() {
    let place = Place::new();
    let subjects = |name: &str| vec![Subject::new(name.parse().unwrap())];
    let path = place.path("a.mcap");

    let missing = place.options().start(subjects("nobody"), &path).unwrap_err();
    assert!(matches!(&missing, Error::Mapping(error) if error.kind() == ErrorKind::NotFound));
    assert!(!path.exists());

    let _held = place.publish("scores", 16);
    std::fs::write(&path, "precious").unwrap();
    let error = place.options().start(subjects("scores"), &path).unwrap_err();
    assert!(
        matches!(&error, Error::File { source, .. }
        if source.kind() == std::io::ErrorKind::AlreadyExists),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let recorder = place.options().replace().start(subjects("scores"), &path).unwrap();
    drop(recorder);
    assert!(Recording::is_one(&path));
}

#[test]
fn what_is_too_large_or_smaller_than_its_layout_is_refused_before_there_is_a_file() {
    let place = Place::new();
    let options = filemap::FileMapping::options().registry(&place.registry).name("huge");
    let _huge = options.size(1 << 29).sparse().create_new().unwrap();
    let _small = place.publish("small", 2);
    let layout = Layout::from_words("rpm:f32").unwrap();
    let subjects = [
        (Subject::new("huge".parse().unwrap()), "268435456 are the most"),
        (Subject::new("small".parse().unwrap()).layout(layout), "it has 2 bytes, and"),
    ];
    let path = place.path("a.mcap");

    for (subject, why) in subjects {
        for options in [place.options(), place.options().wait(), place.options().replace()] {
            let refused = options.clone().start(vec![subject.clone()], &path).unwrap_err();
            assert!(refused.to_string().contains(why), "{refused}");
            assert!(!path.exists());
        }
        std::fs::write(&path, "precious").unwrap();
        let refused = place.options().replace().start(vec![subject], &path).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
    }
}

// Windows does not let a file become shorter while it is mapped, and has no file for a name's memory.
#[cfg(target_os = "linux")]
#[test]
fn a_recorder_never_writes_over_what_it_records_or_over_the_memory_of_names() {
    let place = Place::new();
    let path = place.path("file");
    std::fs::write(&path, vec![7; 1 << 16]).unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let options = filemap::FileMapping::options().registry(&place.registry).name("mapped");
    let _mapping = options.file(&file).create_new().unwrap();
    let (_held, _view) = place.publish("memory", 4096);
    let names = place.registry.path(filemap::Scope::Local).unwrap().unwrap();
    let link = place.path("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();

    for (name, output) in [
        ("mapped", path.clone()),
        ("mapped", link),
        ("memory", names.join("memory")),
        ("mapped", names.join("memory")),
        ("mapped", names.join("new.mcap")),
    ] {
        let subjects = vec![Subject::new(name.parse().unwrap())];
        let refused = place.options().replace().start(subjects, &output).unwrap_err();
        assert!(matches!(refused, Error::File { .. }), "{refused}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), vec![7; 1 << 16]);
    assert!(place.registry.inspect("memory").unwrap().is_live());
    assert!(!names.join("new.mcap").exists());
}

// On Windows a lock would keep readers away as well.
#[cfg(target_os = "linux")]
#[test]
fn two_recorders_never_write_one_file() {
    let place = Place::new();
    let (_held, view) = place.publish("scores", 16);
    let running = place.record(place.options(), &["scores"], "a.mcap");

    let subjects = vec![Subject::new("scores".parse().unwrap())];
    let refused = place.options().replace().start(subjects, place.path("a.mcap")).unwrap_err();

    assert!(refused.to_string().contains("another recorder is writing it"), "{refused}");
    view.write(0, &7_u32).unwrap();
    running.until(|totals| totals.frames == 2);
    assert_eq!(running.end().frames, 2);
    assert_eq!(frames(&place.open("a.mcap")).len(), 2);
}

#[test]
fn a_recording_can_have_a_limit() {
    let place = Place::new();
    let (_held, _view) = place.publish("scores", 16);
    let subjects = vec![Subject::new("scores".parse().unwrap())];
    let recorder = place.options().rate(0.01).start(subjects, place.path("a.mcap")).unwrap();

    let totals = recorder.run(&Stop::new(), Some(Duration::from_millis(20)), |_| {}).unwrap();

    assert_eq!((totals.looks, totals.lost, totals.frames), (1, 0, 1));
    let recording = place.open("a.mcap");
    assert!(recording.end() - recording.start() >= Duration::from_millis(20));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_says_what_is_kept() {
    let place = Place::new();
    let (_held, view) = place.publish("scores", 16);
    let subjects = vec![Subject::new("scores".parse().unwrap())];

    // Each write to it fails as one to a full disk does.
    let started = place.options().replace().start(subjects, "/dev/full");

    let error = started.map(drop).unwrap_err();
    let Error::File { attempt, source, kept, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull, "{error}");
    assert_eq!(attempt, "could not write `/dev/full`");
    assert_eq!(kept.as_deref(), Some("nothing is kept"));
    drop(view);
}

#[test]
fn a_mapping_of_a_file_that_is_cut_ends_the_recording_in_order() {
    let place = Place::new();
    let path = place.path("file");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    file.set_len(1 << 16).unwrap();
    let options = filemap::FileMapping::options().registry(&place.registry).name("cut");
    let _mapping = options.file(&file).create_new().unwrap();
    let subjects = vec![Subject::new("cut".parse().unwrap())];
    let recorder = place.options().start(subjects, place.path("a.mcap")).unwrap();
    if file.set_len(0).is_err() {
        // Windows cuts no file that is mapped.
        return;
    }

    let error = recorder.run(&Stop::new(), None, |_| {}).unwrap_err();

    assert!(
        matches!(&error, Error::Mapping(error) if MappingError::kind(error) == ErrorKind::Lost),
        "{error}"
    );
    assert!(place.open("a.mcap").is_complete());
}

#[test]
fn what_the_bytes_mean_is_in_the_recording() {
    let place = Place::new();
    let _held = place.publish("car", 16);
    let layout = Layout::from_words("n:u32 rpm:f32 gear:i8").unwrap();
    let versions = Versions::tick(layout.root(), "n").unwrap();
    let layout = layout.with_versions(Some(versions.clone()));
    let subject = Subject::new("car".parse().unwrap()).layout(layout);
    let recorder = place.options().start(vec![subject], place.path("a.mcap")).unwrap();
    recorder.run(&Stop::new(), Some(Duration::from_millis(5)), |_| {}).unwrap();

    let recording = place.open("a.mcap");

    let channel = &recording.channels()[0];
    let (encoding, _, text) = channel.schema();
    let text = String::from_utf8_lossy(text);
    assert!(text.starts_with("uint32 n\nfloat32 rpm\nint8 gear\n"), "{text}");
    assert!(text.ends_with("bytes_after_it\n"), "{text}");
    assert_eq!(encoding, "ros1");
    assert_eq!(recording.layout(channel).unwrap().versions(), Some(&versions));
}

#[test]
fn a_frame_that_stays_torn_is_apart() {
    let place = Place::new();
    let (_held, view) = place.publish("car", 16);
    let layout = Layout::from_words("n:u32 rpm:f32").unwrap();
    let versions = Versions::odd(layout.root(), "n").unwrap();
    let subject = Subject::new("car".parse().unwrap()).layout(layout.with_versions(Some(versions)));
    let running = place.record_all(place.options(), vec![subject], "a.mcap");

    // Its program was ended while it wrote.
    view.write(0, &1_u32).unwrap();
    running.until(|totals| totals.torn == 1);
    running.look();
    view.write(0, &2_u32).unwrap();
    running.until(|totals| totals.frames == 2);
    let totals = running.end();

    assert_eq!((totals.frames, totals.torn), (2, 1));
    let recording = place.open("a.mcap");
    let told: Vec<_> = recording
        .channels()
        .iter()
        .map(|channel| (channel.topic(), channel.name(), channel.is_torn(), channel.frames()))
        .collect();
    let name = "Local\\car";
    assert_eq!(told, [("Local/car", name, false, 2), ("Local/car/torn", name, true, 1)]);
}
