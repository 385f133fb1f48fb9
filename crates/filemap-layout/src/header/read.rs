//! A header of C or C++, and the layouts of its structs.

use std::path::Path;
use std::sync::Arc;

use clang::{Clang, TranslationUnit};

use super::kinds::Kinds;
use super::options::HeaderOptions;
use super::parse::{Parsed, Source, Surroundings};
use super::probes::Probes;
use super::records::Records;
use super::units::Texts;
use super::{library, records, source};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::versions::Versions;

/// A header of C or C++, whose structs have layouts.
///
/// It is read by libclang, which is loaded when a header is read first: from the directory that
/// `LIBCLANG_PATH` names, or from where systems have it. Types of `windows.h`, `stdint.h` and the like
/// are known where these are not installed.
///
/// ```no_run
/// use filemap_layout::{Header, HeaderOptions};
///
/// let header = Header::read("rF2State.h", &HeaderOptions::default())?;
/// let layout = header.layout(Some("rF2Telemetry"))?;
/// println!("{} bytes", layout.size());
/// # Ok::<(), filemap_layout::Error>(())
/// ```
#[derive(Debug)]
pub struct Header {
    shown: String,
    types: Vec<Described>,
    aliases: Vec<(String, String)>,
    warnings: Vec<String>,
}

/// A struct of the header.
#[derive(Debug)]
struct Described {
    name: String,
    layout: std::result::Result<Layout, String>,
    own: bool,
    is_part: bool,
}

impl Header {
    /// Reads a header.
    ///
    /// A file that ends in `.c` is C, one that ends in `.hpp` or `.cpp` is C++; of others, C++ is tried
    /// before C.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is none, or libclang is not installed; the text says which line is wrong,
    /// or what to install.
    pub fn read(path: impl AsRef<Path>, options: &HeaderOptions) -> Result<Self> {
        let path = path.as_ref();
        let refused = |error: std::io::Error| {
            Error::new(format!("could not read `{}`: {error}", path.display()))
        };
        let source = Source {
            text: source::load(path)?,
            // Headers beside it are found from any directory.
            path: std::path::absolute(path).map_err(refused)?,
            options: options.clone(),
        };
        let places = options.includes.iter().chain([&source.path]);
        if let Some(odd) = places.into_iter().find(|place| place.to_str().is_none()) {
            return Err(Error::new(format!(
                "could not read `{}`: libclang takes paths in UTF-8 alone, and `{}` is none",
                path.display(),
                odd.display()
            )));
        }
        source::check_includes(&source.path, &source.text, &options.includes)?;
        let shown = path.display().to_string();
        library::with(&shown.clone(), move |clang| Self::compiled(clang, &source, shown))
    }

    fn compiled(clang: &Clang, source: &Source, shown: String) -> Result<Self> {
        let mut first = None;
        for surroundings in Surroundings::of(&source.path) {
            match Self::described(clang, source, surroundings, &shown) {
                Ok(header) => return Ok(header),
                Err(error) => drop(first.get_or_insert(error)),
            }
        }
        Err(first.unwrap_or_else(|| source.refused("it is in no known language")))
    }

