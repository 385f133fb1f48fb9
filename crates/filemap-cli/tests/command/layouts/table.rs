//! The table of fields, in a terminal.

use std::fs;

use vt100::Color;

use super::{CAR, ROWS, place};
use crate::support::can_wait;
use crate::support::picture::Picture;
use crate::terminal::{Terminal, can_start, place_of};

#[test]
fn a_table_shows_fields_live_folds_them_and_finds_them() {
    if !can_start() {
        return;
    }
    let (place, layout, _holder) = place();
    let mut terminal =
        Terminal::run(&place, (70, 16), &format!("watch car --layout {layout} -i 20ms"));
    terminal.until_shown("car: Car (64 B)");
    terminal.until_shown("1/min");
    place.run(["write", "car", "--layout", &layout, "rpm=8500", "gear=Reverse"]).text();
    terminal.until_shown("8500 1/min");
    terminal.press("/temp\r");
    terminal.until_shown("wheel[0].temp f32 at 0x10");
    terminal.press("n");
    terminal.until_shown("wheel[1].temp f32 at 0x18");
    // What the field is in is folded away.
    terminal.press("\x1b[D");
    terminal.until("a folded wheel", |screen| {
        (!screen.contents().contains("[1]") || screen.contents().contains("2 fields")).then_some(())
    });
    terminal.press("c");
    terminal.until_shown("what changes");
    terminal.press("c");
    terminal.press("gb");
    // The bytes of the first field.
    terminal.until_shown("00000000");
    terminal.press("b");
    terminal.until_shown("car: Car");
    terminal.press("?");
    terminal.until_shown("its bytes");
    terminal.press("qq");
    let (code, _) = terminal.end();
    assert_eq!(code, 0);
}

#[test]
fn a_table_whose_mutex_another_thread_owns_says_so_and_answers_keys() {
    if !can_start() || !can_wait() {
        return;
    }
    let (place, layout, _holder) = place();
    let registry = filemap::Registry::at(place.registry());
    let turn = filemap::Mutex::options().registry(&registry).name("turn").create().unwrap();
    let watch = format!("watch car --layout {layout} --lock turn -i 20ms");
    let mut terminal = Terminal::run(&place, (70, 16), &watch);
    terminal.until_shown("rpm");

    let owned = turn.lock().unwrap();
    terminal.until_shown("could not own `Local\\turn` within 200ms");
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
    drop(owned);
}

#[test]
fn a_table_reads_its_layout_again_when_the_file_changes() {
    if !can_start() {
        return;
    }
    let (place, layout, _holder) = place();
    let terminal = Terminal::run(&place, (70, 16), &format!("watch car --layout {layout}"));
    terminal.until_shown("rpm");
    fs::write(&layout, CAR.replace("\"rpm\"", "\"revolutions\"")).unwrap();
    terminal.until_shown("revolutions");
    // A layout that is wrong is told, and the table stays.
    fs::write(&layout, "[type").unwrap();
    terminal.until_shown("could not read the layout");
    terminal.until_shown("revolutions");
}

#[test]
fn a_table_follows_the_rows_of_a_section_to_another_place() {
    if !can_start() {
        return;
    }
    let (place, _, _holder) = place();
    let layout = place.file("rows.toml", ROWS.as_bytes());
    let rows = ["write", "car", "--layout", &layout];
    let write = |words: &[&str]| place.run(rows.iter().chain(words)).text();
    write(&["at=64", "count=1", "sensor[0].label=CPU", "sensor[0].value=1111"]);
    let watch = format!("watch car --layout {layout} -i 20ms --fields sensor");
    let terminal = Terminal::run(&place, (70, 16), &watch);
    terminal.until_shown("1111");
    terminal.until_shown("CPU");

    write(&["at=128", "sensor[0].value=2222"]);
    terminal.until_shown("2222");
    write(&["sensor[0].label=GPU"]);
    terminal.until_shown("[0]      GPU");
    write(&["count=2000000"]);
    terminal.until_shown("could not use the section");
    write(&["count=2"]);
    terminal.until_shown("[1]");
}

#[test]
fn the_picture_of_the_table_in_the_documents_is_what_is_seen() {
    if !can_start() {
        return;
    }
    let (place, layout, _holder) = place();
    let write = |values: &[&str]| {
        place.run(["write", "car", "--layout", &layout].iter().chain(values)).text();
    };
    write(&["name=Ada", "gear=First", "wheel[0].temp=81.5", "wheel[1].temp=80.25"]);
    let terminal = Terminal::run(&place, (72, 21), &format!("watch car --layout {layout} -i 20ms"));
    terminal.until_shown("Ada");
    // One change after another, so that the bars have them all.
    let put = |rpm: u32, time: u32| {
        write(&[&format!("rpm={rpm}"), &format!("time={time}")]);
        terminal.until_shown(&format!("{rpm} 1/min"));
    };
    for (rpm, time) in [(2100, 1), (3300, 2), (5200, 3), (6900, 4), (8600, 5)] {
        put(rpm, time);
    }
    // Colours fade, and a slow machine may see the last of them alone: once more then.
    let picture = loop {
        put(7000, 5);
        put(7400, 6);
        let seen = terminal.until("the change", |screen| {
            let look = |text| {
                let (row, column) = place_of(screen, text)?;
                let cell = screen.cell(row, column).unwrap();
                Some((cell.bgcolor(), cell.fgcolor(), cell.bold()))
            };
            let (rpm, time) = (look("7400 1/min")?, look("6 s")?);
            let is_fading = |look| look == (Color::Default, Color::Idx(11), true);
            let is_plain = |look| look == (Color::Default, Color::Default, false);
            match () {
                () if is_fading(rpm) && is_fading(time) => Some(Some(Picture::of(screen))),
                () if is_plain(rpm) && is_plain(time) => Some(None),
                () => None,
            }
        });
        if let Some(picture) = seen {
            break picture;
        }
    };

    // How many values were seen differs from run to run.
    let rest = " ".repeat(72);
    let picture = picture.showing("1/min .*$", &format!("1/min ▁▁▂▂▃▃▅▅▆▇▇█▇▇▇▇{rest}"));
    let picture = picture.showing("6 s .*$", &format!("6 s     ▁▁▂▂▃▃▅▅▆▆▇▇████{rest}"));
    picture.assert_is("watch-fields.svg");
}
