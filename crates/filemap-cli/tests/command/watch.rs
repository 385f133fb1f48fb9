//! The live view in a terminal, and the lines of JSON.

use serde_json::{Value, json};

use crate::support::{Place, Running};

#[test]
#[cfg(not(feature = "sight"))]
fn a_build_without_the_live_view_says_how_to_get_one_that_has_it() {
    let place = Place::new();
    let path = place.file("bytes", b"0123");

    let sentence = place.run(["watch", &path]).failed(2);

    assert!(sentence.contains("--features sight"), "{sentence}");
    assert!(place.run(["watch", &path, "--json", "-m", "0"]).text().is_empty());
}

#[test]
#[cfg(feature = "sight")]
fn a_live_view_needs_a_terminal() {
    let place = Place::new();
    let path = place.file("bytes", b"0123");

    let sentence = place.run(["watch", &path]).failed(2);

    assert!(sentence.contains("no terminal; --json"), "{sentence}");
}

#[test]
fn changes_are_told_as_lines_of_json() {
    let place = Place::new();
    let _holder = place.hold(["scores", "--size", "64KiB"]);
    let mut command = place.command();
    command.args(["watch", "scores", "--json", "-s", "0x100", "-m", "2", "--interval", "5ms"]);
    let mut watcher = Running::start(command);
    // The command does not report that it has begun: the first change shows it.
    let first: Value = loop {
        place.run(["write", "scores", "-s", "0x110", "--hex", "00"]).text();
        place.run(["write", "scores", "-s", "0x110", "--hex", "ff"]).text();
        if let Some(line) = watcher.line_within(std::time::Duration::from_millis(200)) {
            break serde_json::from_str(&line).unwrap();
        }
    };

    place.run(["write", "scores", "-s", "0x0ff", "--hex", "01 02 03"]).text();

    assert_eq!(first["offset"], 0x110);
    assert!(first["hex"] == "ff" || first["hex"] == "00", "{first}");
    let second: Value = serde_json::from_str(&watcher.next_line()).unwrap();
    if second["offset"] == 0x100 {
        // Bytes before the watched range are not reported.
        assert_eq!(second["hex"], json!("0203"));
    }
    assert_eq!(watcher.wait().code, Some(0));
}

#[test]
fn changes_end_with_the_name() {
    let place = Place::new();
    for fields in [&[][..], &["--as", "n:u32"]] {
        if cfg!(not(feature = "sight")) && !fields.is_empty() {
            continue;
        }
        let holder = place.hold(["scores", "--size", "4KiB"]);
        let mut command = place.command();
        command.args(["watch", "scores", "--json", "--interval", "5ms"]).args(fields);
        let mut watcher = Running::start(command);
        // The command does not report that it has begun: the first change shows it.
        let mut number = 0_u8;
        loop {
            number = number.wrapping_add(1);
            place.run(["write", "scores", "-s", "0", "--hex", &format!("{number:02x}")]).text();
            if watcher.line_within(std::time::Duration::from_millis(200)).is_some() {
                break;
            }
        }

        holder.kill();

        let ended = watcher.wait();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stderr, "{\"note\":\"its name is gone\"}\n");
    }
}

#[test]
fn changed_numbers_are_told_as_numbers() {
    let place = Place::new();
    let path = place.file("numbers", &[0; 64]);
    let mut command = place.command();
    command.args(["watch", &path, "--json", "--as", "u32", "--order", "big", "-m", "1", "-s", "2"]);
    command.args(["--interval", "5ms"]);
    let mut watcher = Running::start(command);

    // The command does not report that it has begun: the first change shows it.
    let line = loop {
        for hex in ["00", "07"] {
            place.run(["write", &path, "-s", "13", "--hex", hex]).text();
        }
        if let Some(line) = watcher.line_within(std::time::Duration::from_millis(200)) {
            break line;
        }
    };

    let told: Value = serde_json::from_str(&line).unwrap();
    // The third number from offset 2 on.
    assert_eq!((&told["offset"], &told["type"]), (&json!(10), &json!("u32")));
    assert!(told["values"] == json!([7]) || told["values"] == json!([0]), "{told}");
    assert_eq!(told["hex"], Value::Null);
    assert_eq!(watcher.wait().code, Some(0));
}

#[test]
fn what_is_not_there_yet_can_be_waited_for() {
    let place = Place::new();
    let file = place.path("later");
    let file = file.to_str().unwrap();
    let wait = format!("{}s", crate::support::DEADLINE.as_secs());
    for (word, make) in [("scores", "create"), (file, "write")] {
        let mut command = place.command();
        command.args(["watch", word, "--json", "--wait", &wait, "-m", "1", "--interval", "5ms"]);
        let mut watcher = Running::start(command);

        let _holder = (make == "create").then(|| place.hold([word, "--size", "64KiB"]));
        loop {
            for hex in ["00", "07"] {
                place.run(["write", word, "-s", "13", "--hex", hex]).text();
            }
            if watcher.line_within(std::time::Duration::from_millis(200)).is_some() {
                break;
            }
        }
        assert_eq!(watcher.wait().code, Some(0), "{word}");
    }
    let error = place.run(["watch", "nobody", "--json", "--wait", "50ms"]).failed_with_json(1);
    assert_eq!(error["win32_code"], 2);
}

