use std::time::Duration;

use crate::support::{Place, Running, can_wait};

/// Waits until somebody waits for a name.
#[cfg(target_os = "linux")]
fn until_somebody_waits(place: &Place, name: &str) {
    let begun = std::time::Instant::now();
    while place.run(["info", name, "--json"]).json()["state"]["waiters"] != 1 {
        assert!(begun.elapsed() < crate::support::DEADLINE, "nobody waits");
    }
}

#[test]
fn each_kind_of_object_is_held_under_its_name() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    for (options, kind) in [
        (&["--mutex"][..], "mutex"),
        (&["--event", "--manual", "--set"], "event"),
        (&["--semaphore", "4", "--count", "2"], "semaphore"),
    ] {
        let mut command = place.command();
        command.args(["create", "x", "--json"]).args(options);
        let mut holder = Running::start(command);
        let held: serde_json::Value = serde_json::from_str(&holder.next_line()).unwrap();
        assert_eq!(
            (&held["name"], &held["kind"], &held["existed"]),
            (&"Local\\x".into(), &kind.into(), &false.into())
        );
        let new = ["create", "x", "--new"].iter().chain(options);
        let sentence = place.run(new).failed(1);
        assert!(sentence.contains("the name exists already"), "{sentence}");
        let listed = place.run(["ls", "--json"]).json();
        assert_eq!((&listed[0]["kind"], &listed[0]["size"]), (&kind.into(), &().into()));
        holder.end_input();
        assert_eq!(holder.wait().code, Some(0));
    }
    assert_eq!(place.entries(), crate::support::NOTHING);
}

#[test]
fn a_wait_takes_what_is_signalled_and_ends_with_1_when_the_time_is_over() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _held = [
        place.hold(["stop", "--event"]),
        place.hold(["work", "--semaphore", "4", "--count", "2"]),
        place.hold(["free", "--mutex"]),
    ];
    let told = place.run(["wait", "stop", "work", "free", "--json"]).json();
    assert_eq!(told["names"], serde_json::json!(["Local\\work"]));
    let told = place.run(["wait", "work", "free", "--all"]).text();
    assert_eq!(told, "`Local\\work`, `Local\\free` were signalled\n");
    for names in [&["work"][..], &["stop", "work"], &["free", "stop", "--all"]] {
        let words = ["wait", "--timeout", "10ms"].iter().chain(names);
        let sentence = place.run(words).failed(1);
        assert!(sentence.ends_with(": the time is over\n"), "{sentence}");
    }
    // A mutex is given back.
    place.run(["wait", "free"]).text();
    place.run(["lock", "free", "--timeout", "0s", "--", "filemap-is-not-here"]).failed(127);
    let error = place.run(["wait", "stop", "--timeout", "0s", "--json"]).failed_with_json(1);
    assert_eq!((&error["kind"], &error["win32_code"]), (&"TimedOut".into(), &1460.into()));
}

#[test]
fn what_is_signalled_is_told_and_what_cannot_be_is_refused() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _held = [
        place.hold(["e", "--event"]),
        place.hold(["s", "--semaphore", "4", "--count", "2"]),
        place.hold(["m", "--mutex"]),
        place.hold(["map", "--size", "1"]),
    ];
    assert_eq!(place.run(["signal", "e"]).text(), "set `Local\\e`\n");
    assert_eq!(place.run(["signal", "e", "--reset"]).text(), "reset `Local\\e`\n");
    assert_eq!(place.run(["signal", "e", "--pulse"]).text(), "pulsed `Local\\e`\n");
    place.run(["wait", "e", "--timeout", "0s"]).failed(1);
    let told = place.run(["signal", "s", "--count", "2"]).text();
    assert_eq!(told, "added 2 to `Local\\s`, which had 2\n");
    for (words, why) in [
        (&["s"][..], "its count would be more than its maximum"),
        (&["s", "--pulse"], "it is a semaphore, and --pulse is for events"),
        (&["s", "--reset"], "it is a semaphore, and --reset is for events"),
        (&["e", "--count", "1"], "it is an event, and --count is for semaphores"),
        (&["m"], "it is a mutex, which the thread that owns it gives back"),
        (&["map"], "the name is that of a mapping"),
    ] {
        let sentence = place.run(["signal"].iter().chain(words)).failed(2);
        assert!(sentence.contains(why), "{sentence}");
    }
    place.run(["signal", "nobody"]).failed(1);
    place.run(["wait", "nobody"]).failed(2);
}

