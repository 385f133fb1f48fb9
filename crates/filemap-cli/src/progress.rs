//! The progress bar of long tasks, on a terminal.

use std::io;
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::output::Output;
use crate::sys;

/// The most drawings per second.
const RATE: u8 = 10;

/// A progress bar, hidden if standard error is no terminal. It is cleared when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts a bar for a task of `total` bytes, or of an unknown number.
    pub(crate) fn new(output: Output, total: Option<u64>) -> Self {
        let width = usize::from(Narrower(Term::stderr()).width());
        let bar = ProgressBar::with_draw_target(total, target(output));
        let template = match total {
            // Too narrow for all figures.
            Some(_) if width < 60 => "{percent:>3}% {wide_bar} {binary_bytes_per_sec}",
            Some(_) => {
                "{percent:>3}% {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}"
            }
            None => "{spinner} {binary_bytes} {binary_bytes_per_sec} {elapsed}",
        };
        let (chars, ticks) = if sys::shows_unicode() {
            ("█▉▊▋▌▍▎▏ ", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
        } else {
            ("#>-", "-\\|/ ")
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars(chars).tick_chars(ticks));
        }
        // So that time and rate go on while no byte is copied.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Starts a line of which each state is [said](Self::say).
    #[cfg(feature = "sight")]
    pub(crate) fn line(output: Output) -> Self {
        let bar = ProgressBar::with_draw_target(None, target(output));
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Returns whether anybody sees it.
    #[cfg(feature = "sight")]
    pub(crate) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Shows this in place of what was shown.
    #[cfg(feature = "sight")]
    pub(crate) fn say(&self, line: String) {
        self.bar.set_message(line);
        self.bar.tick();
    }

    /// Adds bytes that are done.
    pub(crate) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

/// Returns where progress is drawn.
fn target(output: Output) -> ProgressDrawTarget {
    // Standard error, because standard output may be the destination of a copy.
    let terminal = Narrower(Term::stderr());
    if output.is_json() || !terminal.0.is_term() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::term_like_with_hz(Box::new(terminal), RATE)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A terminal that reports less than its width: a bar that wraps, if only by the `^C` that the
/// terminal echoes, could not be cleared.
#[derive(Debug)]
struct Narrower(Term);

impl TermLike for Narrower {
    fn width(&self) -> u16 {
        const ROOM: u16 = 3;
        TermLike::width(&self.0).saturating_sub(ROOM).max(1)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
