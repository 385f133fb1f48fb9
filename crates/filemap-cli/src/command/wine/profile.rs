//! Profiles: the names and sizes of a game, as a small TOML file. Some are in this command, and users
//! have their own.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use filemap::{ErrorKind, Name};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::own;
use crate::size;
use crate::target;
use crate::text;

/// The profiles in this command, by name.
const SHIPPED: [(&str, &str); 11] = [
    ("assetto-corsa", include_str!("../../../profiles/assetto-corsa.toml")),
    ("freetrack", include_str!("../../../profiles/freetrack.toml")),
    ("hwinfo", include_str!("../../../profiles/hwinfo.toml")),
    ("iracing", include_str!("../../../profiles/iracing.toml")),
    ("le-mans-ultimate", include_str!("../../../profiles/le-mans-ultimate.toml")),
    ("msi-afterburner", include_str!("../../../profiles/msi-afterburner.toml")),
    ("mumble-link", include_str!("../../../profiles/mumble-link.toml")),
    ("project-cars-2", include_str!("../../../profiles/project-cars-2.toml")),
    ("raceroom", include_str!("../../../profiles/raceroom.toml")),
    ("rfactor2", include_str!("../../../profiles/rfactor2.toml")),
    ("rtss", include_str!("../../../profiles/rtss.toml")),
];

/// The end of the name of a profile's file.
const END: &str = "toml";

/// What is in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) title: String,
    /// Addresses of what names and sizes were taken from.
    #[serde(default)]
    pub(super) source: Vec<String>,
    pub(super) note: Option<String>,
    #[serde(rename = "map", deserialize_with = "maps")]
    pub(super) maps: Vec<ProfileMap>,
}

/// A name of a game.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileMap {
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    #[serde(deserialize_with = "bytes")]
    pub(super) size: u64,
    /// What is in the memory: `FILE.toml`, or `HEADER:TYPE`.
    pub(super) layout: Option<String>,
    pub(super) note: Option<String>,
}

/// A profile, and where it is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: String,
    /// None for one that is in this command.
    pub(super) path: Option<PathBuf>,
    pub(super) profile: Profile,
}

/// Finds a profile: a file, if the word has a separator or a file's end, or one of the user's own, or
/// one in this command.
pub(super) fn find(word: &str) -> Result<Found> {
    let path = path_of(word)?;
    match text::read(&path) {
        Ok(text) => {
            let profile = parse(&text, &path.display().to_string())?;
            return Ok(Found { name: word.to_owned(), path: Some(path), profile });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound || is_path(word) => {
            return Err(unread(&path, &error));
        }
        Err(_) => {}
    }
    match SHIPPED.iter().find(|(name, _)| *name == word) {
        Some((name, text)) => {
            let profile = parse(text, name)?;
            Ok(Found { name: (*name).to_owned(), path: None, profile })
        }
        None => {
            let names = names()?.join(", ");
            Err(Failure::no_as(
                ErrorKind::NotFound,
                format!("could not find a profile `{}`: there are {names}", Printable(word)),
            ))
        }
    }
}

/// Returns the names of all profiles: those in this command, and the user's own.
pub(super) fn names() -> Result<Vec<String>> {
    let mut names: Vec<_> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folder = own::folder("profiles")?;
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(unread(&folder, &error)),
    };
    for path in files.filter_map(|file| Some(file.ok()?.path())) {
        if path.extension().is_some_and(|end| end == END) {
            names.extend(path.file_stem().and_then(|stem| Some(stem.to_str()?.to_owned())));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Returns the path of a file of the user's own.
pub(super) fn path_of(word: &str) -> Result<PathBuf> {
    if is_path(word) {
        return Ok(PathBuf::from(word));
    }
    if word.is_empty() || word.starts_with('.') || word.contains('\0') {
        return Err(Failure::usage(format!(
            "`{}` is no name of a profile: expected one such as `assetto-corsa`, or the path of a \
             file",
            Printable(word)
        )));
    }
    Ok(own::folder("profiles")?.join(format!("{word}.{END}")))
}

fn is_path(word: &str) -> bool {
    word.contains('/') || Path::new(word).extension().is_some_and(|end| end == END)
}

fn unread(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display().to_string();
    let message = format!("could not read the profile `{}`: {}", Printable(&shown), Why(error));
    match error.kind() {
        io::ErrorKind::NotFound => Failure::no_as(ErrorKind::NotFound, message),
        _ => Failure::broken(message),
    }
}

/// Reads a text, which errors call as it is said.
fn parse(text: &str, called: &str) -> Result<Profile> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let why = error.message().trim_end().replace('\n', "; ");
        let called = Printable(called);
        Failure::broken(format!("could not read the profile `{called}`: line {line}: {why}"))
    })
}

