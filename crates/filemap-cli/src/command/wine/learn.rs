//! `filemap wine learn`: the words for `run` that give the names of what runs now.

use std::fmt;

use serde::Serialize;

use super::ls::sections;
use super::prefix::Prefix;
use crate::args::WineLearn;
use crate::command::Context;
use crate::failure::{Failure, Result};

pub(super) fn run(context: &Context<'_>, learn: &WineLearn) -> Result<()> {
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
    context.output.print(&Learnt::all(maps))
}

/// A name and its size.
#[derive(Debug, Serialize)]
struct Learnt {
    name: String,
    size: u64,
}

impl Learnt {
    fn all(maps: Vec<Self>) -> Line {
        Line { maps }
    }
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
    use super::quoted;

    #[test]
    fn a_word_is_quoted_for_a_shell_where_it_must_be() {
        assert_eq!(quoted("a_b=4096"), "a_b=4096");
        assert_eq!(quoted("$pcars2$=1"), "'$pcars2$=1'");
        assert_eq!(quoted("Global\\it's=1"), "'Global\\it'\\''s=1'");
    }
}
