//! `filemap get`: the object at an offset, as JSON.

use std::fmt;

use filemap::Json;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Get;
use crate::failure::Result;
use crate::output::Printable;
use crate::target::{Purpose, Target};

pub(super) fn run(context: &Context<'_>, get: &Get) -> Result<()> {
    let target = Target::find(&get.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let offset = get.offset.within(file.len()?, &target)?;
    let object: Box<RawValue> = file.read_object_with::<Json, _>(offset)?;
    context.output.print(&Object(object))
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Object(Box<RawValue>);

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // JSON's own line breaks stay; what else controls a terminal can only be in a string,
        // where the escape means the same.
        for (index, line) in self.0.get().lines().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", Printable(line))?;
        }
        Ok(())
    }
}
