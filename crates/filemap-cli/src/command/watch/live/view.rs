//! The state of the live view, and what each key changes in it.

use std::ops::Range;
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use filemap::{MappedFile, Registry};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::{Watched, is_live};
use super::rate::Rate;
use super::window::Window;
use crate::args::Watch;
use crate::command::Context;
use crate::command::find::Search;
use crate::dump::Shape;
use crate::failure::{Failure, Result};
use crate::hex;
use crate::offset::Offset;
use crate::reader::Reader;
use crate::target::Purpose;
use crate::value::{Order, Type};

/// Lines that show no bytes: the title and the status.
const AROUND: usize = 2;

/// How often the view checks whether the name still exists.
const LIFE: Duration = Duration::from_secs(1);

/// Whether the view continues after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command::watch) enum Flow {
    On,
    End,
    /// To the bytes from this offset on, from the fields.
    Bytes(u64),
    /// Back to the fields.
    Fields,
    /// By Ctrl-C, which is a key here.
    Interrupted,
}

/// What keys are typed into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    Watching,
    Help,
    /// The line after `/`: what to find.
    Search(String),
    /// The line after `:`: an offset.
    Goto(String),
}

/// Everything that the screen shows.
#[derive(Debug)]
pub(super) struct View<'a> {
    registry: &'a Registry,
    watched: &'a Watched,
    /// The most bytes that are watched.
    most: u64,
    /// The present end of the watched range.
    end: u64,
    /// The offset of the first row.
    top: u64,
    rows: usize,
    columns: Option<u8>,
    order: Order,
    kind: Option<Type>,
    pub(super) shape: Shape,
    pub(super) window: Window,
    pub(super) rate: Rate,
    pub(super) paused: bool,
    pub(super) mode: Mode,
    pub(super) message: Option<String>,
    pub(super) live: bool,
    pub(super) colour: bool,
    /// When to check next whether the name still exists.
    life_due: Instant,
    /// Whether `b` leads back to fields.
    pub(super) has_fields: bool,
    needle: Option<Vec<u8>>,
    /// The last match.
    pub(super) found: Option<Range<u64>>,
}

impl<'a> View<'a> {
    pub(super) fn new(
        context: &'a Context<'_>,
        watched: &'a Watched,
        watch: &Watch,
    ) -> Result<Self> {
        let (kind, order, columns) = (watch.rows.kind(), watch.rows.order, watch.rows.columns);
        let now = Instant::now();
        let most = watch.part.length.unwrap_or(u64::MAX);
        let mut view = Self {
            registry: &context.registry,
            watched,
            most,
            end: watched.start,
            top: watched.start,
            rows: 1,
            columns,
            order,
            kind,
            shape: Shape::fitting(None, columns, None, 0),
            window: Window::default(),
            rate: Rate::new(now),
            paused: false,
            mode: Mode::Watching,
            message: None,
            live: true,
            colour: context.output.has_colour(),
            life_due: now,
            has_fields: watch.meaning.is_given(watch.rows.kind.as_ref()),
            needle: None,
            found: None,
        };
        view.measure()?;
        Ok(view)
    }

    fn measure(&mut self) -> Result<()> {
        let start = self.watched.start;
        self.end = start.saturating_add(self.most).min(self.watched.source.len()?).max(start);
        Ok(())
    }

    /// Adapts the rows to a screen of this size.
    pub(super) fn fit(&mut self, width: usize, height: usize) -> Result<()> {
        let numbers = self.kind.map(|kind| (kind, self.order));
        let shape = Shape::fitting(numbers, self.columns, Some(width), self.end);
        let rows = height.saturating_sub(AROUND).max(1);
        if (shape, rows) != (self.shape, self.rows) {
            (self.shape, self.rows) = (shape, rows);
            self.go_to(self.top)?;
        }
        Ok(())
    }

    /// The name or path of what is watched.
    pub(super) fn subject(&self) -> String {
        self.watched.source.target().to_string().trim_matches('`').to_owned()
    }

    /// The watched range.
    pub(super) fn part(&self) -> Range<u64> {
        self.watched.start..self.end
    }

    pub(super) fn layout(&self) -> String {
        match self.kind {
            None => "hex".to_owned(),
            Some(kind) => {
                let order = if self.order == Order::Big { ", big-endian" } else { "" };
                format!("{}{order}", kind.name())
            }
        }
    }

