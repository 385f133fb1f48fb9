use std::fs;
use std::process::{self, Stdio};

use serde_json::{Value, json};

use crate::support::{self, NOTHING, Place, Running, finish, wait};

#[test]
fn a_name_is_held_until_the_end_of_input() {
    let place = Place::new();
    let mut holder = place.hold(["scores", "--size", "1MiB"]);
    assert_eq!(place.run(["info", "scores", "--json"]).json()["live"], true);

    holder.end_input();

    assert_eq!(holder.wait().text(), "");
    assert_eq!(place.run(["info", "scores"]).code, Some(1));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn one_line_tells_what_is_held() {
    let place = Place::new();

    let mut holder = place.start(["create", "scores", "--size", "1MiB"]);

    assert_eq!(
        holder.next_line(),
        "holding `Local\\scores`: 1 MiB, read-write, memory; Ctrl-C or end of input lets go"
    );
}

/// Of Linux: on Windows the kernel promises it, and shows it nowhere.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_taken_when_it_is_created_unless_it_is_sparse() {
    use std::os::unix::fs::MetadataExt as _;

    let place = Place::new();
    for (more, taken) in
        [(&[][..], 1 << 20), (&["--lifetime", "entry"], 1 << 20), (&["--sparse"], 0)]
    {
        let mut holder = place.hold([&["scores", "--size", "1MiB"], more].concat());

        let space: u64 = place
            .entries()
            .iter()
            .filter_map(|entry| fs::metadata(entry).ok())
            .map(|entry| entry.blocks() * 512)
            .sum();

        // Beside it there are a page or two of the entry's own.
        assert_eq!(space >> 20, taken >> 20, "{more:?}: {space}");
        assert!(space < taken + (1 << 16), "{more:?}: {space}");
        holder.end_input();
        holder.wait().text();
    }
}

#[test]
fn one_line_of_json_tells_what_is_held() {
    let place = Place::new();

    let mut holder = place.start(["create", "Global\\scores", "--size", "64KiB", "--json"]);

    let held: Value = serde_json::from_str(&holder.next_line()).unwrap();
    assert_eq!(
        held,
        json!({
            "name": "Global\\scores",
            "kind": "mapping",
            "size": 65536,
            "protection": "read-write",
            "attributes": "commit",
            "backing": { "kind": "memory" },
            "existed": false,
            "process": holder.id(),
        })
    );
}

#[test]
fn a_mode_says_who_else_may_open_the_name() {
    let place = Place::new();
    for (asked, mode) in
        [(&[][..], "600"), (&["--mode", "644"], "644"), (&["--mode", "666"], "666")]
    {
        let mut arguments = vec!["Global\\x", "--size", "1"];
        arguments.extend(asked);
        let held = place.hold(arguments);
        let info = place.run(["info", "Global\\x", "--json"]).json();
        assert_eq!(info["mode"], mode);
        held.interrupt();
        assert_eq!(held.wait().code, Some(130));
    }
    for mode in ["777", "44", "0644", "rw", "620"] {
        let refused = place.run(["create", "x", "--size", "1", "--mode", mode]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(mode), "{}", refused.stderr);
    }
}

#[test]
fn protection_and_attributes_are_as_asked_for() {
    let place = Place::new();
    let _holder = place.hold([
        "scores",
        "--size",
        "64KiB",
        "--protection",
        "execute-read",
        "--attributes",
        "reserve",
    ]);

    let info = place.run(["info", "scores", "--json"]).json();

    assert_eq!(info["protection"], "execute-read");
    assert_eq!(info["attributes"], "reserve");
}