// Only Linux can signal a single process.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_the_watching_with_its_exit_code() {
    if crate::support::emulated() {
        // The emulator would receive the signal.
        return;
    }
    let place = Place::new();
    let path = place.file("bytes", b"0123");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for arguments in
            [&["watch", &path, "--json"][..], &["watch", "x", "--json", "--wait", "1h"]]
        {
            let watcher = place.start(arguments);
            watcher.until_it_listens();

            watcher.signal(signal);

            assert_eq!(watcher.wait().code, Some(code), "{arguments:?}");
        }
    }
}

#[test]
fn nobody_reading_the_changes_ends_the_watching() {
    let place = Place::new();
    let path = place.file("bytes", &[0; 100]);
    let mut command = place.command();
    command.args(["watch", &path, "--json", "--interval", "1ms"]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut value = 0_u8;

    let code = loop {
        value = value.wrapping_add(1);
        // Overwritten in place, because Windows does not truncate mapped files.
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, &[value; 100]).unwrap();
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        std::thread::yield_now();
    };

    assert_eq!(code, Some(0));
}

// Terminals are files on Linux alone.
#[cfg(all(target_os = "linux", feature = "sight"))]
mod live {
    use super::*;
    use crate::support::NOTHING;
    use crate::support::picture::Picture;
    use crate::terminal::{Terminal, can_start, place_of};
    use vt100::Color;

    fn write(place: &Place, offset: &str, text: &str) {
        place.run(["write", "scores", "-s", offset, "--text", text]).text();
    }

    #[test]
    fn changed_bytes_light_up_and_fade() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        let terminal = Terminal::run(&place, (80, 24), "watch scores --interval 20ms");
        terminal.until_shown("00000010  00 00");

        write(&place, "20", "hi");

