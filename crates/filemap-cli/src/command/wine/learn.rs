//! `filemap wine learn`: the words for `run` that give the names of what runs now, or a profile of them.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::ls::sections;
use super::prefix::Prefix;
use super::profile;
use crate::args::WineLearn;
use crate::command::Context;
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;

pub(super) fn run(context: &Context<'_>, learn: &WineLearn) -> Result<()> {
    let write = learn.write.as_deref();
    let path = write.map(profile::path_of).transpose()?;
    let prefix = Prefix::find(&learn.at)?;
    let maps = sections(&prefix, &learn.at)?
        .into_iter()
        .filter_map(|section| Some(Learnt { name: section.name, size: section.size? }));
    let maps: Vec<_> = maps.collect();
    if maps.is_empty() {
        return Err(Failure::no(
            "could not learn anything: no program in the prefix has a name; games make theirs when \
             they are in a race, or where their settings turn that on",
        ));
    }
    let (Some(word), Some(path)) = (write, path) else {
        return context.output.print(&Line { maps });
    };
    let shown = path.display().to_string();
    let shown = Printable(&shown);
    put(&path, &text(word, &maps), learn.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::broken(format!(
            "could not write the profile `{shown}`: it exists already; --force writes over it"
        )),
        _ => Failure::broken(format!("could not write the profile `{shown}`: {}", Why(&error))),
    })?;
    context.output.print(&Written { profile: word.to_owned(), path: path.clone(), maps })
}

/// Writes a file, which is there as a whole or not at all.
fn put(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    let put = if force { file.persist(path) } else { file.persist_noclobber(path) };
    put.map(drop).map_err(|error| error.error)
}

/// Returns the text of a profile.
fn text(word: &str, maps: &[Learnt]) -> String {
    let title = Path::new(word).file_stem().unwrap_or_default().to_string_lossy();
    let mut text = format!("title = {}\n", literal(&title));
    for Learnt { name, size } in maps {
        text += &format!("\n[[map]]\nname = {}\nsize = {size}\n", literal(name));
    }
    text
}

/// A text of TOML: <https://toml.io/en/v1.0.0#string>.
fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => literal.extend(['\\', sign]),
            _ if sign.is_control() => literal += &format!("\\u{:04x}", u32::from(sign)),
            _ => literal.push(sign),
        }
    }
    literal + "\""
}

/// A name and its size.
#[derive(Debug, Serialize)]
struct Learnt {
    name: String,
    size: u64,
}

#[derive(Debug, Serialize)]
struct Line {
    maps: Vec<Learnt>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("filemap wine run")?;
        for Learnt { name, size } in &self.maps {
            // A shell takes what is between these as it is.
            let name = name.strip_prefix("Local\\").unwrap_or(name);
            write!(f, " --map {}", quoted(&format!("{name}={size}")))?;
        }
        f.write_str(" -- %command%")
    }
}

/// What is printed of a profile that was written.
#[derive(Debug, Serialize)]
struct Written {
    profile: String,
    path: PathBuf,
    maps: Vec<Learnt>,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, path, maps } = self;
        let path = path.display().to_string();
        writeln!(f, "wrote `{}` with names: {}", Printable(&path), maps.len())?;
        write!(f, "filemap wine run --game {} -- %command%", quoted(profile))
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "_-=./".contains(sign);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_for_a_shell_where_it_must_be() {
        assert_eq!(quoted("a_b=4096"), "a_b=4096");
        assert_eq!(quoted("$pcars2$=1"), "'$pcars2$=1'");
        assert_eq!(quoted("Global\\it's=1"), "'Global\\it'\\''s=1'");
    }

    #[test]
    fn a_name_of_any_signs_is_one_in_a_profile() {
        for name in ["Local\\a", "Global\\it's \"x\" é 名", "Local\\tab\tend\u{7f}"] {
            let read: toml::Table = text("./my.toml", &[Learnt { name: name.to_owned(), size: 5 }])
                .parse()
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read["title"].as_str(), Some("my"));
            assert_eq!(read["map"][0]["name"].as_str(), Some(name));
        }
    }
}