#[test]
fn ctrl_c_lets_go_and_leaves_nothing_behind() {
    // The helper process that presses it on Windows.
    #[cfg(windows)]
    if let Some(process) = support::role() {
        return support::console::interrupt_here(process.parse().unwrap());
    }
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1MiB"]);

    holder.interrupt();

    assert_eq!(holder.wait().code, Some(130));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn an_input_that_nobody_can_end_does_not_let_go() {
    let place = Place::new();
    for input in ["nothing", "a file"] {
        let mut command = place.command();
        command.args(["create", "scores", "--size", "4096"]);
        let stdin = match input {
            "nothing" => Stdio::null(),
            _ => fs::File::open(place.file("input", b"x")).unwrap().into(),
        };
        let mut holder = Running::start_with(command, stdin);

        let line = holder.next_line();

        assert!(!line.contains("end of input"), "{input}: {line}");
        // It would have let go by then: each of these takes longer than to find the end of input.
        for _ in 0..3 {
            assert_eq!(place.run(["info", "scores", "--json"]).json()["live"], true, "{input}");
        }
        holder.interrupt();
        assert_eq!(holder.wait().code, Some(130), "{input}");
    }
}

// Windows has no signal to a single process: a console notifies all of its processes.
#[cfg(target_os = "linux")]
#[test]
fn a_request_to_end_lets_go_and_leaves_nothing_behind() {
    for signal in ["TERM", "HUP"] {
        let place = Place::new();
        let holder = place.hold(["scores", "--size", "1MiB"]);

        holder.signal(signal);

        assert_eq!(holder.wait().code, Some(0), "{signal}");
        assert_eq!(place.entries(), NOTHING, "{signal}");
    }
}

// Only Linux has SIGHUP.
#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_that_is_ignored_stays_ignored() {
    let place = Place::new();
    let mut command = place.other_command("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\" create scores --size 4096", "sh"]);
    command.args(support::filemap());
    let mut holder = Running::start(command);
    holder.next_line();

    holder.signal("HUP");

    if support::emulated() {
        // The emulator receives the signal, and passes it on.
        assert_eq!(holder.wait().code, Some(0));
        return;
    }
    assert_eq!(place.run(["info", "scores"]).code, Some(0));
    holder.end_input();
    assert_eq!(holder.wait().code, Some(0));
}

#[test]
fn a_killed_holder_takes_its_name_with_it() {
    let place = Place::new();
    let holder = place.hold(["scores", "--size", "1MiB"]);

    holder.kill();

    let error = place.run(["read", "scores", "--json"]).failed_with_json(1);
    assert_eq!(error["kind"], "NotFound");
    let holder = place.hold(["scores", "--size", "64KiB", "--new"]);
    assert_eq!(place.run(["info", "scores", "--json"]).json()["size"], 65536);
    drop(holder);
}

#[test]
fn an_existing_name_is_held_as_it_is_and_said_to_be_so() {
    let place = Place::new();
    let mut first = place.hold(["scores", "--size", "64KiB"]);

    let mut second = place.start(["create", "scores", "--size", "1MiB"]);

    assert_eq!(
        second.next_line(),
        "holding `Local\\scores`, which existed already: 64 KiB, read-write, memory; \
         Ctrl-C or end of input lets go"
    );
    first.end_input();
    assert_eq!(first.wait().code, Some(0));
    assert_eq!(place.run(["info", "scores", "--json"]).json()["live"], true);
    second.end_input();
    assert_eq!(second.wait().code, Some(0));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn new_refuses_a_name_that_exists() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64KiB"]);

    let sentence = place.run(["create", "scores", "--size", "64KiB", "--new"]).failed(1);
    let error =
        place.run(["create", "scores", "--size", "64KiB", "--new", "--json"]).failed_with_json(1);

    assert!(sentence.contains("scores"), "{sentence}");
    assert_eq!((&error["kind"], &error["win32_code"]), (&json!("AlreadyExists"), &json!(183)));
}

#[test]
#[expect(clippy::exit, reason = "the test is about an exit code")]
fn the_exit_code_of_the_command_is_passed_through() {
    if let Some(code) = support::role() {
        process::exit(code.parse().unwrap());
    }
    let place = Place::new();
    // A code has 8 bits on Linux and 32 on Windows, where a crash has a code like the last one.
    let codes = [0, 1, 2, 7, 255, 256, 0xc000_0005_u32.cast_signed()];
    let codes = if cfg!(windows) { &codes[..] } else { &codes[..5] };

    for code in codes {
        let mut command = place.in_role(&code.to_string());
        let again = support::this("create::the_exit_code_of_the_command_is_passed_through");
        command.args(["create", "x", "--size", "1", "--"]).args(again);
        let outcome = finish(command, b"");

        assert_eq!(outcome.code, Some(*code), "{outcome:?}");
    }
    assert_eq!(place.entries(), NOTHING);
}

