//! The arguments of the verbs that print shell completions and manual pages.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_complete::Shell;

/// Print a shell's completion script for this command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap completions bash > ~/.local/share/bash-completion/completions/filemap
  source <(filemap completions bash)                                      in this shell alone
  filemap completions zsh > ~/.zfunc/_filemap                             with ~/.zfunc in $fpath
  filemap completions fish > ~/.config/fish/completions/filemap.fish
  filemap completions powershell | Out-String | Invoke-Expression")]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

/// Print a manual page, or write all of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filemap man | man -l -                    the page of the command
  filemap man read | man -l -               that of a verb
  filemap man --directory ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// A verb; the whole command, if none is given.
    #[arg(value_name = "VERB")]
    pub(crate) verb: Option<String>,
    /// Write all pages into this directory, which is created if it does not exist.
    #[arg(long, value_name = "DIR", conflicts_with = "verb", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,
}
