//! `filemap watch`: bytes as they change, live in the terminal or as lines of JSON.

mod source;
mod changes;
#[cfg(feature = "sight")]
mod live;
#[cfg(feature = "sight")]
mod fields;

use std::thread;
use std::time::{Duration, Instant};

use self::source::Source;
use super::Context;
use crate::args::Watch;
use crate::failure::{Failure, Result};
use crate::interruption::Interruption;
use crate::target::Target;

/// The time between two looks for what does not exist yet.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn run(context: &Context<'_>, watch: &Watch) -> Result<()> {
    if watch.meaning.is_given(watch.rows.kind.as_ref()) {
        return fields(context, watch);
    }
    watch.meaning.refuse_needless(&[(watch.fields.is_some(), "--fields")])?;
    if context.output.is_json() {
        let watched = Watched::new(context, watch)?;
        return changes::print(context, &watched, watch);
    }
    show(context, watch)
}

#[cfg(feature = "sight")]
fn fields(context: &Context<'_>, watch: &Watch) -> Result<()> {
    if context.output.is_json() {
        let watched = Watched::new(context, watch)?;
        return fields::print(context, &watched, watch);
    }
    fields::run(context, watch)
}

#[cfg(not(feature = "sight"))]
fn fields(_context: &Context<'_>, _watch: &Watch) -> Result<()> {
    Err(super::lacking::failure("watch fields", "no layouts"))
}

#[cfg(feature = "sight")]
use self::live::run as show;

#[cfg(not(feature = "sight"))]
fn show(_context: &Context<'_>, _watch: &Watch) -> Result<()> {
    let lacking = super::lacking::failure("watch", "no live view");
    Err(lacking.leaving("--json prints each change as a line"))
}

/// Returns whether the name still leads to these bytes. A file has no name to lose.
fn is_live(watched: &Watched, registry: &filemap::Registry) -> bool {
    match watched.source.target() {
        Target::File(_) => true,
        Target::Name(entry) => registry
            .inspect(entry.name())
            .is_ok_and(|now| now.is_live() && now.created() == entry.created()),
    }
}

/// Finds the target, and waits for it as long as was asked for.
fn found(context: &Context<'_>, watch: &Watch, interruption: &Interruption) -> Result<Target> {
    let patience = watch.wait.map_or(Duration::ZERO, Into::into);
    let begun = Instant::now();
    loop {
        let found = Target::find(&watch.target, &context.registry);
        let is_there = match &found {
            Ok(Target::File(path)) => path.exists(),
            Ok(Target::Name(entry)) => entry.is_live(),
            Err(failure) if failure.is_not_found() => false,
            Err(_) => true,
        };
        let left = patience.saturating_sub(begun.elapsed());
        if is_there || left.is_zero() {
            return found;
        }
        if interruption.is_there() {
            return Err(interruption.failure("could not wait any longer: interrupted"));
        }
        thread::sleep(PAUSE.min(left));
    }
}

/// Tells programs that read changes when there will be no more, as the name is gone.
#[derive(Debug)]
struct Life {
    asked: Instant,
}

impl Life {
    /// The time between two looks whether the name is there.
    const PAUSE: Duration = Duration::from_millis(200);

    fn new() -> Self {
        Self { asked: Instant::now() }
    }

    /// Returns whether the name is gone, and says so: what is read after it are the last bytes.
    fn is_over(&mut self, context: &Context<'_>, watched: &Watched) -> bool {
        if self.asked.elapsed() < Self::PAUSE {
            return false;
        }
        self.asked = Instant::now();
        let is_over = !is_live(watched, &context.registry);
        if is_over {
            context.output.note("its name is gone");
        }
        is_over
    }
}

/// What is watched, and until when.
#[derive(Debug)]
struct Watched {
    source: Source,
    /// The first watched byte.
    start: u64,
    /// Set by Ctrl-C and by a request to end.
    interruption: Interruption,
}

impl Watched {
    fn new(context: &Context<'_>, watch: &Watch) -> Result<Self> {
        let interruption = Interruption::listen()?;
        let target = found(context, watch, &interruption)?;
        let source = Source::open(target, &context.registry)?;
        let start = watch.part.offset.inside(source.len()?, source.target())?;
        Ok(Self { source, start, interruption })
    }

    fn is_interrupted(&self) -> bool {
        self.interruption.is_there()
    }

    /// Returns the outcome: watching has no end of its own, and an interrupt has its exit code.
    fn ended(&self) -> Result<()> {
        self.interruption.code().map_or(Ok(()), |code| Err(Failure::Interrupted(code)))
    }
}
