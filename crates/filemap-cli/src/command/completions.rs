//! `filemap completions`: completion scripts for shells.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::Context;
use crate::args::{Arguments, Completions};
use crate::failure::{Failure, Result};

pub(super) fn run(context: &Context<'_>, completions: &Completions) -> Result<()> {
    // Into memory first: the generator panics if standard output is closed.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::shown(), "filemap", &mut script);
    context
        .output
        .stream(|out| out.write_all(&script).map_err(|error| Failure::from_output(&error)))
}

impl Arguments {
    /// Returns the command without its hidden verbs.
    pub(super) fn shown() -> clap::Command {
        let command = Self::command();
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let verbs: Vec<_> = verbs.cloned().collect();
        // clap cannot remove a subcommand, so the command is built again.
        let bare = clap::Command::new("filemap").subcommands(verbs);
        let options: Vec<_> = command.get_arguments().cloned().collect();
        let told = |text: Option<&clap::builder::StyledStr>| text.cloned().unwrap_or_default();
        bare.args(options)
            .version(env!("CARGO_PKG_VERSION"))
            .about(told(command.get_about()))
            .long_about(told(command.get_long_about()))
            .after_help(told(command.get_after_help()))
            .subcommand_required(true)
    }
}
