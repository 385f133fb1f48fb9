use serde_json::json;

use crate::support::Place;

#[test]
fn nothing_is_listed_where_nobody_holds_a_name() {
    let place = Place::new();

    assert_eq!(place.run(["ls"]).text(), "no names\n");
    assert_eq!(place.run(["ls", "--long"]).text(), "no names\n");
    assert_eq!(place.run(["ls", "--json"]).text(), "[]\n");
}

#[test]
fn every_held_name_has_a_row() {
    let place = Place::new();
    let file = place.file("log.bin", &[7; 3000]);
    let real = place.real("log.bin");
    let memory = place.hold(["scores", "--size", "1MiB"]);
    let backed = place.hold(["Global\\log", "--file", &file, "--protection", "read-only"]);

    let listed = place.run(["ls"]).text();

    let rows: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "SIZE", "PROTECTION", "BACKING", "HOLDERS", "AGE"]);
    // Windows does not show the holders of a name.
    let held = if cfg!(windows) { "?" } else { "1" };
    assert_eq!(rows[1][..6], ["Local\\scores", "1", "MiB", "read-write", "memory", held]);
    assert_eq!(rows[2][..6], ["Global\\log", "2.9", "KiB", "read-only", &real, held]);
    assert_eq!((rows[1].len(), rows.len()), (7, 3));
    drop((memory, backed));
}

