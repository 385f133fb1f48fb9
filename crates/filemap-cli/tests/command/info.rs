use std::fs;

use serde_json::json;

use crate::support::Place;

#[test]
fn a_name_is_told_with_all_that_is_known() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1MiB"]);

    let told = place.run(["info", "scores"]).text();

    let fact = |word: &str| {
        let line = told.lines().find(|line| line.split_whitespace().next() == Some(word)).unwrap();
        line[word.len()..].trim().to_owned()
    };
    assert_eq!(fact("name"), "Local\\scores");
    assert_eq!(fact("size"), "1 MiB (1 048 576 bytes)");
    assert_eq!(fact("protection"), "read-write");
    assert_eq!(fact("attributes"), "commit");
    assert_eq!(fact("backing"), "memory");
    assert_eq!(fact("creator"), format!("process {}", holder.id()));
    assert!(fact("created").ends_with("s ago"));
    assert_eq!(fact("state"), "live");
    assert!(place.has_entry(&fact("entry")), "{told}");
}

// Windows keeps a name for as long as a handle.
#[cfg(target_os = "linux")]
#[test]
fn a_mapping_that_lost_its_name_is_told_with_its_holders() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1"]);
    let entry = place.run(["info", "scores", "--json"]).json()["entry"].clone();
    fs::remove_file(entry.as_str().unwrap()).unwrap();

    let told = place.run(["info", "scores"]).text();
    let json = place.run(["info", "Local/scores", "--json"]).json();

    assert!(told.contains("state       withdrawn\n"), "{told}");
    assert!(told.contains(&format!("holders     process {} (", holder.id())), "{told}");
    assert_eq!((&json["withdrawn"], &json["name"]), (&json!(true), &json!("Local\\scores")));
}

// Windows does not show the holders of a name.
#[cfg(target_os = "linux")]
#[test]
fn every_holder_of_a_name_is_told() {
    let place = Place::new();
    let mut holders = [(); 2].map(|()| place.hold(["scores", "--size", "1"]));
    holders.sort_by_key(|holder| holder.id());

    let told = place.run(["info", "scores"]).text();
    let json = place.run(["info", "scores", "--json"]).json();

    let name = crate::support::process_name();
    let line = |number: u32| format!("process {number} ({name}): 1 handle, 0 views\n");
    let [one, two] = holders.map(|holder| holder.id());
    let lines = format!("\nholders     {}            {}", line(one), line(two));
    assert!(format!("{told}\n").contains(&lines), "{told}");
    let processes = json["holders"].as_array().unwrap().iter().map(|one| &one["process"]);
    assert_eq!(processes.collect::<Vec<_>>(), [&json!(one), &json!(two)]);
}

#[test]
fn a_file_is_told_with_its_size_its_room_and_its_names() {
    let place = Place::new();
    let path = place.file("log.bin", b"something");
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 32).unwrap();
    let _one = place.hold(["one", "--file", &path]);
    let _two = place.hold(["two", "--file", "./log.bin"]);

    let told = place.run(["info", &path, "--json"]).json();
    let text = place.run(["info", "log.bin"]).text();

    assert_eq!((&told["file"], &told["size"]), (&json!(path), &json!(1u64 << 32)));
    assert!(told["size_on_disk"].as_u64().unwrap() < 1 << 20);
    assert_eq!(told["names"], json!(["Local\\one", "Local\\two"]));
    let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let has = |words: &[&str]| lines.iter().any(|line: &Vec<&str>| line == words);
    assert!(has(&["size", "4", "GiB", "(4", "294", "967", "296", "bytes)"]), "{text}");
    assert!(has(&["names", "Local\\one"]) && has(&["Local\\two"]), "{text}");
}

// Windows has no call that sets space aside past the end of a file and keeps its length.
#[cfg(target_os = "linux")]
#[test]
fn space_set_aside_past_the_end_of_a_file_is_shown() {
    let place = Place::new();
    let path = place.file("log.bin", &[7; 3 << 12]);
    let file = fs::File::options().write(true).open(&path).unwrap();
    let set_aside = || {
        let json = place.run(["info", &path, "--json"]).json();
        assert_eq!(json["size"], 3 << 12);
        json["set_aside"].as_u64().unwrap()
    };
    let before = set_aside();
    let keep = rustix::fs::FallocateFlags::KEEP_SIZE;
    if let Err(error) = rustix::fs::fallocate(&file, keep, 0, 1 << 20) {
        println!("skipped: this file system sets no space aside: {error}");
        return;
    }

    let after = set_aside();
    let text = place.run(["info", &path]).text();
    file.set_len(3 << 12).unwrap();
    let cut = set_aside();

    assert_eq!((after - before, cut), ((1 << 20) - (3 << 12), before));
    let line = text.lines().find(|line| line.starts_with("set aside  ")).unwrap();
    assert!(line.ends_with(" bytes), past its end or in holes"), "{line}");
}

