//! The progress bar of a copy, in a terminal.

use std::fs::{self, File};
use std::io::Write as _;

use crate::support::{Place, finish};
use crate::terminal::Terminal;

/// Creates a named pipe, which is written to piece by piece.
fn pipe(place: &Place) {
    let mut command = place.other_command("mkfifo");
    command.arg("pipe");
    assert_eq!(finish(command, b"").code, Some(0));
}

#[test]
fn a_bar_shows_how_far_a_copy_is_and_goes_away() {
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    pipe(&place);
    let script = "filemap copy - ./out --length 4M < pipe";
    let terminal = Terminal::start(&place, (80, 24), script, &[]);
    let mut input = File::options().write(true).open(place.path("pipe")).unwrap();

    input.write_all(&[7; 1 << 20]).unwrap();
    let (_, _) = terminal.until_shown(" 25% ");
    terminal.until_shown("1.00 MiB/4.00 MiB");
    terminal.until_shown("/s");
    input.write_all(&[7; 3 << 20]).unwrap();
    drop(input);

    let (code, screen) = terminal.end();
    assert_eq!(code, 0);
    let said = screen.contents();
    assert!(said.starts_with("copied 4194304 bytes from standard input to `./out`"), "{said}");
    assert!(!said.contains("MiB/4.00"), "{said}");
    assert_eq!(fs::metadata(place.path("out")).unwrap().len(), 4 << 20);
}

#[test]
fn a_narrow_terminal_of_ascii_has_a_bar_of_ascii() {
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    pipe(&place);
    let script = "filemap copy - ./out --length 4M < pipe";
    let terminal = Terminal::start(&place, (40, 24), script, &[("LC_ALL", "C")]);
    let mut input = File::options().write(true).open(place.path("pipe")).unwrap();

    input.write_all(&[7; 2 << 20]).unwrap();

    terminal.until_shown(" 50% #");
    let rows = terminal.rows();
    assert!(rows.iter().all(|row| row.is_ascii()), "{rows:?}");
}

#[test]
fn ctrl_c_ends_a_copy_that_waits_for_input_and_says_how_far_it_came() {
    if crate::support::emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    pipe(&place);
    let script = "exec filemap copy - ./out --length 4M < pipe";
    let mut terminal = Terminal::start(&place, (100, 24), script, &[]);
    let mut input = File::options().write(true).open(place.path("pipe")).unwrap();
    input.write_all(&[7; 1 << 20]).unwrap();
    terminal.until_shown("1.00 MiB");

    terminal.press("\u{3}");

    let (code, screen) = terminal.end();
    assert_eq!(code, 130);
    assert_eq!(place.files(), [place.path("pipe")], "what is there looks whole");
    let said = screen.contents();
    assert!(!said.contains("MiB/s"), "the bar is still there: {said}");
    assert!(said.contains("could not copy everything: stopped after 1048576 bytes"), "{said}");
    assert!(said.contains("`./out` was not made"), "{said}");
    drop(input);
}
