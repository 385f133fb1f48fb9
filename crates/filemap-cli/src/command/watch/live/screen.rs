//! The screen: a title, rows of bytes, a status line, and the help above them.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::view::{Mode, View};
use super::window::Freshness;
use crate::dump::is_printable;
use crate::output::Printable;
use crate::size::Counted;
use crate::size::Readable;
use crate::sys;

const HELP: [(&str, &str); 11] = [
    ("arrows j k", "a row down, up"),
    ("PgDn PgUp", "a screen down, up"),
    ("Home End", "the start, the end"),
    (":", "go to: 0x100, 4K, -16"),
    ("/", "find a text, or 0xdead"),
    ("n N", "the next, the one before"),
    ("space", "pause, go on"),
    ("t T", "next type, one before"),
    ("e", "the other byte order"),
    ("?", "this help"),
    ("q Esc", "the end"),
];

pub(super) fn draw(frame: &mut Frame<'_>, view: &View<'_>, now: Instant) {
    let [title, body, status] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    let bar = Style::new().add_modifier(Modifier::REVERSED);
    frame.render_widget(Paragraph::new(title_of(view, title.width.into())).style(bar), title);
    frame.render_widget(Paragraph::new(rows_of(view, body.height.into(), now)), body);
    frame.render_widget(Paragraph::new(status_of(view, status.width.into())).style(bar), status);
    match &view.mode {
        Mode::Help => help(frame, body, &HELP),
        Mode::Search(typed) | Mode::Goto(typed) => {
            // After the typed text.
            let typed = u16::try_from(typed.chars().count()).unwrap_or(u16::MAX);
            let column = status.x.saturating_add(1).saturating_add(typed);
            frame.set_cursor_position((column.min(status.right().saturating_sub(1)), status.y));
        }
        Mode::Watching => {}
    }
}

/// Lays two texts out at the ends of a line, or the first alone if there is no room for both.
pub(in crate::command::watch) fn ends(left: &str, right: &str, width: usize) -> String {
    let (left_len, right_len) = (left.chars().count(), right.chars().count());
    match width.checked_sub(left_len + right_len) {
        Some(between) if between > 0 => format!("{left}{}{right}", " ".repeat(between)),
        _ => format!("{left:width$}"),
    }
}

fn title_of(view: &View<'_>, width: usize) -> String {
    let state = match (view.live, view.paused) {
        (false, _) => ", its name is gone",
        (true, true) => ", paused",
        (true, false) => "",
    };
    let part = view.part();
    let size = Readable(part.end - part.start);
    let left = format!(" {} ({size}){state}", Printable(&view.subject()));
    let rate = view.rate.per_second();
    let bars = if sys::shows_unicode() { format!("{} ", view.rate.bars()) } else { String::new() };
    let right = format!("{bars}{}/s changed ", Counted(rate));
    if left.chars().count() + right.chars().count() < width {
        return ends(&left, &right, width);
    }
    ends(&left, &format!("{rate}/s "), width)
}

fn status_of(view: &View<'_>, width: usize) -> String {
    match (&view.mode, &view.message) {
        (Mode::Search(typed), _) => return format!("/{typed}"),
        (Mode::Goto(typed), _) => return format!(":{typed}"),
        (_, Some(message)) => return format!(" {}", Printable(message)),
        _ => {}
    }
    let (start, len) = (view.window.offset(), view.window.bytes().len() as u64);
    let part = view.part();
    let whole = (part.end - part.start).max(1);
    let seen = u128::from((start + len).saturating_sub(part.start)) * 100 / u128::from(whole);
    let left = format!(" {:#x}-{:#x}, {seen}%, {}", start, start + len, view.layout());
    ends(&left, "? help  q quit ", width)
}

