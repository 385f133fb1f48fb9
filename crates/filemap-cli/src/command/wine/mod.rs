//! `filemap wine`: names that native programs share with those under Wine.
//!
//! Names of a prefix are kept by its wineserver, and made, listed and opened from inside alone, by a
//! small program for Windows (`crates/filemap-wine`). `docs/wine.md` says which way leads where.

mod field;
mod work;
mod helper;
mod refusals;
mod profile;
mod profiles;
mod prefix;
mod launch;
mod run;
mod ls;
mod learn;
mod attach;
mod mirror;
mod publish;

use std::process::ExitCode;

use super::Context;
use crate::args::{Wine, WineReceiver, WineVerb};
use crate::failure::{Failure, Result, Why};
use crate::sys;

pub(super) use self::work::sweep;

pub(super) fn run(context: &Context<'_>, wine: &Wine) -> Result<ExitCode> {
    if sys::HAS_KERNEL32 {
        return Err(Failure::broken(
            "could not help: this system runs programs for Windows itself, and their names are \
             everybody's",
        ));
    }
    match &wine.verb {
        WineVerb::Run(run) => run::run(context, run),
        WineVerb::Attach(attach) => attach::run(context, attach),
        WineVerb::Mirror(mirror) => mirror::run(context, mirror),
        WineVerb::Publish(publish) => publish::run(context, publish),
        WineVerb::Learn(learn) => learn::run(context, learn).map(|()| ExitCode::SUCCESS),
        WineVerb::Profiles(profiles) => {
            profiles::run(context, profiles).map(|()| ExitCode::SUCCESS)
        }
        WineVerb::Ls(ls) => ls::run(context, ls).map(|()| ExitCode::SUCCESS),
    }
}

/// Hands standard input, which Wine has made of a section, to the `attach` that waits for it.
pub(super) fn hand_over(receiver: &WineReceiver) -> Result<()> {
    sys::hand_over_input(&receiver.socket, receiver.number)
        .map_err(|error| Failure::broken(format!("could not hand memory over: {}", Why(&error))))
}