#[cfg(target_os = "linux")]
#[test]
fn a_dead_name_is_marked() {
    let place = Place::new();
    place.hold(["crashed", "--size", "1"]).kill();

    let listed = place.run(["ls"]).text();

    let row: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[5]), ("Local\\crashed", "dead"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_another_program_removed_are_told_as_withdrawn() {
    for is_whole in [false, true] {
        let place = Place::new();
        let held = [place.hold(["x", "--size", "1"]), place.hold(["Global\\y", "--size", "1"])];
        for root in std::fs::read_dir(place.registry()).unwrap().flatten() {
            if is_whole {
                std::fs::remove_dir_all(root.path()).unwrap();
            } else {
                for entry in std::fs::read_dir(root.path()).unwrap().flatten() {
                    std::fs::remove_file(entry.path()).unwrap();
                }
            }
        }

        let rows = place.run(["ls"]).text();
        let told = place.run(["info", "x"]).text();
        let anew = place.hold(["x", "--size", "2", "--new"]);
        let json = place.run(["ls", "--json"]).json();

        let states: Vec<_> = rows
            .lines()
            .skip(1)
            .map(|row| row.split_whitespace().collect::<Vec<_>>())
            .map(|row| (row[0].to_owned(), row[5].to_owned()))
            .collect();
        let withdrawn = |name: &str| (name.to_owned(), "withdrawn".to_owned());
        assert_eq!(states, [withdrawn("Local\\x"), withdrawn("Global\\y")], "{rows}");
        assert!(told.contains("state       withdrawn"), "{told}");
        assert!(told.contains("1 handle"), "{told}");
        let states: Vec<_> =
            json.as_array().unwrap().iter().map(|entry| &entry["withdrawn"]).collect();
        assert_eq!(states, [&json!(false), &json!(true), &json!(true)]);
        drop((held, anew));
    }
}

// Windows does not show the holders of a name.
#[cfg(windows)]
#[test]
fn names_have_a_row_without_holders_where_those_are_not_told() {
    let place = Place::new();
    let _one = place.hold(["shared", "--size", "1"]);
    place.hold(["unshared", "--size", "1"]).kill();

    let listed = place.run(["ls", "--holders"]).text();
    let json = place.run(["ls", "--json"]).json();

    let rows: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1..], [["Local\\shared", "mapping", "live", "?", "?", "?", "?"]]);
    assert_eq!(json[0]["holders"], json!(null));
    assert_eq!(json[0]["holders_complete"], false);
    let told = place.run(["info", "shared"]).text();
    assert!(told.contains("holders     not known: "), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn every_holder_has_a_row_where_holders_are_asked_for() {
    let place = Place::new();
    let one = place.hold(["shared", "--size", "1"]);
    let two = place.hold(["shared", "--size", "1"]);
    let dead = place.hold(["unshared", "--size", "1"]);
    dead.kill();

    for option in ["--long", "-l", "--holders"] {
        let listed = place.run(["ls", option]).text();

        let rows: Vec<Vec<&str>> =
            listed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["NAME", "KIND", "STATE", "PROCESS", "COMMAND", "HANDLES", "VIEWS"]);
        let mut numbers = [one.id(), two.id()];
        numbers.sort_unstable();
        for (row, number) in rows[1..].iter().zip(numbers) {
            assert_eq!(
                row[..],
                [
                    "Local\\shared",
                    "mapping",
                    "live",
                    &number.to_string(),
                    &crate::support::process_name(),
                    "1",
                    "0"
                ]
            );
        }
        assert_eq!(rows[3], ["Local\\unshared", "mapping", "dead", "-", "-", "-", "-"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn json_lists_the_holders_of_every_name() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1"]);

    let listed = place.run(["ls", "--json"]).json();

    let expected = json!([
        { "process": holder.id(), "command": crate::support::process_name(), "handles": 1, "views": 0 }
    ]);
    assert_eq!(listed[0]["holders"], expected);
    let complete = listed[0]["processes_unseen"] == 0;
    assert_eq!(listed[0]["holders_complete"], complete, "{listed}");
    assert_eq!(place.run(["ls", "--holders", "--json"]).json()[0]["holders"], expected);
}

#[test]
fn json_lists_every_name_with_all_that_is_known() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1MiB"]);

    let listed = place.run(["ls", "--json"]).json();

    let entry = &listed[0];
    assert_eq!(entry["name"], "Local\\scores");
    assert_eq!(entry["size"], 1 << 20);
    assert_eq!(entry["protection"], "read-write");
    assert_eq!(entry["attributes"], "commit");
    assert_eq!(entry["backing"], json!({ "kind": "memory" }));
    assert_eq!(entry["creator"], holder.id());
    assert_eq!(entry["live"], true);
    assert!(entry["age_seconds"].as_u64().unwrap() < 600);
    assert!(entry["created"].as_str().unwrap().ends_with('Z'));
    assert!(place.has_entry(entry["entry"].as_str().unwrap()), "{entry}");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_killed_holders_name_is_not_listed_as_live() {
    let place = Place::new();
    let lasting = place.hold(["lasting", "--size", "1"]);
    let killed = place.hold(["killed", "--size", "1"]);
    killed.kill();

    let listed = place.run(["ls", "--json"]).json();

    let live: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["live"] == true)
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    assert_eq!(live, ["Local\\lasting"]);
    drop(lasting);
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let place = Place::new();
    let _holder = place.hold(["red\u{1b}[31m\nname", "--size", "1"]);

    let listed = place.run(["ls"]).text();
    let json = place.run(["ls", "--json"]).json();

    assert!(listed.contains("Local\\red\\u{1b}[31m\\nname  "), "{listed}");
    assert_eq!(json[0]["name"], "Local\\red\u{1b}[31m\nname");
}

#[test]
fn the_registry_can_be_given_as_an_option() {
    let place = Place::new();
    let other = Place::new();
    let _holder = other.hold(["elsewhere", "--size", "1"]);

    let registry = other.registry().to_str().unwrap();
    let listed = place.run(["--registry", registry, "ls", "--json"]).json();

    assert_eq!(listed[0]["name"], "Local\\elsewhere");
}

#[cfg(target_os = "linux")]
#[test]
fn a_narrow_terminal_has_no_broken_names() {
    use crate::terminal::Terminal;
    if crate::support::emulated() {
        return;
    }
    let place = Place::new();
    let _holder = place.hold(["a-rather-long-name-of-a-mapping", "--size", "64KiB"]);

    let shown = |columns, option| {
        let terminal = Terminal::run(&place, (columns, 24), &format!("ls {option}"));
        let (code, screen) = terminal.end();
        assert_eq!(code, 0);
        screen.contents()
    };

    let (wide, narrow) = (shown(100, ""), shown(40, ""));
    assert!(wide.contains("Local\\a-rather-long-name-of-a-mapping  64 KiB  read-write"), "{wide}");
    let start = "Local\\a-rather-long-name-of-a-mapping\n  64 KiB, read-write, memory, 1 holder, ";
    assert!(narrow.starts_with(start), "{narrow}");
    assert!(
        shown(40, "-l")
            .starts_with("Local\\a-rather-long-name-of-a-mapping (mapping, live)\n  process ")
    );
}