    fn described(
        clang: &Clang,
        source: &Source,
        surroundings: Surroundings,
        shown: &str,
    ) -> Result<Self> {
        let texts = Texts::new(&source.path, &source.text);
        let probes = Probes::default();
        let look = |probes: &Probes, unit: &TranslationUnit<'_>| {
            Ok(Self::of(unit, &Kinds::new(probes, &texts), source, shown))
        };
        let Parsed { answer: mut header, mut warnings } =
            source.parse(clang, surroundings, "", |unit| look(&probes, unit))?;
        // An answer may lead to the next question: the base of a type that was not made before.
        let mut asked = probes;
        for _ in 0..8 {
            if !asked.is_asked() {
                break;
            }
            let again = source.parse(clang, surroundings, &asked.lines(), |unit| {
                let answered = asked.answered(unit.get_entity());
                Ok((look(&answered, unit)?, answered))
            });
            // What is asked may be no valid line: then the type has no layout, and the others do.
            let Ok(Parsed { answer, warnings: its }) = again else { break };
            (header, asked) = answer;
            warnings = its;
        }
        header.warnings.extend(warnings);
        Ok(header)
    }

    fn of(unit: &TranslationUnit<'_>, kinds: &Kinds<'_>, source: &Source, shown: &str) -> Self {
        let found = Records::of(unit.get_entity());
        let abi = source.options.abi;
        let mut types = Vec::new();
        let mut aliases = Vec::new();
        let laid = |name: &str, ty: &clang::Type<'_>| {
            let fields = kinds.fields(ty, name, 0)?;
            let versions = Versions::known(&fields);
            Ok(Layout::new(Arc::clone(&fields))
                .with_versions(versions)
                .with_abi(Some(abi.to_string())))
        };
        for record in found.all {
            let layout = laid(&record.name, &record.ty).map_err(|error: Error| error.to_string());
            types.push((record.name.clone(), record.name, layout, record.own));
        }
        for (alias, ty) in found.aliases {
            let key = records::type_name(&ty);
            if alias == key {
                continue;
            }
            if types.iter().any(|(known, ..)| *known == key) {
                aliases.push((alias, key));
                continue;
            }
            // A type that has this name alone: of a template, or without one.
            let layout = laid(&alias, &ty).map_err(|error: Error| error.to_string());
            types.push((key, alias, layout, true));
        }
        let types = types.into_iter().filter(|(.., layout, _)| {
            // Structs around constants say nothing about bytes.
            layout.as_ref().map_or(true, |layout| !layout.root().fields().is_empty())
        });
        let types = types.map(|(key, name, layout, own)| Described {
            is_part: kinds.is_part(&key),
            name,
            layout,
            own,
        });
        Self { shown: shown.to_owned(), types: types.collect(), aliases, warnings: Vec::new() }
    }

    /// Returns the names of its structs, in the order in which they are declared.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|one| one.name.as_str())
    }

    /// Returns what a reader should know: headers that were not found, and were not needed.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the layout of a struct: the one of this name, such as `Wheel` or `Car::Wheel`, or the
    /// only one that is no part of another.
    ///
    /// # Errors
    ///
    /// If there is no such struct, or several, or it cannot be laid out; the text has their names, or
    /// that of the field.
    pub fn layout(&self, name: Option<&str>) -> Result<Layout> {
        let found = match name {
            Some(name) => self.named(name)?,
            None => self.only()?,
        };
        found.layout.clone().map_err(|why| Error::new(format!("{why}, in `{}`", self.shown)))
    }

    fn named(&self, name: &str) -> Result<&Described> {
        let exact = |name: &str| self.types.iter().find(|one| one.name == name);
        let alias = || self.aliases.iter().find(|(alias, _)| alias == name);
        if let Some(found) = exact(name).or_else(|| exact(&alias()?.1)) {
            return Ok(found);
        }
        let end = format!("::{name}");
        let ends: Vec<_> = self.types.iter().filter(|one| one.name.ends_with(&end)).collect();
        match ends[..] {
            [one] => Ok(one),
            [] => Err(self.refused(&format!("it has no struct `{name}`"), self.types.iter())),
            _ => Err(self.refused(&format!("it has several structs `{name}`"), ends.into_iter())),
        }
    }

    fn only(&self) -> Result<&Described> {
        let whole: Vec<_> = self.types.iter().filter(|one| !one.is_part).collect();
        let mut own: Vec<_> = whole.iter().copied().filter(|one| one.own).collect();
        if own.is_empty() {
            own = whole;
        }
        match own[..] {
            [one] => Ok(one),
            [] => Err(self.refused("it has no struct with fields", self.types.iter())),
            _ => Err(self.refused("it has several structs, and none is named", own.into_iter())),
        }
    }

    fn refused<'s>(&self, why: &str, names: impl Iterator<Item = &'s Described>) -> Error {
        let mut names: Vec<_> = names.map(|one| one.name.as_str()).collect();
        let more = names.len().saturating_sub(40);
        names.truncate(40);
        let mut list = names.join(", ");
        if more > 0 {
            list.push_str(&format!(" and {more} more"));
        }
        let list = if list.is_empty() { list } else { format!("; there are {list}") };
        Error::new(format!("could not use `{}`: {why}{list}", self.shown))
    }
}
