//! The screen: a title, a row for each field, a status line, and the help above them.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;

use super::super::live::{BARS, Freshness, ends, fresh_style, help};
use super::rows::{Row, SAMPLES, What};
use super::table::{Mode, Table};
use crate::output::Printable;
use crate::size::Readable;
use crate::sys;

const HELP: [(&str, &str); 10] = [
    ("arrows j k", "a row down, up"),
    ("PgDn PgUp", "a screen down, up"),
    ("Enter", "fold, unfold"),
    ("/", "find a field"),
    ("n N", "the next, the one before"),
    ("c", "what changes, all"),
    ("b", "its bytes"),
    ("space", "pause, go on"),
    ("?", "this help"),
    ("q Esc", "the end"),
];

pub(super) fn draw(frame: &mut Frame<'_>, table: &mut Table<'_>, now: Instant) {
    let [title, body, status] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
            .areas(frame.area());
    table.fit(body.height.into());
    let bar = Style::new().add_modifier(Modifier::REVERSED);
    frame.render_widget(Paragraph::new(title_of(table, title.width.into())).style(bar), title);
    frame.render_widget(Paragraph::new(rows_of(table, body.width.into(), now)), body);
    frame.render_widget(Paragraph::new(status_of(table, status.width.into())).style(bar), status);
    match &table.mode {
        Mode::Help => help(frame, body, &HELP),
        Mode::Search(typed) => {
            let typed = u16::try_from(typed.chars().count()).unwrap_or(u16::MAX);
            let column = status.x.saturating_add(1).saturating_add(typed);
            frame.set_cursor_position((column.min(status.right().saturating_sub(1)), status.y));
        }
        Mode::Watching => {}
    }
}

fn title_of(table: &Table<'_>, width: usize) -> String {
    let fields = &table.fields;
    let state = match (table.live, table.paused) {
        (false, _) => ", its name is gone",
        (true, true) => ", paused",
        (true, false) => "",
    };
    let subject = fields.watched.source.target().to_string();
    let layout = &fields.meant.layout;
    let size = Readable(layout.size());
    let subject = Printable(subject.trim_matches('`'));
    let left = format!(" {subject}: {} ({size}){state}", Printable(layout.name()));
    let torn = match fields.torn {
        0 => String::new(),
        torn => format!("{torn} of {} copies torn ", fields.looks),
    };
    ends(&left, &torn, width)
}

fn status_of(table: &Table<'_>, width: usize) -> String {
    match (&table.mode, &table.message) {
        (Mode::Search(typed), _) => return format!("/{typed}"),
        (_, Some(message)) => return format!(" {}", Printable(message)),
        _ => {}
    }
    let about = table.row().map(|row| match (&row.what, row.leaf()) {
        (What::Field { kind, .. }, Some(leaf)) => {
            format!(" {} {kind} at {:#x}", Printable(&row.path), leaf.offset)
        }
        _ => format!(" {}", Printable(&row.path)),
    });
    let about = about.unwrap_or_else(|| " nothing has changed yet".to_owned());
    let changes = if table.changes_alone { ", what changes" } else { "" };
    ends(&format!("{about}{changes}"), "? help  q quit ", width)
}

/// A row as it is drawn.
struct Drawn {
    field: String,
    value: String,
    unit: String,
    bars: String,
}

fn rows_of<'t>(table: &Table<'t>, width: usize, now: Instant) -> Text<'t> {
    let places = table.shown.iter().enumerate().skip(table.top).take(table.height);
    let drawn: Vec<(usize, &Row, Drawn)> = places
        .map(|(place, at)| (place, &table.rows[*at], drawn(table, &table.rows[*at])))
        .collect();
    let longest = |cell: fn(&Drawn) -> &str, most: usize| {
        let longest = drawn.iter().map(|(.., drawn)| cell(drawn).chars().count()).max();
        longest.unwrap_or(0).min(most)
    };
    let bars = if sys::shows_unicode() { SAMPLES } else { 0 };
    let fields = longest(|drawn| &drawn.field, width / 2);
    let units = longest(|drawn| &drawn.unit, width / 6);
    let room = width.saturating_sub(fields + units + bars + 4).max(8);
    let values = longest(|drawn| &drawn.value, room);
    let line = |(place, row, drawn): &(usize, &Row, Drawn)| {
        let selected = match *place == table.selected {
            true => Style::new().add_modifier(Modifier::UNDERLINED),
            false => Style::new(),
        };
        let fresh =
            row.changed.and_then(|changed| Freshness::of(now.saturating_duration_since(changed)));
        let value = fresh.map_or(Style::new(), |fresh| fresh_style(fresh, table.colour));
        let dim = Style::new().add_modifier(Modifier::DIM);
        let is_group = matches!(row.what, What::Group { .. });
        let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        let shown = cut(&drawn.value, values);
        let before = " ".repeat(if is_group { 0 } else { values - shown.chars().count() });
        let after = " ".repeat(values - shown.chars().count() - before.len());
        Line::from(vec![
            Span::styled(format!("{:fields$}", cut(&drawn.field, fields)), selected),
            Span::raw(format!("  {before}")),
            Span::styled(shown, if is_group { dim } else { value }),
            Span::raw(format!("{after} {:units$} ", cut(&drawn.unit, units))),
            Span::styled(drawn.bars.clone(), dim),
        ])
    };
    Text::from_iter(drawn.iter().map(line))
}

fn drawn(table: &Table<'_>, row: &Row) -> Drawn {
    let sign = match (table.is_folded(row), sys::shows_unicode()) {
        (true, true) => "▸ ",
        (false, true) => "▾ ",
        (true, false) => "+ ",
        (false, false) => "- ",
    };
    let indent = " ".repeat(2 * row.depth);
    let printable = |text: &str| Printable(text).to_string();
    match &row.what {
        What::Group { fields, key } => {
            let key = key.as_ref().filter(|key| !key.is_empty());
            let value = key.map_or_else(|| format!("{fields} fields"), |key| printable(key));
            let field = format!("{indent}{sign}{}", printable(&row.label));
            Drawn { field, value, unit: String::new(), bars: String::new() }
        }
        What::Field { unit, .. } => {
            let value = row.leaf().and_then(|leaf| leaf.value(&table.memory));
            let value = value.map(|value| printable(&value.to_string())).unwrap_or_default();
            let field = match table.changes_alone {
                true => printable(&row.path),
                false => format!("{indent}  {}", printable(&row.label)),
            };
            let unit = unit.as_deref().map(printable).unwrap_or_default();
            Drawn { field, value, unit, bars: bars(row) }
        }
    }
}

/// Returns the last values of a row as bars, between the least and the most of them.
fn bars(row: &Row) -> String {
    if row.history.len() < 2 || !sys::shows_unicode() {
        return String::new();
    }
    let finite = || row.history.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    let bar = |value: f64| {
        let part = if most > least { (value - least) / (most - least) } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of one, times seven"
        )]
        let step = (part * 7.0).round() as usize;
        BARS[step.min(7)]
    };
    finite().map(bar).collect()
}