    fn page(&self) -> u64 {
        (self.rows * self.shape.row) as u64
    }

    /// Reads the bytes in sight, unless the view is paused.
    pub(super) fn look(&mut self, now: Instant) -> Result<()> {
        if now >= self.life_due {
            self.live = is_live(self.watched, self.registry);
            self.life_due = now + LIFE;
        }
        if self.paused {
            self.rate.add(0, now);
            return Ok(());
        }
        self.measure()?;
        let count = self.see(now)?;
        self.rate.add(count, now);
        Ok(())
    }

    /// Reads the bytes in sight, and returns how many have changed.
    fn see(&mut self, now: Instant) -> Result<usize> {
        let len = self.page().min(self.end.saturating_sub(self.top));
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        match self.watched.source.read(self.top, &mut bytes) {
            Ok(count) => bytes.truncate(count),
            // A range that was cut off may come back, so the view goes on and shows the error.
            Err(Failure::Broken(reason)) => {
                bytes.clear();
                self.message = Some(reason.to_string());
            }
            Err(other) => return Err(other),
        }
        Ok(self.window.see(self.top, bytes, now))
    }

    /// Scrolls to an offset.
    pub(super) fn go_to(&mut self, offset: u64) -> Result<()> {
        let row = self.shape.row as u64;
        let rows = (self.end - self.watched.start).div_ceil(row);
        let last = rows.saturating_sub(self.rows as u64);
        let wanted = offset.saturating_sub(self.watched.start) / row;
        self.top = self.watched.start + wanted.min(last) * row;
        // Read now, also while paused: these bytes have not been shown before.
        self.see(Instant::now())?;
        Ok(())
    }

    fn scroll(&mut self, bytes: u64, forward: bool) -> Result<()> {
        let place =
            if forward { self.top.saturating_add(bytes) } else { self.top.saturating_sub(bytes) };
        self.go_to(place)
    }

