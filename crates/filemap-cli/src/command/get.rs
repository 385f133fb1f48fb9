//! `filemap get`: prints the object at an offset as JSON.

use std::error::Error;
use std::fmt;

use filemap::ErrorKind;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Get;
use crate::failure::{Failure, Result};
use crate::output::is_printable;
use crate::target::{Purpose, Target};
use crate::to_json::ToJson;

pub(super) fn run(context: &Context<'_>, get: &Get) -> Result<()> {
    let target = Target::find(&get.target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Reading)?;
    let offset = get.offset.within(file.len()?, &target)?;
    let ToJson(object) = file.read_object(offset).map_err(|error| match error.source() {
        Some(source) if error.kind() == ErrorKind::MismatchedObject => Failure::broken_as(
            ErrorKind::MismatchedObject,
            format!("could not print the object at offset {offset} of {target} as JSON: {source}"),
        ),
        _ => error.into(),
    })?;
    let object = RawValue::from_string(object)
        .map_err(|error| Failure::broken(format!("could not write JSON: {error}")))?;
    context.output.print(&Object(object))
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Object(Box<RawValue>);

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a terminal would act upon can only be in strings, where its escape means the same.
        for character in self.0.get().chars() {
            if is_printable(character) {
                write!(f, "{character}")?;
            } else {
                write!(f, "\\u{:04x}", u32::from(character))?;
            }
        }
        Ok(())
    }
}
