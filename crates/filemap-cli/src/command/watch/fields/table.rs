//! The state of the table, and what each key changes in it.

use std::collections::HashSet;
use std::time::Instant;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::live::{Flow, Typing, edited};
use super::Fields;
use super::rows::{Row, SAMPLES, What, are_of, folded, keys_of, rows_of};
use crate::command::read::chosen;
use crate::failure::{Failure, Result};

/// What keys are typed into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    Watching,
    Help,
    /// The line after `/`: a part of a path.
    Search(String),
}

/// Everything that the screen shows.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) rows: Vec<Row>,
    pub(super) memory: Vec<u8>,
    folded: HashSet<String>,
    /// The rows that are not folded away.
    pub(super) shown: Vec<usize>,
    /// The one of those that the keys are about.
    pub(super) selected: usize,
    /// The first of those on the screen.
    pub(super) top: usize,
    pub(super) height: usize,
    /// Whether fields that have not changed are left out.
    pub(super) changes_alone: bool,
    pub(super) paused: bool,
    pub(super) live: bool,
    pub(super) colour: bool,
    pub(super) mode: Mode,
    pub(super) message: Option<String>,
    sought: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(mut fields: Fields<'a>) -> Result<Self> {
        let colour = fields.context.output.has_colour();
        let message = fields.meant.told();
        let glob = fields.glob.clone();
        let snapshot = fields.look()?;
        // Of what is chosen, each pattern fits something; rows may come and go later.
        drop(chosen(&snapshot, glob.as_ref())?);
        let rows = rows_of(&snapshot, glob.as_ref())?;
        let memory = snapshot.bytes().to_vec();
        let folded = if rows.len() > 40 { folded(&rows) } else { HashSet::new() };
        let mut table = Self {
            fields,
            rows,
            memory,
            folded,
            shown: Vec::new(),
            selected: 0,
            top: 0,
            height: 1,
            changes_alone: false,
            paused: false,
            live: true,
            colour,
            mode: Mode::Watching,
            message,
            sought: String::new(),
        };
        table.show();
        Ok(table)
    }

    /// Looks whether the name is still there, and whether the layout has changed.
    pub(super) fn check(&mut self) {
        self.live = self.fields.is_live();
        match self.fields.refresh() {
            Ok(false) => {}
            Ok(true) => {
                self.tell("the layout was read again");
                self.rebuild();
            }
            Err(failure) => self.told(&failure),
        }
    }

    fn told(&mut self, failure: &Failure) {
        self.message = failure.reason().map(ToString::to_string);
    }

    fn tell(&mut self, message: &str) {
        self.message = Some(message.to_owned());
    }

    /// Makes the rows anew; those that stay keep their times and values.
    fn rebuild(&mut self) {
        let glob = self.fields.glob.clone();
        let made = self.fields.look().and_then(|snapshot| {
            Ok((rows_of(&snapshot, glob.as_ref())?, snapshot.bytes().to_vec()))
        });
        match made {
            Ok((mut rows, memory)) => {
                for (new, old) in rows.iter_mut().zip(&mut self.rows) {
                    if new.path == old.path {
                        new.changed = old.changed;
                        new.history = std::mem::take(&mut old.history);
                    }
                }
                (self.rows, self.memory) = (rows, memory);
                self.show();
            }
            Err(failure) => self.told(&failure),
        }
    }

    /// Copies the memory, unless the table is paused, and notes which fields have changed.
    pub(super) fn look(&mut self, now: Instant) -> Result<()> {
        if self.paused {
            return Ok(());
        }
        let glob = self.fields.glob.clone();
        let snapshot = match self.fields.look() {
            Ok(snapshot) => snapshot,
            // What was cut off may come back, so the table goes on and shows the error.
            Err(failure @ Failure::Broken(_)) => {
                self.told(&failure);
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let memory = snapshot.bytes().to_vec();
        if !snapshot.layout().sections().is_empty() {
            if !are_of(&self.rows, &snapshot, glob.as_ref()) {
                self.rebuild();
                return Ok(());
            }
            let mut keys = keys_of(&snapshot)?;
            for row in &mut self.rows {
                if let What::Group { key, .. } = &mut row.what {
                    *key = keys.remove(&row.path).flatten();
                }
            }
        }
        let visible: HashSet<usize> =
            self.shown.iter().skip(self.top).take(self.height).copied().collect();
        for (at, row) in self.rows.iter_mut().enumerate() {
            let Some(leaf) = row.leaf() else { continue };
            let is_new = leaf.bytes(&memory) != leaf.bytes(&self.memory);
            let sample = if is_new || (visible.contains(&at) && !row.history.is_empty()) {
                leaf.value(&memory).and_then(|value| value.number())
            } else {
                None
            };
            if is_new {
                row.changed = Some(now);
            }
            if let Some(sample) = sample {
                row.history.push_back(sample);
                if row.history.len() > SAMPLES {
                    row.history.pop_front();
                }
            }
        }
        self.memory = memory;
        if self.changes_alone {
            self.show();
        }
        Ok(())
    }

    /// Finds out which rows are shown, and keeps the selected one.
    fn show(&mut self) {
        let kept = self.shown.get(self.selected).copied();
        self.shown.clear();
        // The depth of the outermost folded group that rows are in.
        let mut hidden = usize::MAX;
        for (at, row) in self.rows.iter().enumerate() {
            if self.changes_alone {
                if row.changed.is_some() {
                    self.shown.push(at);
                }
                continue;
            }
            if row.depth > hidden {
                continue;
            }
            let is_folded = self.is_folded(row);
            hidden = if is_folded { row.depth } else { usize::MAX };
            self.shown.push(at);
        }
        let kept = kept.map(|kept| self.shown.partition_point(|at| *at < kept));
        self.select(kept.unwrap_or(0));
    }

    pub(super) fn is_folded(&self, row: &Row) -> bool {
        matches!(row.what, What::Group { .. }) && self.folded.contains(&row.path)
    }

    fn select(&mut self, at: usize) {
        self.selected = at.min(self.shown.len().saturating_sub(1));
        self.scroll();
    }

    /// Adapts the table to a screen with this many rows.
    pub(super) fn fit(&mut self, height: usize) {
        self.height = height.max(1);
        self.scroll();
    }

    fn scroll(&mut self) {
        let last = self.shown.len().saturating_sub(self.height);
        let least = (self.selected + 1).saturating_sub(self.height);
        self.top = self.top.clamp(least.min(self.selected), self.selected).min(last.max(least));
    }

    pub(super) fn row(&self) -> Option<&Row> {
        self.rows.get(*self.shown.get(self.selected)?)
    }

    /// Handles a key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Flow {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c')) {
            return Flow::Interrupted;
        }
        match std::mem::replace(&mut self.mode, Mode::Watching) {
            Mode::Watching => return self.watch(key.code),
            // Any key closes it.
            Mode::Help => {}
            Mode::Search(typed) => match edited(typed, key.code) {
                Typing::On(typed) => self.mode = Mode::Search(typed),
                Typing::Done(typed) => {
                    // As in pagers, an empty line repeats the last search.
                    if !typed.is_empty() {
                        self.sought = typed.to_lowercase();
                    }
                    self.search(true);
                }
                Typing::Cancelled => {}
            },
        }
        Flow::On
    }

    fn watch(&mut self, key: KeyCode) -> Flow {
        self.message = None;
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return Flow::End,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char(' ' | 'p') => self.paused = !self.paused,
            KeyCode::Down | KeyCode::Char('j') => self.select(self.selected + 1),
            KeyCode::Up | KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            KeyCode::PageDown => self.select(self.selected + self.height),
            KeyCode::PageUp => self.select(self.selected.saturating_sub(self.height)),
            KeyCode::Home | KeyCode::Char('g') => self.select(0),
            KeyCode::End | KeyCode::Char('G') => self.select(usize::MAX),
            KeyCode::Enter | KeyCode::Tab => self.turn(None),
            KeyCode::Left => self.turn(Some(true)),
            KeyCode::Right => self.turn(Some(false)),
            KeyCode::Char('c') => {
                self.changes_alone = !self.changes_alone;
                self.show();
            }
            KeyCode::Char('/') => self.mode = Mode::Search(String::new()),
            KeyCode::Char('n') => self.search(true),
            KeyCode::Char('N') => self.search(false),
            KeyCode::Char('b') => return Flow::Bytes(self.offset()),
            _ => {}
        }
        Flow::On
    }

    /// The offset of the selected field, or of the first one in a group.
    fn offset(&self) -> u64 {
        let rows = self.shown.get(self.selected).map_or(&[][..], |at| &self.rows[*at..]);
        rows.iter().find_map(Row::leaf).map_or(0, |leaf| leaf.offset)
    }

    /// Folds the selected group, or the one that the selected field is in.
    fn turn(&mut self, fold: Option<bool>) {
        let Some(at) = self.shown.get(self.selected).copied() else { return };
        let row = &self.rows[at];
        let is_group = matches!(row.what, What::Group { .. });
        let group = match (is_group, fold) {
            (true, Some(true)) if self.is_folded(row) => self.outer(at),
            (true, _) => Some(at),
            (false, Some(true)) => self.outer(at),
            (false, _) => None,
        };
        let Some(group) = group else { return };
        let path = self.rows[group].path.clone();
        let folds = fold.unwrap_or(!self.folded.contains(&path));
        if folds {
            self.folded.insert(path);
        } else {
            self.folded.remove(&path);
        }
        self.show();
        if let Ok(place) = self.shown.binary_search(&group) {
            self.select(place);
        }
    }

    /// Returns the group that a row is in.
    fn outer(&self, at: usize) -> Option<usize> {
        let depth = self.rows[at].depth;
        (0..at).rev().find(|before| self.rows[*before].depth < depth)
    }

    /// Selects the next field whose path has the text, or the one before, around the ends.
    fn search(&mut self, forward: bool) {
        if self.sought.is_empty() {
            self.tell("nothing to search for yet: / begins a search");
            return;
        }
        let count = self.rows.len();
        let from = self.shown.get(self.selected).copied().unwrap_or(0);
        let fits = |at: &usize| self.rows[*at].path.to_lowercase().contains(&self.sought);
        let found = (1..=count)
            .map(|step| if forward { (from + step) % count } else { (from + count - step) % count })
            .find(fits);
        let Some(found) = found else {
            self.tell("not found");
            return;
        };
        self.changes_alone = false;
        let mut at = found;
        while let Some(outer) = self.outer(at) {
            self.folded.remove(&self.rows[outer].path);
            at = outer;
        }
        self.show();
        if let Ok(place) = self.shown.binary_search(&found) {
            self.select(place);
        }
    }
}
