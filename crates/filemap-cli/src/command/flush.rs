//! `filemap flush`: writes modified bytes to the disk.

use std::fmt;

use serde::Serialize;

use super::Context;
use crate::args::Flush;
use crate::failure::Result;
use crate::size::Counted;
use crate::target::{Purpose, Target};

pub(super) fn run(context: &Context<'_>, flush: &Flush) -> Result<()> {
    let target = Target::find(&flush.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Changing)?;
    let len = file.len()?;
    let offset = flush.part.offset.inside(len, &target)?;
    let length = flush.part.length.unwrap_or(u64::MAX).min(len - offset);
    file.flush_range(offset, length, flush.until)?;
    file.close()?;
    let until = flush.until.to_string();
    context.output.print(&Flushed { target: target.to_string(), offset, length, until })
}

#[derive(Debug, Serialize)]
struct Flushed {
    target: String,
    offset: u64,
    length: u64,
    until: String,
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, offset, length, until } = self;
        let what = match until.as_str() {
            "start" => "began to write",
            _ => "flushed",
        };
        write!(f, "{what} {} at offset {offset} of {target}", Counted(*length))
    }
}