fn maps<'d, D: Deserializer<'d>>(reader: D) -> std::result::Result<Vec<ProfileMap>, D::Error> {
    let maps = Vec::<ProfileMap>::deserialize(reader)?;
    for (at, map) in maps.iter().enumerate() {
        let is_same = |other: &&ProfileMap| whole(&other.name) == whole(&map.name);
        if maps[..at].iter().any(|other| is_same(&other)) {
            return Err(de::Error::custom(format!("the name `{}` is there twice", map.name)));
        }
    }
    Ok(maps)
}

/// The name with its scope.
pub(super) fn whole(name: &str) -> String {
    Name::parse(name).map_or_else(|_| name.to_owned(), |name| name.to_string())
}

fn name<'d, D: Deserializer<'d>>(reader: D) -> std::result::Result<String, D::Error> {
    let Ok(name) = target::name(&String::deserialize(reader)?);
    Name::parse(&name).map_err(de::Error::custom)?;
    Ok(name)
}

/// A number, or a text such as `64KiB`.
fn bytes<'d, D: Deserializer<'d>>(reader: D) -> std::result::Result<u64, D::Error> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a size of at least a byte, such as 4096 or \"64KiB\"")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> std::result::Result<u64, E> {
            match u64::try_from(number) {
                Ok(number @ 1..) => Ok(number),
                _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
            }
        }

        fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<u64, E> {
            match size::parse(text) {
                Ok(0) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                Ok(size) => Ok(size),
                Err(why) => Err(E::custom(format!("`{text}` is no size: {why}"))),
            }
        }
    }
    reader.deserialize_any(Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_of_the_command_is_one_and_says_where_its_names_are_from() {
        for (name, text) in SHIPPED {
            let profile = parse(text, name).unwrap_or_else(|failure| panic!("{failure:?}"));
            assert!(!profile.maps.is_empty(), "{name}");
            let is_address = |source: &String| source.starts_with("https://");
            assert!(!profile.source.is_empty() && profile.source.iter().all(is_address), "{name}");
        }
        assert!(SHIPPED.is_sorted());
    }

    #[test]
    fn each_file_of_a_profile_is_in_the_command() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let files = fs::read_dir(folder).map(Iterator::count);
        assert_eq!(files.ok(), Some(SHIPPED.len()));
    }

    #[test]
    fn what_is_wrong_with_a_profile_is_told_with_its_line() {
        let map = "title = \"A\"\n\n[[map]]\n";
        for (text, line, why) in [
            ("title = 3", "line 1", "expected a string"),
            ("[[map]]\nname = \"a\"\nsize = 1", "line 1", "missing field `title`"),
            ("title = \"A\"\n", "line 1", "missing field `map`"),
            ("title = \"A\"\n\nsauce = 1", "line 3", "unknown field `sauce`"),
            (&format!("{map}name = \"a\"\nsizes = 1"), "line 5", "unknown field `sizes`"),
            (&format!("{map}name = \"a\""), "line 3", "missing field `size`"),
            (&format!("{map}name = \"a\"\nsize = 0"), "line 5", "at least a byte"),
            (&format!("{map}name = \"a\"\nsize = -4"), "line 5", "at least a byte"),
            (&format!("{map}name = \"a\"\nsize = \"4 apples\""), "line 5", "is no size"),
            (&format!("{map}name = \"a\\\\b\"\nsize = 1"), "line 4", "a\\b"),
            (&format!("{map}name = \"\"\nsize = 1"), "line 4", "at least one character"),
            (
                &format!("{map}name = \"a\"\nsize = 1\n[[map]]\nname = \"Local\\\\a\"\nsize = 2"),
                "line 3",
                "twice",
            ),
            ("title = ", "line 1", ""),
        ] {
            let Err(failure) = parse(text, "mine") else { panic!("{text}") };
            let message = failure.reason().map(ToString::to_string).unwrap_or_default();
            let start = format!("could not read the profile `mine`: {line}: ");
            assert!(message.starts_with(&start) && message.contains(why), "{text}\n{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