// Windows has no signals.
#[cfg(target_os = "linux")]
#[test]
fn a_command_ended_by_a_signal_gives_128_and_its_number() {
    let place = Place::new();

    let outcome = place.run(["create", "x", "--size", "1", "--", "sh", "-c", "kill -s KILL $$"]);

    assert_eq!(outcome.code, Some(137));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn the_command_finds_the_name_and_its_output_is_its_own() {
    let place = Place::new();
    let mut command = place.command();
    command.args(["create", "x", "--size", "64KiB", "--"]).args(support::filemap());
    command.args(["read", "x", "--raw"]);

    let outcome = finish(command, b"");

    assert_eq!(outcome.code, Some(0));
    assert_eq!(outcome.stdout, [0; 65536]);
    assert_eq!(outcome.stderr, "holding `Local\\x`: 64 KiB, read-write, memory\n");
}

#[test]
fn the_command_finds_the_name_in_the_registry_that_was_given() {
    let place = Place::new();
    let other = Place::new();
    let registry = other.registry().to_str().unwrap();
    let mut command = place.command();
    command.args(["create", "x", "--size", "64KiB", "--registry", registry, "--"]);
    command.args(support::filemap()).args(["read", "x", "--raw"]);

    let outcome = finish(command, b"");

    assert_eq!((outcome.code, outcome.stdout.len()), (Some(0), 65536), "{}", outcome.stderr);
}

#[test]
fn the_input_of_the_command_is_its_own() {
    let place = Place::new();

    let mut command = place.command();
    command.args(["create", "x", "--size", "64KiB", "--"]).args(support::filemap());
    command.args(["write", "x", "--offset", "7"]);

    let outcome = finish(command, b"passed on");

    let said = b"wrote 9 bytes at offset 7 of `Local\\x`\n";
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(0), said.as_slice()));
}

#[test]
#[expect(clippy::exit, reason = "the exit code shows how it ended")]
fn ctrl_c_is_left_to_the_command() {
    if support::role().is_some() {
        // A console interrupts both; this one ignores it.
        #[cfg(windows)]
        support::console::survive();
        println!("\nready");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        process::exit(3);
    }
    let place = Place::new();
    let mut command = place.in_role("waits");
    let again = support::this("create::ctrl_c_is_left_to_the_command");
    command.args(["create", "x", "--size", "1", "--"]).args(again);
    let mut holder = Running::start(command);
    holder.until("ready");

    holder.interrupt();

    assert_eq!(place.run(["info", "x"]).code, Some(0));
    holder.say("go on");
    assert_eq!(holder.wait().code, Some(3));
    assert_eq!(place.entries(), NOTHING);
}