    /// Handles a key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Result<Flow> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c')) {
            return Ok(Flow::Interrupted);
        }
        match std::mem::replace(&mut self.mode, Mode::Watching) {
            Mode::Watching => return self.watch(key.code, control),
            // Any key closes it.
            Mode::Help => {}
            Mode::Search(typed) => match edited(typed, key.code) {
                Typing::On(typed) => self.mode = Mode::Search(typed),
                Typing::Done(typed) => self.search_for(&typed)?,
                Typing::Cancelled => {}
            },
            Mode::Goto(typed) => match edited(typed, key.code) {
                Typing::On(typed) => self.mode = Mode::Goto(typed),
                Typing::Done(typed) => self.go_to_typed(&typed)?,
                Typing::Cancelled => {}
            },
        }
        Ok(Flow::On)
    }

    fn watch(&mut self, key: KeyCode, control: bool) -> Result<Flow> {
        self.message = None;
        let (row, page) = (self.shape.row as u64, self.page());
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(Flow::End),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char(' ' | 'p') => self.paused = !self.paused,
            KeyCode::Down | KeyCode::Char('j') => self.scroll(row, true)?,
            KeyCode::Up | KeyCode::Char('k') => self.scroll(row, false)?,
            KeyCode::PageDown => self.scroll(page, true)?,
            KeyCode::PageUp => self.scroll(page, false)?,
            KeyCode::Char('f') if control => self.scroll(page, true)?,
            KeyCode::Char('b') if control => self.scroll(page, false)?,
            KeyCode::Char('d') if control => self.scroll(page / 2, true)?,
            KeyCode::Char('u') if control => self.scroll(page / 2, false)?,
            KeyCode::Home | KeyCode::Char('g') => self.go_to(self.watched.start)?,
            KeyCode::End | KeyCode::Char('G') => self.go_to(self.end)?,
            KeyCode::Char('/') => self.mode = Mode::Search(String::new()),
            KeyCode::Char(':') => self.mode = Mode::Goto(String::new()),
            KeyCode::Char('b') if self.has_fields => return Ok(Flow::Fields),
            KeyCode::Char('n') => self.search(true)?,
            KeyCode::Char('N') => self.search(false)?,
            KeyCode::Char('t') => self.turn(true)?,
            KeyCode::Char('T') => self.turn(false)?,
            KeyCode::Char('e') => {
                self.order = match self.order {
                    Order::Little => Order::Big,
                    Order::Big => Order::Little,
                };
            }
            _ => {}
        }
        Ok(Flow::On)
    }

    /// Shows the bytes as the next type, or as the previous one.
    fn turn(&mut self, forward: bool) -> Result<()> {
        let types = Type::value_variants();
        let at = self.kind.and_then(|kind| types.iter().position(|one| *one == kind));
        self.kind = match (at, forward) {
            (None, true) => types.first().copied(),
            (None, false) => types.last().copied(),
            (Some(at), true) => types.get(at + 1).copied(),
            (Some(at), false) => at.checked_sub(1).map(|at| types[at]),
        };
        Ok(())
    }

    fn go_to_typed(&mut self, typed: &str) -> Result<()> {
        let place = typed.parse::<Offset>();
        match place.map(|place| place.inside(self.end, self.watched.source.target())) {
            Ok(Ok(place)) => self.go_to(place)?,
            Ok(Err(failure)) => self.tell(failure.reason().map(ToString::to_string)),
            Err(why) => self.tell(Some(format!("{typed}: {why}"))),
        }
        Ok(())
    }

    /// Opens what is watched for a search, which skips holes.
    fn open_to_search(&self) -> Result<MappedFile> {
        self.watched.source.target().open(self.registry, Purpose::Reading)
    }

    fn tell(&mut self, message: Option<String>) {
        self.message = message;
    }

    fn search_for(&mut self, typed: &str) -> Result<()> {
        if typed.is_empty() {
            // As in other pagers, an empty line repeats the last search.
            return self.search(true);
        }
        let needle = match typed.strip_prefix("0x") {
            Some(_) => match hex::parse(typed) {
                Ok(bytes) => bytes,
                Err(why) => {
                    self.tell(Some(why));
                    return Ok(());
                }
            },
            None => typed.as_bytes().to_vec(),
        };
        self.needle = Some(needle);
        self.found = None;
        self.search(true)
    }

    /// Scrolls to the next match, or to the previous one, and wraps around at the ends.
    fn search(&mut self, forward: bool) -> Result<()> {
        let Some(needle) = self.needle.clone() else {
            self.tell(Some("nothing to search for yet: / begins a search".to_owned()));
            return Ok(());
        };
        let file = match self.open_to_search() {
            Ok(file) => file,
            Err(failure) => {
                self.tell(failure.reason().map(ToString::to_string));
                return Ok(());
            }
        };
        let len = needle.len() as u64;
        let within = |from: u64, to: u64| {
            let reader = Reader::new(&file, from, Some(to.saturating_sub(from)))?;
            Ok::<_, Failure>(Search::new(reader, needle.clone(), false))
        };
        let last_of = |mut search: Search<'_>| -> Result<Option<u64>> {
            let mut last = None;
            while let Some(place) = search.next()? {
                last = Some(place);
            }
            Ok(last)
        };
        let place = if forward {
            let from = self.found.as_ref().map_or(self.top, |found| found.start + 1);
            match within(from.max(self.watched.start), self.end)?.next()? {
                Some(place) => Some(place),
                None => within(self.watched.start, self.end)?.next()?,
            }
        } else {
            let to = self.found.as_ref().map_or(self.top, |found| found.end - 1);
            match last_of(within(self.watched.start, to)?)? {
                Some(place) => Some(place),
                None => last_of(within(self.watched.start, self.end)?)?,
            }
        };
        match place {
            Some(place) => {
                self.found = Some(place..place + len);
                let is_in_sight = place >= self.top && place + len <= self.top + self.page();
                if !is_in_sight {
                    // A few rows above it, so that the match has context.
                    let before = (self.rows / 3 * self.shape.row) as u64;
                    self.go_to(place.saturating_sub(before))?;
                }
                self.tell(Some(format!("found at {place:#x} ({place})")));
            }
            None => {
                self.found = None;
                self.tell(Some("not found".to_owned()));
            }
        }
        Ok(())
    }
}

/// The state of a typed line after a key.
pub(in crate::command::watch) enum Typing {
    On(String),
    Done(String),
    Cancelled,
}

pub(in crate::command::watch) fn edited(mut typed: String, key: KeyCode) -> Typing {
    match key {
        KeyCode::Enter => return Typing::Done(typed),
        KeyCode::Esc => return Typing::Cancelled,
        KeyCode::Backspace if typed.is_empty() => return Typing::Cancelled,
        KeyCode::Backspace => {
            typed.pop();
        }
        KeyCode::Char(character) => typed.push(character),
        _ => {}
    }
    Typing::On(typed)
}
