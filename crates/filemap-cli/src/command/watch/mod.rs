//! `filemap watch`: bytes as they change, live in the terminal or as lines of JSON.

mod source;
mod window;
mod rate;
mod view;
mod screen;
mod changes;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use self::source::Source;
use self::view::{Flow, View};
use super::Context;
use crate::args::Watch;
use crate::failure::{Failure, Result};
use crate::sys;
use crate::target::Target;

/// How long a key waits for the screen at most, and a fading byte for its next shade.
const FRAME: Duration = Duration::from_millis(100);

pub(super) fn run(context: &Context<'_>, watch: &Watch) -> Result<()> {
    let is_live_view = !context.output.is_json();
    if is_live_view && !io::stdout().is_terminal() {
        return Err(Failure::broken(
            "could not watch: standard output is no terminal; --json prints each change as a line",
        ));
    }
    let target = Target::find(&watch.target, &context.registry)?;
    let source = Source::open(target, &context.registry)?;
    let len = source.len()?;
    let start = watch.part.offset.inside(len, source.target())?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    sys::listen(move |_| flag.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::broken(format!("could not wait for Ctrl-C: {error}")))?;
    if !is_live_view {
        return changes::print(context.output, &source, start, watch, &interrupted);
    }
    let mut view = View::new(context, source, start, watch)?;
    let mut terminal = Screen::enter()?;
    live(&mut view, &mut terminal.terminal, watch.interval.into(), &interrupted)
}

/// The terminal, given back as it was when this is dropped.
struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    fn enter() -> Result<Self> {
        let terminal = ratatui::try_init().map_err(|error| refused(&error))?;
        Ok(Self { terminal })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that has gone away needs nothing any more.
        drop(ratatui::try_restore());
    }
}

fn refused(error: &io::Error) -> Failure {
    Failure::broken(format!("could not use the terminal: {error}"))
}

fn live(
    view: &mut View<'_>,
    terminal: &mut DefaultTerminal,
    interval: Duration,
    interrupted: &AtomicBool,
) -> Result<()> {
    let mut due = Instant::now();
    while !interrupted.load(Ordering::Relaxed) {
        let now = Instant::now();
        // The first look fills the screen, so it must be known how much that is.
        let size = terminal.size().map_err(|error| refused(&error))?;
        view.fit(size.width.into(), size.height.into())?;
        if now >= due {
            view.look(now)?;
            due = now + interval;
        }
        terminal.draw(|frame| screen::draw(frame, view, now)).map_err(|error| refused(&error))?;
        let wait = due.saturating_duration_since(Instant::now()).min(FRAME);
        if !event::poll(wait).map_err(|error| refused(&error))? {
            continue;
        }
        // Whatever is there already, before the next drawing: held keys do not pile up.
        loop {
            if let Event::Key(key) = event::read().map_err(|error| refused(&error))?
                && key.kind != KeyEventKind::Release
                && view.press(key)? == Flow::End
            {
                return Ok(());
            }
            if !event::poll(Duration::ZERO).map_err(|error| refused(&error))? {
                break;
            }
        }
    }
    Ok(())
}
