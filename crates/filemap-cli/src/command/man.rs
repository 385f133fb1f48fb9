//! `filemap man`: manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::Context;
use crate::args::{Arguments, Man};
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;

pub(super) fn run(context: &Context<'_>, man: &Man) -> Result<()> {
    let mut command = Arguments::shown().disable_help_subcommand(true);
    command.build();
    if let Some(directory) = &man.directory {
        let files = write_all(command, directory).map_err(|error| {
            let shown = directory.to_string_lossy();
            Failure::broken(format!(
                "could not write pages to `{}`: {}; --directory takes a folder",
                Printable(&shown),
                Why(&error)
            ))
        })?;
        return context.output.print(&Written { files });
    }
    let page = match &man.verb {
        None => command,
        Some(verb) => command.find_subcommand(verb).cloned().ok_or_else(|| {
            Failure::broken(format!(
                "could not find a manual page of `{}`: there is no such verb; `filemap --help` lists them",
                Printable(verb)
            ))
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Failure::broken(format!("could not write the page: {}", Why(&error))))?;
    context.output.stream(|out| out.write_all(&text).map_err(|error| Failure::from_output(&error)))
}

fn write_all(command: clap::Command, directory: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(directory)?;
    let verbs: Vec<_> = command.get_subcommands().cloned().collect();
    let mut files = Vec::new();
    for page in [command].into_iter().chain(verbs) {
        let page = clap_mangen::Man::new(page);
        let path = directory.join(page.get_filename());
        let mut text = Vec::new();
        page.render(&mut text)?;
        fs::write(&path, text)?;
        files.push(path.to_string_lossy().into_owned());
    }
    Ok(files)
}

#[derive(Debug, Serialize)]
struct Written {
    files: Vec<String>,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, file) in self.files.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{}", Printable(file))?;
        }
        Ok(())
    }
}
