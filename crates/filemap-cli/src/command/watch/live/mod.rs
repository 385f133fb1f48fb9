//! The live view of `filemap watch`, in a terminal.

mod window;
mod rate;
mod view;
mod screen;

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use ratatui::{DefaultTerminal, Frame};

pub(super) use self::rate::BARS;
pub(super) use self::screen::{ends, fresh_style, help};
use self::view::View;
pub(super) use self::view::{Flow, Typing, edited};
pub(super) use self::window::Freshness;
use super::Watched;
use crate::args::Watch;
use crate::command::Context;
use crate::failure::{Failure, Result, Why};
use crate::sys;

/// The longest time between two drawings: a key is answered and a colour fades within it.
pub(super) const FRAME: Duration = Duration::from_millis(100);

pub(super) fn run(context: &Context<'_>, watch: &Watch) -> Result<()> {
    needs_a_terminal()?;
    let watched = Watched::new(context, watch)?;
    let mut view = View::new(context, &watched, watch)?;
    let interval = watch.interval.into();
    on_screen(|terminal| draw_until_the_end(&mut view, terminal, interval, &watched))?;
    watched.ended()
}

/// Refuses to draw on what is no terminal.
pub(super) fn needs_a_terminal() -> Result<()> {
    if !io::stdout().is_terminal() {
        return Err(Failure::broken(
            "could not watch: standard output is no terminal; --json prints each change as a line",
        ));
    }
    Ok(())
}

/// Shows the bytes from an offset on, until the end or until the fields are asked for.
pub(super) fn bytes(
    context: &Context<'_>,
    watched: &Watched,
    watch: &Watch,
    terminal: &mut DefaultTerminal,
    offset: u64,
) -> Result<Flow> {
    let mut view = View::new(context, watched, watch)?;
    let size = terminal.size().map_err(|error| refused(&error))?;
    view.fit(size.width.into(), size.height.into())?;
    view.go_to(offset)?;
    draw_until_the_end(&mut view, terminal, watch.interval.into(), watched)
}

/// Runs `show` in the terminal, which is restored when that ends.
pub(super) fn on_screen<R>(show: impl FnOnce(&mut DefaultTerminal) -> Result<R>) -> Result<R> {
    let mut terminal = ratatui::try_init().map_err(|error| refused(&error))?;
    let shown = show(&mut terminal);
    drop(ratatui::try_restore());
    // It fails only if the terminal is gone, and then nothing is left to restore. Dropped, it would say
    // so on standard error, and panic where that is the same terminal.
    if terminal.show_cursor().is_err() {
        Box::leak(Box::new(terminal));
    }
    shown
}

pub(super) fn refused(error: &io::Error) -> Failure {
    Failure::broken(format!("could not use the terminal: {}", Why(error)))
}

fn draw_until_the_end(
    view: &mut View<'_>,
    terminal: &mut DefaultTerminal,
    interval: Duration,
    watched: &Watched,
) -> Result<Flow> {
    let mut due = Instant::now();
    while !watched.is_interrupted() {
        let now = Instant::now();
        // Before the first read, which needs to know how many bytes fit on the screen.
        let size = terminal.size().map_err(|error| refused(&error))?;
        view.fit(size.width.into(), size.height.into())?;
        if now >= due {
            view.look(now)?;
            due = now + interval;
        }
        if draw(terminal, |frame| screen::draw(frame, view, now))? == Flow::End {
            break;
        }
        let wait = due.saturating_duration_since(Instant::now()).min(FRAME);
        match keys(wait, |key| view.press(key))? {
            Flow::On => {}
            other => return Ok(other),
        }
    }
    Ok(Flow::End)
}

/// Draws; it is the end if the terminal is gone.
pub(super) fn draw(
    terminal: &mut DefaultTerminal,
    draw: impl FnOnce(&mut Frame<'_>),
) -> Result<Flow> {
    match terminal.draw(draw) {
        Ok(_) => Ok(Flow::On),
        Err(_) if sys::wait_for_keys(Duration::ZERO).is_none() => Ok(Flow::End),
        Err(error) => Err(refused(&error)),
    }
}

/// Waits for keys, and lets `press` handle those that are there, until one does more than go on.
pub(super) fn keys(
    wait: Duration,
    mut press: impl FnMut(KeyEvent) -> Result<Flow>,
) -> Result<Flow> {
    let Some(left) = sys::wait_for_keys(wait) else { return Ok(Flow::End) };
    if !event::poll(left).map_err(|error| refused(&error))? {
        return Ok(Flow::On);
    }
    // All waiting keys before the next drawing, so that held keys do not pile up.
    loop {
        if let Event::Key(key) = event::read().map_err(|error| refused(&error))?
            && key.kind != KeyEventKind::Release
        {
            match press(key)? {
                Flow::On => {}
                Flow::Interrupted => return Err(Failure::Interrupted(sys::INTERRUPTED)),
                other => return Ok(other),
            }
        }
        if sys::wait_for_keys(Duration::ZERO).is_none() {
            return Ok(Flow::End);
        }
        if !event::poll(Duration::ZERO).map_err(|error| refused(&error))? {
            return Ok(Flow::On);
        }
    }
}
