//! Recordings: names of real processes, kills of both sides, and what is read afterwards.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Mutex, Registry, View};
use filemap_recording::Recording;
use serde_json::Value;

use crate::support::{DEADLINE, Place, Running, can_wait, role, this};

/// The size of a small publisher's memory, and of a large one's.
const SIZES: [u64; 2] = [10_000, 240_000];

/// The layout of what is published: a number before and one after, as rFactor 2 has them.
const LAYOUT: &str = "\
versions = { pair = [\"begin\", \"end\"] }
[type.Telemetry]
fields = [
    { name = \"begin\", type = \"u32\" },
    { name = \"end\", type = \"u32\" },
    { name = \"rpm\", type = \"f32\", unit = \"1/min\" },
]
";

/// Returns the bytes of a frame, all of which depend on its number.
fn frame(number: u32, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..12].copy_from_slice(&8500_f32.to_le_bytes());
    let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    // A tenth of it moves.
    for eight in bytes[12..].chunks_exact_mut(8).step_by(10) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        eight.copy_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Returns what was said of a replay, but for how long it takes, which depends on the machine.
fn without_seconds(said: &str) -> String {
    said.replace(|c: char| c.is_ascii_digit() || c == '.', "").replace("( B),  s", "(64 B), s")
}

fn number_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// Writes a frame as its layout says.
fn publish(view: &View, number: u32) {
    let bytes = frame(number, view.len() as u64);
    view.write(0, &number).unwrap();
    std::sync::atomic::fence(Ordering::Release);
    view.write(8, &bytes[8..]).unwrap();
    std::sync::atomic::fence(Ordering::Release);
    view.write(4, &number).unwrap();
}

fn create(registry: &Registry, name: &str, size: u64) -> (FileMapping, View) {
    let options = FileMapping::options().registry(registry).name(name).size(size);
    let mapping = options.create_new().unwrap();
    let view = mapping.map(Access::Write).unwrap();
    publish(&view, 1);
    (mapping, view)
}

/// Publishes 60 times a second until it is killed, if this process was started for it.
#[test]
fn a_mutex_is_owned_during_each_look_at_what_is_recorded() {
    if !can_wait() {
        return;
    }
    let place = Place::new();
    let _car = place.hold(["car", "--size", "64"]);
    let registry = Registry::at(place.registry());
    let turn = Mutex::options().registry(&registry).name("turn").create().unwrap();
    let words = ["record", "car", "-o", "car.mcap", "--lock", "turn", "--for", "300ms"];
    let recorded = place.run(words.iter().chain(&["--json"])).json();
    assert_eq!(recorded["frames"], 1);

    // Whoever owns it keeps the recorder from looking.
    let _owned = turn.lock().unwrap();
    let words = ["record", "car", "-o", "none.mcap", "--lock", "turn", "--for", "300ms"];
    let recorded = place.run(words.iter().chain(&["--json"])).json();
    assert_eq!((&recorded["frames"], &recorded["looks"]), (&0.into(), &0.into()));
    assert!(recorded["lost"].as_u64() > Some(0), "{recorded}");
}

#[test]
fn publishes_until_it_is_killed() {
    let Some(role) = role() else { return };
    let (name, size) = role.split_once(' ').unwrap();
    let registry = Registry::at(std::env::var("FILEMAP_DIR").unwrap());
    let (_mapping, view) = create(&registry, name, size.parse().unwrap());
    println!("published");
    let mut number = 1;
    loop {
        thread::sleep(Duration::from_micros(16_667));
        number += 1;
        publish(&view, number);
    }
}

fn publisher(place: &Place, name: &str, size: u64) -> Running {
    let words = this("recordings::publishes_until_it_is_killed");
    let mut command = place.other_command(&words[0]);
    command.args(&words[1..]).env("FILEMAP_TEST_ROLE", format!("{name} {size}"));
    let mut publisher = Running::start(command);
    // The name of the test stands before it.
    while !publisher.next_line().ends_with("published") {}
    publisher
}

/// Waits until so many frames can be read of a file that is being written.
fn until_frames(path: &Path, count: u64) {
    let begun = Instant::now();
    loop {
        let frames = |recording: Recording| -> u64 {
            recording.channels().iter().map(|channel| channel.frames()).sum()
        };
        if Recording::open(path).is_ok_and(|recording| frames(recording) >= count) {
            return;
        }
        assert!(begun.elapsed() < DEADLINE, "nothing is recorded");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the numbers of the frames, each of which is what was published, byte for byte.
fn numbers(recording: &Recording) -> Vec<u32> {
    let mut frames = recording.frames();
    let mut numbers = Vec::new();
    while let Some(seen) = frames.next_frame() {
        if !seen.channel.is_torn() {
            let number = number_of(seen.bytes);
            assert!(seen.bytes == frame(number, seen.bytes.len() as u64), "frame {number}");
            numbers.push(number);
        }
    }
    numbers
}

#[test]
fn a_recorder_that_is_killed_leaves_whole_frames_that_replay() {
    for size in SIZES {
        let place = Place::new();
        let layout = place.file("layout.toml", LAYOUT.as_bytes());
        let published = publisher(&place, "car", size);
        let path = place.path("a.mcap");
        let recorder = place.start(["record", "car", "-o", "a.mcap", "--layout", &layout]);
        until_frames(&path, 30);

        recorder.kill();
        published.kill();

        let told = place.run(["info", "a.mcap", "--json"]).json();
        assert_eq!(told["complete"], false, "{told}");
        assert_eq!(told["damage"], Value::Array(Vec::new()), "{told}");
        let recording = Recording::open(&path).unwrap();
        let recorded = numbers(&recording);
        assert!(recorded.len() >= 30);
        assert!(recorded.windows(2).all(|pair| pair[0] < pair[1]), "{recorded:?}");
        let replayed = replay(&place, &recorded, size);
        assert_eq!(replayed.last(), recorded.last(), "{size}");
        let rows = place.run(["export", "a.mcap", "--to", "csv", "--fields", "begin,rpm"]).text();
        assert_eq!(rows.lines().filter(|row| row.contains(",false,")).count(), recorded.len());
        assert!(
            rows.starts_with(
                "frame:time,frame:seconds,frame:name,frame:look,frame:torn,begin,rpm\n"
            ),
            "{rows}"
        );
        let first = rows.lines().find(|row| row.contains(",false,")).unwrap();
        assert!(first.ends_with(&format!(",{},8500", recorded[0])), "{first}");
    }
}

/// Replays, and returns the numbers of the whole versions that a reader saw, each byte for byte.
fn replay(place: &Place, recorded: &[u32], size: u64) -> Vec<u32> {
    let mut player = place.start(["replay", "a.mcap", "--speed", "0.5"]);
    let line = player.next_line();
    assert!(line.starts_with("replaying `Local\\car` ("), "{line}");
    let view = Registry::at(place.registry()).open("car").unwrap().map(Access::Read).unwrap();
    let (mut seen, mut bytes) = (Vec::new(), vec![0; view.len()]);
    let begun = Instant::now();
    while seen.last() != recorded.last() {
        assert!(begun.elapsed() < DEADLINE, "the last frame is not seen");
        use filemap::PositionedIo as _;
        let before = view.read::<u32>(4).unwrap();
        std::sync::atomic::fence(Ordering::Acquire);
        view.read_exact_at(&mut bytes, 0).unwrap();
        std::sync::atomic::fence(Ordering::Acquire);
        let after = view.read::<u32>(0).unwrap();
        if before != after || before == 0 || seen.last() == Some(&before) {
            thread::yield_now();
            continue;
        }
        assert!(recorded.contains(&before), "{before} was recorded");
        assert!(bytes == frame(before, size), "frame {before}");
        seen.push(before);
    }
    assert_eq!(player.wait().code, Some(0));
    seen
}

#[test]
fn a_publisher_that_is_killed_ends_the_recording_in_order() {
    for size in SIZES {
        let place = Place::new();
        let published = publisher(&place, "car", size);
        let path = place.path("a.mcap");
        let recorder = place.start(["record", "car", "-o", "a.mcap", "--json"]);
        until_frames(&path, 1);
        published.kill();

        let outcome = recorder.wait();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        let told: Value = serde_json::from_slice(&outcome.stdout).unwrap();
        let recording = Recording::open(&path).unwrap();
        assert!(recording.is_complete());
        let channel = &recording.channels()[0];
        assert_eq!(told["frames"], channel.frames());
        assert_eq!(told["bytes"], fs::metadata(&path).unwrap().len());
        assert!(channel.frames() > 1 && channel.size() == size);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_a_recording_in_order() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64"]);
    let recorder = place.start(["record", "scores", "-o", "a.mcap"]);
    recorder.until_it_listens();
    until_frames(&place.path("a.mcap"), 0);

    recorder.interrupt();

    let outcome = recorder.wait();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let said = String::from_utf8(outcome.stdout).unwrap();
    assert!(said.starts_with("recorded ") && said.contains("to `a.mcap`"), "{said}");
    let told = place.run(["info", "a.mcap"]).text();
    assert!(told.contains("in order"), "{told}");
}

#[test]
fn what_is_there_is_replaced_only_if_that_is_asked_for() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64"]);
    place.file("a.mcap", b"precious");
    let record = ["record", "scores", "-o", "a.mcap", "--for", "20ms"];

    let refused = place.run(record).failed(1);
    assert!(refused.ends_with("`a.mcap`: it exists already; --force replaces it\n"), "{refused}");
    place.run(record.iter().chain(&["--force"])).text();

    let refused = place.run(["replay", "a.mcap"]).failed(1);
    assert!(refused.contains("`Local\\scores`: the name exists already; --force "), "{refused}");
    place.run(["write", "scores", "-s", "0", "--hex", "77"]).text();
    let said = place.run(["replay", "a.mcap", "--force"]).text();
    assert_eq!(without_seconds(&said), "replaying `Local\\scores` (64 B), s; Ctrl-C lets go\n");
    let read = place.run(["read", "scores", "-n", "1", "--json"]).json();
    assert_eq!(read["hex"], "00");
    let twice = place.run(["record", "scores", "Local\\scores", "-o", "b.mcap"]).failed(2);
    assert!(twice.contains("`Local\\scores` is there twice"), "{twice}");
    assert_eq!(place.run(["record", "nobody", "-o", "b.mcap"]).code, Some(1));
    assert!(!place.path("b.mcap").exists());
}

#[test]
fn a_command_finds_the_names_of_a_replay_and_its_exit_code_is_the_replays() {
    if crate::support::emulated() {
        println!("skipped: the command cannot start itself, as it is emulated");
        return;
    }
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "64"]);
    place.run(["write", "scores", "-s", "0", "--text", "recorded"]).text();
    place.run(["record", "scores", "-o", "a.mcap", "--for", "20ms"]).text();
    drop(holder);
    let own = env!("CARGO_BIN_EXE_filemap");

    let read = ["replay", "a.mcap", "--", own, "wait", "scores", "--appears"];
    let outcome = place.run(read);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(outcome.stdout, b"`Local\\scores` exists\n");
    assert_eq!(without_seconds(&outcome.stderr), "replaying `Local\\scores` (64 B), s\n");

    let outcome =
        place.run(["replay", "a.mcap", "--loop", "--", own, "wait", "nobody", "--timeout", "0s"]);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert_eq!(place.run(["replay", "a.mcap", "--", "/no/such"]).code, Some(127));
    assert!(place.entries().is_empty(), "{:?}", place.entries());
}

#[test]
fn each_line_of_input_is_a_step() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "64"]);
    place.run(["record", "scores", "-o", "a.mcap", "--for", "20ms"]).text();
    drop(holder);

    // One frame, and the line after it finds none.
    let outcome = place.run_with_input(["replay", "a.mcap", "--step"], b"\n\n");

    let said = outcome.text();
    assert_eq!(without_seconds(&said), "replaying `Local\\scores` (64 B), s; Ctrl-C lets go\n");
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_a_replay_and_leaves_no_name() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "64"]);
    place.run(["record", "scores", "-o", "a.mcap", "--for", "20ms"]).text();
    drop(holder);
    let mut player = place.start(["replay", "a.mcap", "--loop"]);
    player.next_line();

    player.interrupt();

    assert_eq!(player.wait().code, Some(130));
    assert!(place.entries().is_empty(), "{:?}", place.entries());
}