#[test]
fn a_name_of_another_kind_is_refused_by_every_verb_about_bytes() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let file = place.file("f", b"0123");
    let _held = place.hold(["m", "--mutex"]);
    for words in [
        &["read", "m"][..],
        &["write", "m", "--offset", "0", "--text", "x"],
        &["fill", "m"],
        &["find", "m", "x"],
        &["cmp", "m", &file],
        &["cmp", &file, "m"],
        &["copy", "m", &file],
        &["copy", &file, "m"],
        &["flush", "m"],
        &["put", "m", "--offset", "0", "1"],
        &["get", "m"],
        &["open", "m"],
        &["create", "m", "--size", "1"],
        &["create", "m", "--event"],
    ] {
        let sentence = place.run(words).failed(2);
        assert!(sentence.contains("the name is that of a mutex"), "{words:?}: {sentence}");
    }
    let error = place.run(["watch", "m", "--json"]).failed_with_json(2);
    assert!(error["message"].as_str().unwrap().contains("the name is that of a mutex"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"0123");
    assert_eq!(place.run(["gc"]).text(), "nothing to free\n");
}

#[test]
fn a_wait_for_existence_is_for_names_of_every_kind() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let mut appears = place.start(["wait", "a", "b", "--all", "--appears"]);
    let gone = place.run(["wait", "a", "--gone"]).text();
    assert_eq!(gone, "`Local\\a` is gone\n");
    let mapping = place.hold(["a", "--size", "1"]);
    let told = place.run(["wait", "a", "b", "--appears", "--json"]).json();
    assert_eq!(told, serde_json::json!({"names": ["Local\\a"], "outcome": "appeared"}));
    place.run(["wait", "a", "b", "--appears", "--all", "--timeout", "50ms"]).failed(1);
    let event = place.hold(["b", "--event"]);
    assert_eq!(appears.next_line(), "`Local\\a`, `Local\\b` exist");
    assert_eq!(appears.wait().code, Some(0));

    let mut gone = place.start(["wait", "a", "--gone"]);
    assert_eq!(gone.line_within(Duration::from_millis(50)), None);
    mapping.kill();
    assert_eq!(gone.next_line(), "`Local\\a` is gone");
    drop(event);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_a_wait_and_takes_nothing() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let held = [place.hold(["e", "--event"]), place.hold(["m", "--mutex"])];
    let message = "could not wait any longer for `Local\\e`";
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for words in [&["wait", "e"][..], &["wait", "e", "m", "--all"], &["wait", "e", "--gone"]] {
            let waiter = place.start(words);
            waiter.until_it_listens();
            waiter.signal(signal);
            let ended = waiter.wait();
            assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
            assert!(ended.stderr.contains(message), "{ended:?}");
        }
    }
    place.run(["signal", "e"]).text();
    place.run(["wait", "e", "m", "--all"]).text();

    // The last to hold a name leaves none behind.
    let waiter = place.start(["wait", "e"]);
    until_somebody_waits(&place, "e");
    drop(held);
    waiter.interrupt();
    assert_eq!(waiter.wait().code, Some(130));
    assert!(!place.entries().iter().any(|entry| entry.ends_with("e")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_runs_while_its_mutex_is_owned() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let mut first = place.start(["lock", "m", "--", "sh", "-c", "echo in; read line; exit 7"]);
    assert_eq!(first.next_line(), "in");
    let state = place.run(["info", "m", "--json"]).json()["state"].take();
    assert_eq!(state["owner"]["process"], first.id());
    place.run(["lock", "m", "--timeout", "10ms", "--", "true"]).failed(1);
    let mut second = place.start(["lock", "m", "--", "echo", "second"]);
    until_somebody_waits(&place, "m");
    first.end_input();
    let ended = first.wait();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(7), ""));
    assert_eq!(second.next_line(), "second");
    let ended = second.wait();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(place.entries(), crate::support::NOTHING);

    place.run(["lock", "m", "--", "filemap-is-not-here"]).failed(127);
    let ended = place.run(["lock", "m", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(ended.code, Some(137));
    let _event = place.hold(["e", "--event"]);
    place.run(["lock", "e", "--", "true"]).failed(2);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_the_wait_for_a_mutex_and_the_next_is_told_nothing() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let mut first = place.start(["lock", "m", "--", "sh", "-c", "echo in; read line; true"]);
    assert_eq!(first.next_line(), "in");
    let second = place.start(["lock", "m", "--", "echo", "never"]);
    until_somebody_waits(&place, "m");
    second.interrupt();
    let ended = second.wait();
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(130), &b""[..]));
    first.end_input();
    assert_eq!(first.wait().code, Some(0));
    assert_eq!(place.run(["lock", "m", "--", "echo", "next"]).text(), "next\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_mutex_whose_owner_was_killed_is_told_once_as_abandoned() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _held = place.hold(["m", "--mutex"]);
    let kill = || {
        let ended = place.run(["lock", "m", "--", "sh", "-c", "kill -9 $PPID"]);
        assert_eq!(ended.code, crate::support::KILLED);
    };
    kill();
    let listed = place.run(["ls"]).text();
    assert!(listed.contains("abandoned"), "{listed}");
    let ended = place.run(["lock", "m", "--", "echo", "after"]);
    assert_eq!((ended.code, ended.stdout.as_slice()), (Some(0), &b"after\n"[..]));
    assert!(ended.stderr.starts_with("filemap: `Local\\m` was abandoned: "), "{ended:?}");
    assert_eq!(place.run(["lock", "m", "--", "true"]).text(), "");
    kill();
    let ended = place.run(["wait", "m"]);
    assert_eq!(ended.code, Some(3));
    assert!(String::from_utf8(ended.stdout).unwrap().contains("was abandoned"));
    place.run(["wait", "m"]).text();
    kill();
    let told = place.run(["wait", "m", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["outcome"], "abandoned");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pulse_releases_a_wait_that_sleeps() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _held = place.hold(["e", "--event"]);
    let waiter = place.start(["wait", "e"]);
    until_somebody_waits(&place, "e");
    let listed = place.run(["info", "e"]).text();
    assert!(listed.contains("\nwaiters  1\n"), "{listed}");
    place.run(["signal", "e", "--pulse"]).text();
    assert_eq!(waiter.wait().code, Some(0));
    place.run(["wait", "e", "--timeout", "0s"]).failed(1);
}

#[test]
#[cfg(target_os = "linux")]
fn objects_are_listed_after_the_mappings_with_what_they_are() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _held = [
        place.hold(["b", "--semaphore", "4", "--count", "2"]),
        place.hold(["a", "--event", "--manual", "--set"]),
    ];
    let rows = |options: &[&str]| -> Vec<Vec<String>> {
        let listed = place.run(["ls"].iter().chain(options)).text();
        listed.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let alone = rows(&[]);
    assert_eq!(alone[0], ["NAME", "KIND", "STATE", "WAITERS", "HOLDERS", "AGE"]);
    assert_eq!(alone[1][..6], ["Local\\a", "event", "set,", "manual", "0", "1"]);
    assert_eq!(alone[2][..7], ["Local\\b", "semaphore", "2", "of", "4", "0", "1"]);
    let _mapping = place.hold(["c", "--size", "1"]);
    let all = rows(&[]);
    assert_eq!((all[0][1].as_str(), all[1][0].as_str(), all[2].len()), ("SIZE", "Local\\c", 0));
    assert_eq!(all[3], alone[0]);
    let kinds: Vec<_> = rows(&["--long"])[1..4].iter().map(|row| row[1].clone()).collect();
    assert_eq!(kinds, ["event", "semaphore", "mapping"]);
    let state = place.run(["info", "b", "--json"]).json()["state"].take();
    assert_eq!(state, serde_json::json!({"count": 2, "maximum": 4, "waiters": 0}));
}
