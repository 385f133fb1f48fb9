//! Fields as they change: a table in the terminal, or lines of JSON.

mod table;
mod rows;
mod screen;
mod changes;

use std::time::{Duration, Instant, SystemTime};

use filemap_layout::{Glob, Snapshot};
use ratatui::DefaultTerminal;

pub(super) use self::changes::print;
use self::table::Table;
use super::live::{self, FRAME, Flow, on_screen};
use super::{Watched, is_live};
use crate::args::Watch;
use crate::command::Context;
use crate::failure::{Failure, Result};
use crate::meaning::{Meant, file_and_type};
use crate::shipped;

/// How long a mutex is waited for before keys are seen to.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often the file of the layout is looked at, and the name.
const LIFE: Duration = Duration::from_secs(1);

/// What is watched, with its meaning, which is read again when its file changes.
#[derive(Debug)]
struct Fields<'a> {
    context: &'a Context<'a>,
    watch: &'a Watch,
    watched: &'a Watched,
    meant: Meant,
    glob: Option<Glob>,
    /// When the file of the layout was changed.
    changed: Option<SystemTime>,
    looks: u64,
    torn: u64,
}

impl<'a> Fields<'a> {
    fn new(context: &'a Context<'_>, watch: &'a Watch, watched: &'a Watched) -> Result<Self> {
        if watch.part.length.is_some() || watch.rows.columns.is_some() {
            return Err(Failure::usage(
                "--length and --columns are about bytes, and fields have a layout",
            ));
        }
        let len = watched.source.len()?.saturating_sub(watched.start);
        let meant = Meant::of(&watch.meaning, watch.rows.words(), &context.registry, len)?;
        let glob = watch.fields.as_deref().map(Glob::new);
        let mut fields =
            Self { context, watch, watched, meant, glob, changed: None, looks: 0, torn: 0 };
        fields.changed = fields.time_of_file();
        Ok(fields)
    }

    fn look(&mut self) -> Result<Snapshot<'_>> {
        let source = &self.watched.source;
        let snapshot = self.meant.look(source.io(), self.watched.start, source.len()?, PATIENCE)?;
        self.looks += 1;
        self.torn += u64::from(!snapshot.is_whole());
        Ok(snapshot)
    }

    fn time_of_file(&self) -> Option<SystemTime> {
        let (path, _) = file_and_type(self.watch.meaning.layout.as_ref()?);
        let metadata = path.metadata().or_else(|error| match path.to_str() {
            Some(name) if !name.contains(['/', '\\']) => {
                shipped::own_path(name).ok_or(error)?.metadata()
            }
            _ => Err(error),
        });
        metadata.ok()?.modified().ok()
    }

    /// Reads the layout again if its file has changed, and returns whether it has.
    fn refresh(&mut self) -> Result<bool> {
        let now = self.time_of_file();
        if now.is_none() || now == self.changed {
            return Ok(false);
        }
        self.changed = now;
        let len = self.watched.source.len()?.saturating_sub(self.watched.start);
        self.meant.again(&self.watch.meaning, len)?;
        Ok(true)
    }

    fn is_live(&self) -> bool {
        is_live(self.watched, &self.context.registry)
    }
}

/// Shows the table, and the bytes of a field while they are asked for, until the end.
pub(super) fn run(context: &Context<'_>, watch: &Watch) -> Result<()> {
    live::needs_a_terminal()?;
    let watched = Watched::new(context, watch)?;
    let fields = Fields::new(context, watch, &watched)?;
    let mut table = Table::new(fields)?;
    on_screen(|terminal| {
        while let Flow::Bytes(offset) = shown(&mut table, terminal, &watched)? {
            let place = watched.start + offset;
            if live::bytes(context, &watched, watch, terminal, place)? != Flow::Fields {
                break;
            }
        }
        Ok(())
    })?;
    watched.ended()
}

fn shown(table: &mut Table<'_>, terminal: &mut DefaultTerminal, watched: &Watched) -> Result<Flow> {
    let interval: Duration = table.fields.watch.interval.into();
    let mut due = Instant::now();
    let mut life = Instant::now();
    while !watched.is_interrupted() {
        let now = Instant::now();
        if now >= life {
            table.check();
            life = now + LIFE;
        }
        if now >= due {
            table.look(now)?;
            due = now + interval;
        }
        if live::draw(terminal, |frame| screen::draw(frame, table, now))? == Flow::End {
            break;
        }
        let wait = due.saturating_duration_since(Instant::now()).min(FRAME);
        match live::keys(wait, |key| Ok(table.press(key)))? {
            Flow::On => {}
            other => return Ok(other),
        }
    }
    Ok(Flow::End)
}