fn rows_of<'v>(view: &View<'v>, rows: usize, now: Instant) -> Text<'v> {
    let (bytes, row) = (view.window.bytes(), view.shape.row);
    let lines = bytes.chunks(row).take(rows).enumerate().map(|(index, bytes)| {
        let start = index * row;
        let offset = view.window.offset() + start as u64;
        let mut spans = vec![Span::raw(format!("{offset:0digits$x} ", digits = view.shape.digits))];
        let style = |at: usize, len: usize| style_of(view, start + at, len, now);
        for (number, cell) in bytes.chunks(view.shape.cell()).enumerate() {
            let at = number * view.shape.cell();
            let gap = if view.shape.numbers.is_some() || at.is_multiple_of(8) { " " } else { "" };
            spans.push(Span::raw(gap));
            let text = view.shape.text(cell);
            let blank = text.len() - text.trim_start().len();
            spans.push(Span::raw(" ".repeat(blank)));
            spans.push(Span::styled(text.trim_start().to_owned(), style(at, cell.len())));
            if view.shape.numbers.is_none() {
                spans.push(Span::raw(" "));
            }
        }
        if view.shape.numbers.is_none() {
            for missing in bytes.len()..row {
                spans.push(Span::raw(if missing % 8 == 0 { "    " } else { "   " }));
            }
            spans.push(Span::raw(" |"));
            for (at, byte) in bytes.iter().enumerate() {
                let shown = if is_printable(*byte) { char::from(*byte) } else { '.' };
                spans.push(Span::styled(shown.to_string(), style(at, 1)));
            }
            spans.push(Span::raw("|"));
        }
        Line::from(spans)
    });
    Text::from_iter(lines)
}

/// Returns the style of bytes: by their values, and by how long ago they changed.
fn style_of(view: &View<'_>, at: usize, len: usize, now: Instant) -> Style {
    let bytes = view.window.bytes();
    let byte = bytes[at..at + len].iter().copied().find(|byte| *byte != 0).unwrap_or(0);
    let offset = view.window.offset() + at as u64;
    let is_found = view
        .found
        .as_ref()
        .is_some_and(|found| found.start < offset + len as u64 && offset < found.end);
    let kind = match (byte, view.colour) {
        (0, _) => Style::new().add_modifier(Modifier::DIM),
        (_, false) => Style::new(),
        (byte, true) if is_printable(byte) => Style::new().fg(Color::Cyan),
        (_, true) => Style::new().fg(Color::Yellow),
    };
    let fresh = view.window.freshness(at..at + len, now);
    let style = match (fresh, view.colour) {
        (None, _) => kind,
        (Some(fresh), colour) => fresh_style(fresh, colour),
    };
    match (is_found, view.colour) {
        (false, _) => style,
        (true, true) => style.fg(Color::White).bg(Color::Red),
        (true, false) => style.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
    }
}

/// Returns the style of what has changed, which lights up and fades.
pub(in crate::command::watch) fn fresh_style(fresh: Freshness, colour: bool) -> Style {
    match (fresh, colour) {
        (Freshness::New, true) => {
            Style::new().fg(Color::Black).bg(Color::LightYellow).add_modifier(Modifier::BOLD)
        }
        (Freshness::Recent, true) => Style::new().fg(Color::Black).bg(Color::Yellow),
        (Freshness::Fading, true) => {
            Style::new().fg(Color::LightYellow).add_modifier(Modifier::BOLD)
        }
        (Freshness::New, false) => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        (Freshness::Recent, false) => Style::new().add_modifier(Modifier::REVERSED),
        (Freshness::Fading, false) => Style::new().add_modifier(Modifier::BOLD),
    }
}

pub(in crate::command::watch) fn help(frame: &mut Frame<'_>, body: Rect, keys: &[(&str, &str)]) {
    let lines = keys.iter().map(|(keys, what)| Line::raw(format!(" {keys:<10} {what}")));
    let text = Text::from_iter(lines);
    let width = u16::try_from(text.width()).unwrap_or(u16::MAX).saturating_add(3).min(body.width);
    let height =
        u16::try_from(text.height()).unwrap_or(u16::MAX).saturating_add(2).min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, area);
    let block = Block::bordered().title(" keys; any goes back ");
    let block = if sys::shows_unicode() {
        block
    } else {
        block.border_set(ratatui::symbols::border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        })
    };
    frame.render_widget(Paragraph::new(text).block(block), area);
}
