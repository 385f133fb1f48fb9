//! `filemap put`: stores an object, given as JSON, at an offset.

use std::borrow::Cow;
use std::fmt;
use std::io;

use filemap::{Codec, ErrorKind, MessagePack};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Context;
use crate::args::Put;
use crate::failure::{Failure, Result};
use crate::from_json::FromJson;
use crate::size::Counted;
use crate::target::Target;
use crate::written::{Making, Written};

pub(super) fn run(context: &Context<'_>, put: &Put) -> Result<()> {
    let (target, object) = put.target_and_object()?;
    let text = match object.to_str() {
        Some("-") => Cow::Owned(io::read_to_string(io::stdin()).map_err(|error| {
            Failure::broken(format!("could not read the object as JSON: {error}"))
        })?),
        Some(text) => Cow::Borrowed(text),
        None => return Err(Failure::broken("could not read the object as JSON: it is not UTF-8")),
    };
    // Checked, and kept as it was written: what does not fit is told, and not rounded.
    let object: &RawValue = serde_json::from_str(&text).map_err(|error| {
        Failure::broken_as(
            ErrorKind::UnencodableObject,
            format!("could not read the object as JSON: {error}"),
        )
    })?;
    // Looked at before a file is made for it.
    MessagePack::size(&FromJson(object)).map_err(|error| {
        Failure::broken_as(
            ErrorKind::UnencodableObject,
            format!("could not store the object: {error}"),
        )
    })?;
    let target = Target::find(&target, &context.registry)?;
    let file = Written::open(&target, &context.registry, Making::AtOnce)?;
    let offset = put.offset.within(file.len()?, &target)?;
    let size = file.write_object(offset, &FromJson(object))?;
    file.finish()?;
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
        write!(f, "stored an object of {} at offset {offset} of {target}", Counted(*size))
    }
}
