//! `filemap wine profiles`: the profiles that there are, or what one has.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::profile::{self, Found, Profile, ProfileMap};
use crate::args::WineProfiles;
use crate::command::Context;
use crate::failure::Result;
use crate::output::{self, Printable};
use crate::size::Readable;

pub(super) fn run(context: &Context<'_>, profiles: &WineProfiles) -> Result<()> {
    if let Some(word) = &profiles.profile {
        return context.output.print(&Shown::new(profile::find(word)?));
    }
    let mut list = Vec::new();
    for name in profile::names()? {
        list.push(match profile::find(&name) {
            Ok(Found { name, path, profile: Profile { title, .. } }) => {
                Listed { name, title, path, why_not: None }
            }
            // The others can be used.
            Err(failure) => {
                let why_not = failure.reason().map(ToString::to_string);
                Listed { name, title: String::new(), path: None, why_not }
            }
        });
    }
    context.output.print(&List { profiles: list })
}

/// A profile in a list.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    title: String,
    /// None for one that is in this command.
    path: Option<PathBuf>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
}

#[derive(Debug, Serialize)]
struct List {
    profiles: Vec<Listed>,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = output::table(&["PROFILE", "TITLE"]);
        for Listed { name, title, path, why_not } in &self.profiles {
            let title = match (path, why_not) {
                (_, Some(why)) => why.clone(),
                (Some(path), None) => format!("{title} ({})", path.display()),
                (None, None) => title.clone(),
            };
            table.add_row([Printable(name).to_string(), Printable(&title).to_string()]);
        }
        f.write_str(&output::lines(&mut table, &[]))
    }
}

/// What a profile has.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    path: Option<PathBuf>,
    #[serde(flatten)]
    profile: Profile,
}

impl Shown {
    fn new(Found { name, path, profile }: Found) -> Self {
        Self { name, path, profile }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, profile: Profile { title, source, note, maps }, .. } = self;
        writeln!(f, "{}", Printable(title))?;
        for line in note.iter().chain(source) {
            writeln!(f, "{}", Printable(line))?;
        }
        if let Some(path) = path {
            writeln!(f, "{}", Printable(&path.display().to_string()))?;
        }
        writeln!(f)?;
        let mut table = output::table(&["NAME", "SIZE", "LAYOUT", "NOTE"]);
        for ProfileMap { name, size, layout, note } in maps {
            let [layout, note] =
                [layout, note].map(|text| Printable(text.as_deref().unwrap_or("-")).to_string());
            let size = Readable(*size).to_string();
            table.add_row([Printable(name).to_string(), size, layout, note]);
        }
        f.write_str(&output::lines(&mut table, &[1]))
    }
}