#[test]
fn a_recording_is_exported_with_the_fields_of_its_layout() {
    let place = Place::new();
    let layout = place.file("layout.toml", LAYOUT.as_bytes());
    let registry = Registry::at(place.registry());
    let _car = create(&registry, "car", 16);
    let _plain = create(&registry, "plain", 12);
    let record = ["record", "car", "plain", "-o", "a.mcap", "--for", "20ms", "--layout", &layout];
    place.run(record).text();

    let told = place.run(["info", "a.mcap", "--json"]).json();
    assert_eq!(told["names"][0]["layout"], "Telemetry");
    assert!(told["names"][1]["layout"].is_null(), "{told}");
    let json = place.run(["export", "a.mcap", "--to", "json"]).text();
    let lines: Vec<_> = json.lines().collect();
    assert!(
        lines[0].ends_with("\"torn\":false,\"fields\":{\"begin\":1,\"end\":1,\"rpm\":8500.0}}"),
        "{json}"
    );
    assert!(lines[1].ends_with("\"torn\":false,\"hex\":\"010000000100000000d00446\"}"), "{json}");
    place.run(["export", "a.mcap", "--to", "csv", "-o", "a.csv"]).text();
    let csv = fs::read_to_string(place.path("a.csv")).unwrap();
    let rows: Vec<_> = csv.lines().collect();
    let first = "frame:time,frame:seconds,frame:name,frame:look,frame:torn";
    assert_eq!(rows[0], format!("{first},begin,end,rpm,frame:hex"));
    assert!(rows[1].ends_with(",Local\\car,0,false,1,1,8500,"), "{csv}");
    assert!(rows[2].ends_with(",Local\\plain,0,false,,,,010000000100000000d00446"), "{csv}");
    let own = place.run(["export", "a.mcap", "--to", "csv", "-o", "./a.mcap"]).failed(2);
    assert!(own.contains("`./a.mcap`: it is the recording itself"), "{own}");
    assert!(Recording::is_one(place.path("a.mcap")));
    let both = place.run(["export", "a.mcap", "--to", "csv", "--json"]);
    assert!(both.code == Some(2) && both.stdout.is_empty(), "{both:?}");
    for fields in ["none", "rpm,none", ","] {
        let none = place.run(["export", "a.mcap", "--to", "csv", "--fields", fields]).failed(1);
        assert!(none.contains("no path is like"), "{none}");
        assert_eq!(none.contains("`none`"), fields != ",", "{none}");
    }
}