// Windows does not show the residency of bytes.
#[cfg(target_os = "linux")]
#[test]
fn the_picture_shows_where_the_bytes_are() {
    let place = Place::within(std::path::Path::new("/dev/shm"));
    let _holder = place.hold(["scores", "--size", "64KiB", "--sparse"]);
    place.run(["write", "scores", "--offset", "20480", "--text", "here"]).text();

    let json = place.run(["info", "scores", "--json"]).json();
    let mut command = place.command();
    command.args(["info", "scores"]).env("LC_ALL", "C");
    let text = crate::support::finish(command, b"").text();

    let page = filemap::page_size() as u64;
    assert_eq!(json["residency"]["bytes"], 65536);
    assert_eq!(json["residency"]["in_memory"], page);
    assert_eq!(json["residency"]["in_holes"], 65536 - page);
    if page == 4096 {
        assert!(text.ends_with("\n\n[.....#..........]\n # in memory\n . hole\n"), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_has_a_file_mapped_is_told_without_a_name() {
    use filemap::{Access, FileMapping};
    let place = Place::new();
    let path = place.file("log.bin", b"something");
    let file = fs::File::open(&path).unwrap();
    let mapping =
        FileMapping::options().file(&file).protection(filemap::Protection::ReadOnly).create();
    let _view = mapping.unwrap().map(Access::Read).unwrap();

    let told = place.run(["info", &path, "--json"]).json();

    assert_eq!(told["mapped_by"][0]["process"], std::process::id());
    assert_eq!(told["mapped_by"][0]["views"], 1);
    assert_eq!(told["names"], json!([]));
}

#[test]
fn what_is_neither_a_name_nor_a_file_is_not_found() {
    let place = Place::new();

    let sentence = place.run(["info", "scores"]).failed(1);
    let error = place.run(["info", "scores", "--json"]).failed_with_json(1);
    let path = place.run(["info", "./scores", "--json"]).failed_with_json(1);

    assert_eq!(
        sentence,
        "filemap: could not find `scores`: no mapping has this name, and no file is there; \
         `filemap ls` lists the names there are\n"
    );
    assert_eq!((&error["kind"], &error["win32_code"]), (&json!("NotFound"), &json!(2)));
    assert_eq!(path["win32_code"], 2);
}

#[test]
fn a_live_name_wins_over_a_file_and_the_option_file_over_both() {
    let place = Place::new();
    place.file("both", b"the file");
    let before = place.run(["info", "both", "--json"]).json();

    let holder = place.hold(["both", "--size", "64KiB"]);

    assert_eq!(before["size"], 8);
    assert_eq!(place.run(["info", "both", "--json"]).json()["size"], 65536);
    assert_eq!(place.run(["info", "--file", "both", "--json"]).json()["size"], 8);
    assert_eq!(place.run(["info", "./both", "--json"]).json()["size"], 8);
    holder.kill();
    assert_eq!(place.run(["info", "both", "--json"]).json()["size"], 8);
}

#[test]
fn a_file_whose_name_could_not_be_a_mappings_is_still_a_file() {
    let place = Place::new();
    // A character of the file's name, or a separator of folders.
    if cfg!(windows) {
        fs::create_dir(place.path("a")).unwrap();
    }
    place.file("a\\b", b"12345");

    assert_eq!(place.run(["info", "a\\b", "--json"]).json()["size"], 5);
    assert_eq!(place.run(["info", "c\\d", "--json"]).failed_with_json(2)["win32_code"], 3);
}

#[test]
fn an_absolute_path_is_a_path_though_no_file_is_there() {
    let place = Place::new();
    let path = place.path("nothing");

    let error = place.run(["info", path.to_str().unwrap(), "--json"]).failed_with_json(1);

    assert_eq!(error["win32_code"], 2, "{error}");
}

#[test]
fn a_directory_is_not_looked_into() {
    let place = Place::new();

    let sentence = place.run(["info", "/"]).failed(2);

    assert!(sentence.contains("not a regular file"), "{sentence}");
}