        let (row, column) = terminal.until("a lit byte", |screen| {
            let (row, column) = place_of(screen, "68 69")?;
            let lit = screen.cell(row, column)?.bgcolor() != Color::Default;
            lit.then_some((row, column))
        });
        // The second row, after the offset and four bytes.
        assert_eq!((row, column), (2, 8 + 2 + 4 * 3));
        terminal.until("the same byte, unlit", |screen| {
            let cell = screen.cell(row, column)?;
            let quiet = cell.bgcolor() == Color::Default && cell.contents() == "6";
            (quiet && !cell.bold()).then_some(())
        });
    }

    #[test]
    fn the_picture_in_the_documents_is_what_is_seen() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        write(&place, "0", "round 7");
        place.run(["write", "scores", "-s", "0x28", "--hex", "00 00 80 3f 9a 99 19 3f"]).text();
        let terminal = Terminal::run(&place, (80, 12), "watch scores --interval 20ms");
        terminal.until_shown("|round 7");

        // Colours fade, and a slow machine may see the last of them alone: once more then.
        let picture = loop {
            write(&place, "0x40", "----- --");
            terminal.until_shown("|----- --");
            write(&place, "0x40", "Ada   42");
            let seen = terminal.until("the change", |screen| {
                let (row, column) = place_of(screen, "|Ada   42")?;
                let is_new = |at| screen.cell(row, column + at).unwrap().bgcolor();
                let all = [1, 2, 3, 7, 8].into_iter().all(|at| is_new(at) == Color::Idx(11));
                Some(all.then(|| Picture::of(screen)))
            });
            if let Some(picture) = seen {
                break picture;
            }
        };

        let rate = "▁▁▁▁▂▁▁▂▅█ 8 bytes/s changed ";
        picture.showing("  .*/s changed $", rate).assert_is("watch.svg");
    }

    #[test]
    fn a_view_whose_terminal_is_gone_ends() {
        use portable_pty::{CommandBuilder, PtySize, native_pty_system};
        use std::io::Read as _;

        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        for fields in [&[][..], &["--as", "n:u32"]] {
            let pair = native_pty_system().openpty(PtySize::default()).unwrap();
            let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_filemap"));
            command.args(["watch", "scores"]);
            command.args(fields);
            command.env("FILEMAP_DIR", place.registry());
            let mut child = pair.slave.spawn_command(command).unwrap();
            drop(pair.slave);
            let mut reader = pair.master.try_clone_reader().unwrap();
            let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
            while !String::from_utf8_lossy(&seen).contains("scores") {
                let count = reader.read(&mut bytes).unwrap();
                seen.extend_from_slice(&bytes[..count]);
            }

            drop((reader, pair.master));

            let begun = std::time::Instant::now();
            let ended = loop {
                if let Some(ended) = child.try_wait().unwrap() {
                    break ended;
                }
                let is_late = begun.elapsed() > crate::support::DEADLINE;
                if is_late {
                    child.kill().unwrap();
                }
                assert!(!is_late, "it did not end");
                std::thread::yield_now();
            };
            // By the request that the system sends, or before it; not by a panic, as its standard error
            // is the same terminal.
            assert!(matches!(ended.exit_code(), 0 | 129), "{fields:?}: {ended:?}");
        }
    }

    #[test]
    fn the_terminal_is_given_back_however_the_view_ends() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);

        for (end, its_code) in [("q", 0), ("\u{1b}", 0), ("\u{3}", 130), ("TERM", 143)] {
            let script = "echo before; filemap watch scores; echo $? after";
            let mut terminal = Terminal::start(&place, (80, 24), script, &[]);
            terminal.until_shown("Local\\scores (64 KiB)");
            terminal.until("another screen", |screen| screen.alternate_screen().then_some(()));

            match end {
                "TERM" => {
                    let pkill = format!("kill -TERM $(ps -o pid= --ppid {})", terminal.process());
                    let mut shell = place.other_command("sh");
                    shell.args(["-c", &pkill]);
                    assert_eq!(crate::support::finish(shell, b"").code, Some(0));
                }
                keys => terminal.press(keys),
            }

            let (code, screen) = terminal.end();
            assert_eq!(code, 0, "{end:?}");
            assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{end:?}");
            let said = screen.contents();
            assert_eq!(said.trim_end(), format!("before\n{its_code} after"), "{end:?}");
        }
    }

    #[test]
    fn keys_scroll_find_and_turn_bytes_into_numbers() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        write(&place, "0x8004", "needle");
        let mut terminal = Terminal::run(&place, (80, 24), "watch scores");
        terminal.until_shown("00000000  00");

        terminal.press("G");
        terminal.until_shown("0000fff0  00");
        terminal.press("g");
        terminal.until_shown("00000000  00");
        terminal.press("j");
        terminal.until("the second row first", |screen| {
            (place_of(screen, "00000010  00")?.0 == 1).then_some(())
        });
        terminal.press("/nee\r");
        let (row, column) = terminal.until_shown("|....needle");
        terminal.until("it lit", |screen| {
            let cell = screen.cell(row, column + 5)?;
            (cell.bgcolor() == Color::Idx(1)).then_some(())
        });
        terminal.until_shown("found at 0x8004 (32772)");
        terminal.press(":-16\r");
        terminal.until_shown("0000fff0  00");
        terminal.press("/0x6e65\r");
        terminal.until_shown("|....needle");
        terminal.press("/nowhere\r");
        terminal.until_shown("not found");
        terminal.press("t");
        terminal.until_shown("u8");
        terminal.until_shown("110 101 101 100 108 101");
        terminal.press("?");
        terminal.until_shown("the other byte order");
        terminal.press("xq");

        assert_eq!(terminal.end().0, 0);
    }

    #[test]
    fn a_paused_view_stands_still() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        let mut terminal = Terminal::run(&place, (80, 24), "watch scores --interval 20ms");
        terminal.until_shown("00000000  00");

        terminal.press(" ");
        terminal.until_shown("paused");
        write(&place, "0", "seen later");
        terminal.press("?");
        terminal.until_shown("this help");
        let while_paused = terminal.rows().concat();
        terminal.press("x ");

        terminal.until_shown("|seen later");
        assert!(!while_paused.contains("|seen"), "{while_paused}");
    }

    #[test]
    fn a_narrow_terminal_without_colour_is_served_as_well() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let _holder = place.hold(["scores", "--size", "64KiB"]);
        let plain = [("NO_COLOR", "1"), ("LC_ALL", "C")];
        let script = "exec filemap watch scores --interval 20ms";
        let mut terminal = Terminal::start(&place, (40, 10), script, &plain);
        terminal.until_shown("00000000  00 00 00 00  |....|");

        write(&place, "4", "hi");

        terminal.until("a byte that stands out", |screen| {
            let (row, column) = place_of(screen, "68 69")?;
            screen.cell(row, column)?.inverse().then_some(())
        });
        terminal.press("?");
        terminal.until_shown("+ keys");
        let rows = terminal.rows();
        assert!(rows.iter().all(|row| row.is_ascii()), "{rows:?}");
    }

    #[test]
    fn watching_keeps_no_name() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let holder = place.hold(["scores", "--size", "64KiB"]);
        write(&place, "0", "last words");
        let mut terminal = Terminal::run(&place, (80, 24), "watch scores");
        terminal.until_shown("|last words");

        drop(holder);

        terminal.until_shown("its name is gone");
        terminal.until_shown("|last words");
        place.run(["gc"]).text();
        assert_eq!(place.entries(), NOTHING);
        terminal.press("q");
        assert_eq!(terminal.end().0, 0);
    }

    #[test]
    fn a_file_that_grows_and_shrinks_is_followed() {
        if !can_start() {
            return;
        }
        let place = Place::new();
        let path = place.file("log", b"one line");
        let mut terminal = Terminal::run(&place, (80, 24), "watch ./log --interval 20ms");
        terminal.until_shown("|one line|");

        std::fs::write(&path, b"one line, and more").unwrap();
        terminal.until_shown("00000010  72 65");
        std::fs::write(&path, b"cut").unwrap();

        terminal.until_shown("|cut|");
        terminal.press("q");
        assert_eq!(terminal.end().0, 0);
    }
}