#[test]
fn a_table_has_a_column_for_each_row_that_a_section_ever_has_and_none_twice() {
    let place = Place::new();
    let layout = "\
root = \"Head\"
[type.Head]
fields = [{ name = \"count\", type = \"u32\" }, { name = \"time\", type = \"char[8]\" }]
[type.Row]
fields = [{ name = \"value\", type = \"u16\" }]
[[section]]
name = \"row\"
type = \"Row\"
offset = 12
count = \"count\"
";
    let layout = place.file("rows.toml", layout.as_bytes());
    let registry = Registry::at(place.registry());
    let mapping =
        FileMapping::options().registry(&registry).name("rows").size(64).create_new().unwrap();
    let view = mapping.map(Access::Write).unwrap();
    view.write(0, &1_u32).unwrap();
    view.write(4, b"a,\"\nb").unwrap();
    let mut command = place.command();
    command.args(["record", "rows", "-o", "a.mcap", "--layout", &layout]);
    let recorder = Running::start(command);
    until_frames(&place.path("a.mcap"), 1);
    view.write(0, &2_u32).unwrap();
    until_frames(&place.path("a.mcap"), 2);
    recorder.interrupt();
    assert_eq!(recorder.wait().code, Some(0));

    let csv = place.run(["export", "a.mcap", "--to", "csv"]).text();
    let rows: Vec<_> = csv.lines().collect();

    assert!(rows[0].ends_with(",frame:torn,count,time,row[0].value,row[1].value"), "{csv}");
    assert_eq!(rows[1].matches(",false,1,\"a,\"\"").count(), 1, "{csv}");
    assert_eq!((rows[2], rows[4]), ("b\",0,", "b\",0,0"), "{csv}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_is_refused_instead_of_waiting_for_who_reads_it() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64"]);
    let mut command = place.other_command("mkfifo");
    command.arg(place.path("pipe"));
    crate::support::wait(command).text();

    let record = ["record", "scores", "-o", "pipe", "--for", "20ms", "--force"];

    let refused = place.run(record).failed(2);
    assert!(refused.ends_with("`pipe`: it is no regular file\n"), "{refused}");
}

#[test]
fn what_is_no_recording_is_refused_with_the_reason() {
    let place = Place::new();
    let other = place.file("other", b"text");
    place.file("cut.mcap", b"\x89MCAP0\r\n\x01");

    for verb in [&["replay"][..], &["export", "--to", "csv"]] {
        let said = place.run(verb.iter().chain(&[other.as_str()])).failed(2);
        assert!(said.ends_with("other`: it is no MCAP file\n"), "{said}");
    }
    for verb in [&["replay"][..], &["export", "--to", "csv"], &["export", "--to", "json"]] {
        let said = place.run(verb.iter().chain(&["cut.mcap"])).failed(2);
        assert!(said.ends_with("cut.mcap`: it has no frames\n"), "{said}");
    }
    let missing = place.run(["export", "./none.mcap", "--to", "json"]).failed(1);
    assert!(missing.contains("none.mcap"), "{missing}");
    assert_eq!(place.run(["info", "cut.mcap", "--json"]).json()["complete"], false);
    assert!(place.run(["info", &other]).text().starts_with("file"));
    let rate = place.run(["record", "x", "-o", "y", "--rate", "0"]);
    assert!(rate.stderr.contains("from 0.01 to 1000"), "{}", rate.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_takes_no_more_keeps_what_it_has_and_says_how_much() {
    use std::sync::atomic::AtomicBool;
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    let registry = Registry::at(place.registry());
    let (_mapping, view) = create(&registry, "large", 1 << 20);
    let own = env!("CARGO_BIN_EXE_filemap");
    // As long as a file may be here: 8 MiB.
    let script =
        format!("trap '' XFSZ; ulimit -f 16384; exec {own} record large -o a.mcap --rate 500");
    let mut command = place.other_command("sh");
    command.args(["-c", &script]);
    let stop = AtomicBool::new(false);

    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            let mut noise = vec![0; 1 << 20];
            let mut state = 1_u64;
            while !stop.load(Ordering::Relaxed) {
                for eight in noise.chunks_exact_mut(8) {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    eight.copy_from_slice(&state.to_le_bytes());
                }
                view.write(0, &noise[..]).unwrap();
            }
        });
        let outcome = crate::support::finish(command, b"");
        stop.store(true, Ordering::Relaxed);
        outcome
    });

    let said = outcome.failed(2);
    assert!(said.starts_with("filemap: could not write `a.mcap`: File too large; "), "{said}");
    let kept: u64 = said.split_once("; ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    assert!(kept >= 4, "{said}");
    let recording = Recording::open(place.path("a.mcap")).unwrap();
    assert!(!recording.is_complete());
    assert_eq!(recording.channels()[0].frames(), kept, "{said}");
}

#[cfg(target_os = "linux")]
mod in_a_terminal {
    use super::*;
    use crate::terminal::Terminal;

    #[test]
    fn a_line_shows_what_is_recorded_and_goes_away() {
        if crate::support::emulated() {
            println!("skipped: a shell cannot start the command, which is emulated");
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64"]);
        let script = "exec filemap record scores later -o a.mcap --wait";
        let mut terminal = Terminal::start(&place, (100, 24), script, &[]);

        terminal.until_shown("  1 frame  ");
        terminal.until_shown("0 torn  0 lost  waiting for 1 of 2");
        terminal.press("\u{3}");

        let (code, screen) = terminal.end();
        let said = screen.contents();
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("recorded 1 frame in "), "{said}");
        assert!(!said.contains("waiting for"), "{said}");
    }
}
