//! `filemap put`: an object, given as JSON, to an offset.

use std::borrow::Cow;
use std::fmt;
use std::io;

use filemap::{ErrorKind, Json};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Put;
use crate::failure::{Failure, Result};
use crate::target::{Purpose, Target};

pub(super) fn run(context: &Context<'_>, put: &Put) -> Result<()> {
    let (target, object) = put.target_and_object()?;
    let text = match object.to_str() {
        Some("-") => Cow::Owned(io::read_to_string(io::stdin()).map_err(|error| {
            Failure::broken(format!("could not read the object as JSON: {error}"))
        })?),
        Some(text) => Cow::Borrowed(text),
        None => return Err(Failure::broken("could not read the object as JSON: it is not UTF-8")),
    };
    // Checked, and kept as it was written: a number with thirty digits stays what it is.
    let object: &RawValue = serde_json::from_str(&text).map_err(|error| {
        Failure::broken_as(
            ErrorKind::UnencodableObject,
            format!("could not read the object as JSON: {error}"),
        )
    })?;
    let target = Target::find(&target, &context.registry)?;
    let file = target.open(&context.registry, Purpose::Writing)?;
    let offset = put.offset.within(file.len()?, &target)?;
    let size = file.write_object_with::<Json, _>(offset, object)?;
    file.close()?;
    context.output.print(&Stored { target: target.to_string(), offset, size })
}

#[derive(Debug, Serialize)]
struct Stored {
    target: String,
    offset: u64,
    size: u64,
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, offset, size } = self;
        write!(f, "stored an object of {size} bytes at offset {offset} of {target}")
    }
}