// Windows has no SIGTERM.
#[cfg(target_os = "linux")]
#[test]
fn a_request_to_end_is_passed_on_to_the_command() {
    let place = Place::new();
    let script = "echo ready; exec cat";
    let mut holder = place.start(["create", "x", "--size", "1", "--", "sh", "-c", script]);
    assert_eq!(holder.next_line(), "ready");

    holder.signal("TERM");

    assert_eq!(holder.wait().code, Some(128 + 15));
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_command_that_is_not_there_is_an_error_and_lets_go() {
    let place = Place::new();

    let outcome = place.run(["create", "x", "--size", "1", "--", "no-such-command"]);

    if support::emulated() {
        // The emulator does not report a failed `exec`: its child ends with an exit code instead.
        assert_eq!(outcome.code, Some(127), "{outcome:?}");
    } else {
        assert_eq!(outcome.code, Some(127));
        assert!(outcome.stderr.contains("could not run `no-such-command`: "), "{outcome:?}");
        let file = place.file("no-program", b"");
        let outcome = place.run(["create", "x", "--size", "1", "--", &file]);
        assert_eq!(outcome.code, Some(126), "{outcome:?}");
    }
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_file_is_mapped_under_a_name_at_its_own_size() {
    let place = Place::new();
    let file = place.file("log.bin", b"twelve bytes");
    let _holder = place.hold(["log", "--file", &file]);

    let info = place.run(["info", "log", "--json"]).json();
    let bytes = place.run(["read", "log", "--raw"]).text();

    assert_eq!(
        (&info["size"], &info["backing"]["path"]),
        (&json!(12), &json!(place.real("log.bin")))
    );
    assert_eq!(bytes, "twelve bytes");
}

#[test]
fn a_larger_size_grows_the_file_and_keeps_what_is_in_it() {
    let place = Place::new();
    let file = place.file("log.bin", b"twelve bytes");

    let holder = place.hold(["log", "--file", &file, "--size", "5000"]);

    let content = fs::read(&file).unwrap();
    assert_eq!((content.len(), &content[..13]), (5000, b"twelve bytes\0".as_slice()));
    drop(holder);
}

#[test]
fn a_file_that_is_not_there_is_made_if_its_size_is_told() {
    let place = Place::new();
    let file = place.path("new.bin");
    let path = file.to_str().unwrap();

    let sentence = place.run(["create", "log", "--file", path]).failed(1);
    assert!(sentence.contains(path), "{sentence}");
    assert!(!file.exists());
    let mut holder = place.hold(["log", "--file", path, "--size", "64KiB"]);

    assert_eq!(fs::metadata(&file).unwrap().len(), 65536);
    holder.end_input();
    assert_eq!(holder.wait().code, Some(0));
    assert!(file.exists());
}

#[test]
fn several_that_make_a_file_for_a_name_at_once_all_hold_it() {
    for _ in 0..20 {
        let place = Place::new();
        let words = ["create", "x", "--file", "./new", "--size", "100"];
        let mut holders = [(); 4].map(|()| place.start(words));
        for holder in &mut holders {
            let line = holder.next_line();
            assert!(line.starts_with("holding `Local\\x`"), "{line}");
        }
        // Windows itself keeps a file that is mapped; Wine does not.
        assert!(cfg!(windows) || place.path("new").exists());
    }
}

#[test]
fn a_file_that_was_made_in_vain_goes_away_again() {
    let place = Place::new();
    let file = place.path("new.bin");
    let path = file.to_str().unwrap();
    let _holder = place.hold(["taken", "--size", "1"]);

    place.run(["create", "taken", "--new", "--file", path, "--size", "64KiB"]).failed(1);
    place.run(["create", "wrong\\name", "--file", path, "--size", "64KiB"]).failed(2);
    drop(place.hold(["taken", "--file", path, "--size", "64KiB"]));

    assert!(!file.exists());
}

#[test]
fn what_cannot_be_a_file_behind_a_name_is_refused() {
    let place = Place::new();
    let directory = place.path("");
    let device = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let mut paths = vec![directory.to_str().unwrap(), device];
    if cfg!(target_os = "linux") {
        let mut fifo = place.other_command("mkfifo");
        fifo.arg("pipe");
        assert_eq!(finish(fifo, b"").code, Some(0));
        paths.push("pipe");
    }

    for path in paths {
        let read_only = ["--protection", "read-only"];
        place.run(["create", "log", "--file", path].iter().chain(&read_only)).failed(2);
        place.run(["create", "log", "--file", path]).failed(2);
    }
}

#[test]
fn memory_needs_a_size() {
    let place = Place::new();

    let outcome = place.run(["create", "scores"]);
    let zero = place.run(["create", "scores", "--size", "0", "--json"]).failed_with_json(2);

    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("--size"), "{}", outcome.stderr);
    assert_eq!((&zero["kind"], &zero["win32_code"]), (&json!("ZeroSize"), &json!(87)));
}

#[test]
fn impossible_names_and_sizes_are_refused_with_their_code() {
    let place = Place::new();

    for (name, size, code) in
        [("a\\b", "1", 3), ("\\x", "1", 161), ("Local\\", "1", 123), ("x", "8EiB", 8)]
    {
        let error = place.run(["create", name, "--size", size, "--json"]).failed_with_json(2);
        assert_eq!(error["win32_code"], code, "{name} {size}: {error}");
    }
    assert_eq!(place.entries(), NOTHING);
}

#[test]
fn a_name_that_nobody_hears_of_is_let_go() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command();
    // An input that never ends, so that it is not the reason for the end.
    command.args(["create", "x", "--size", "1"]).stdin(Stdio::piped()).stdout(writer);

    let outcome = wait(command);

    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(place.entries(), NOTHING);
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_is_held_in_the_background_of_a_terminal() {
    use crate::terminal::Terminal;
    if support::emulated() {
        return;
    }
    let place = Place::new();
    // With job control, as in an interactive shell.
    let script =
        "set -m; filemap create scores --size 64KiB & read line; kill $!; wait $!; echo $? end";
    let mut terminal = Terminal::start(&place, (80, 24), script, &[]);
    terminal.until_shown("holding `Local\\scores`");

    terminal.press("go on\r");

    terminal.until_shown("0 end");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(place.entries(), NOTHING);
}

// Permissions of files are Linux'.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_made_for_a_name_has_the_mode_of_the_name() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    for (asked, mode) in
        [(&[][..], 0o600), (&["--mode", "644"], 0o644), (&["--mode", "666"], 0o666)]
    {
        for mask in ["077", "000"] {
            let script = "umask \"$0\"; exec \"$@\"";
            let mut command = place.other_command("sh");
            command.args(["-c", script, mask]).args(support::filemap());
            command.args(["create", "log", "--file", "./log.bin", "--size", "4096"]).args(asked);
            command.args(["--", "true"]);

            assert_eq!(finish(command, b"").code, Some(0));

            let found = fs::metadata(place.path("log.bin")).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode, "mask {mask}");
            fs::remove_file(place.path("log.bin")).unwrap();
        }
    }
    // A file that was there keeps its own.
    let path = place.file("there", b"x");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    place.hold(["log", "--file", &path, "--mode", "666"]).interrupt();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
