//! One header, given to libclang until all that it includes is there.

use std::path::{Path, PathBuf};

use clang::diagnostic::{Diagnostic, Severity};
use clang::{Clang, Index, TranslationUnit, Unsaved};

use super::options::HeaderOptions;
use super::{prelude, source};
use crate::error::{Error, Result};

/// The most headers that may be missing.
const MOST_MISSING: usize = 200;

/// A header with what it takes to compile it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) options: HeaderOptions,
}

/// The languages that a header can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    C,
    Cpp,
}

impl Language {
    /// Returns those that a file of this name can be of, the likelier one first.
    pub(super) fn of(path: &Path) -> &'static [Self] {
        match path.extension().and_then(|end| end.to_str()) {
            Some("c") => &[Self::C],
            Some("hpp" | "hh" | "hxx" | "cpp" | "cc" | "cxx" | "inl") => &[Self::Cpp],
            _ => &[Self::Cpp, Self::C],
        }
    }
}

/// What a header is compiled with. Many rely on what their program has included before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surroundings {
    pub(super) language: Language,
    /// With the headers that are installed, which another compiler's may be; or with ours alone.
    pub(super) installed: bool,
    /// With windows.h before it.
    pub(super) windows: bool,
}

impl Surroundings {
    /// Returns all that are tried for a file of this name, the likelier ones first.
    pub(super) fn of(path: &Path) -> impl Iterator<Item = Self> {
        let others = [(true, false), (true, true), (false, false), (false, true)];
        let languages = Language::of(path);
        others.into_iter().flat_map(move |(installed, windows)| {
            languages.iter().map(move |language| Self { language: *language, installed, windows })
        })
    }
}

/// A header that compiled, as `use_it` saw it, and what a reader should know.
pub(super) struct Parsed<T> {
    pub(super) answer: T,
    pub(super) warnings: Vec<String>,
}

impl Source {
    /// Compiles the header, with `after` at its end, and asks `use_it` about it.
    pub(super) fn parse<T>(
        &self,
        clang: &Clang,
        surroundings: Surroundings,
        after: &str,
        use_it: impl FnOnce(&TranslationUnit<'_>) -> Result<T>,
    ) -> Result<Parsed<T>> {
        let index = Index::new(clang, false, false);
        let mut arguments = self.arguments(surroundings);
        let text = format!("{}\n{after}", self.text);
        if !after.is_empty() {
            // Types that are private have places as well.
            arguments.push("-fno-access-control".to_owned());
        }
        let mut unsaved = vec![Unsaved::new(&self.path, text)];
        let before = self.before(surroundings);
        if !before.is_empty() {
            let path = self.directory().join("filemap-before.h");
            arguments.extend(["-include".to_owned(), path.display().to_string()]);
            unsaved.push(Unsaved::new(path, before));
        }
        let mut missing: Vec<String> = Vec::new();
        loop {
            let mut parser = index.parser(&self.path);
            let parser = parser.arguments(&arguments).unsaved(&unsaved).skip_function_bodies(true);
            let unit =
                parser.parse().map_err(|error| self.refused(&format!("libclang: {error}")))?;
            let faults: Vec<_> = unit.get_diagnostics().into_iter().filter(is_fault).collect();
            let absent: Vec<_> = faults.iter().filter_map(absent).collect();
            if absent.is_empty() {
                let has_line =
                    |one: &&Diagnostic<'_>| one.get_location().get_presumed_location().1 > 0;
                if let Some(first) = faults.iter().find(has_line).or(faults.first()) {
                    return Err(self.refused(&told(first, faults.len(), &missing)));
                }
                let shown = self.path.display();
                let warnings = missing
                    .iter()
                    .map(|name| format!("`{name}` was not found; `{shown}` is read without it"));
                let assumed = surroundings.windows.then(|| {
                    format!("`{shown}` is read as if it included windows.h, which it needs")
                });
                let warnings = warnings.chain(assumed).collect();
                return Ok(Parsed { warnings, answer: use_it(&unit)? });
            }
            for name in absent {
                let Some(text) = self.substitute(&name, &mut missing) else {
                    return Err(self.refused(&format!(
                        "it includes `{name}`, which was not found; the directory that has it is \
                         missing among the includes"
                    )));
                };
                unsaved.push(Unsaved::new(prelude::path(&name.replace('\\', "/")), text));
            }
        }
    }

    /// Returns what stands in for a header that was not found, unless that was tried.
    fn substitute(&self, name: &str, missing: &mut Vec<String>) -> Option<String> {
        let places: Vec<_> = std::iter::once(self.directory())
            .chain(self.options.includes.iter().cloned())
            .collect();
        let is_odd =
            name.split(['/', '\\']).any(|part| part == "..") || Path::new(name).is_absolute();
        if is_odd || missing.len() >= MOST_MISSING || missing.iter().any(|other| other == name) {
            return None;
        }
        let found = source::of_any_case(name, &places).filter(|found| *found != self.path);
        if let Some(found) = found {
            return Some(format!("#include \"{}\"\n", found.display()));
        }
        if let Some(text) = prelude::named(name) {
            return Some(text.to_owned());
        }
        missing.push(name.to_owned());
        Some(String::new())
    }

    fn arguments(&self, surroundings: Surroundings) -> Vec<String> {
        let (name, standard) = match surroundings.language {
            Language::C => ("c", "-std=gnu17"),
            // C++20, by the name that older versions know it by as well.
            Language::Cpp => ("c++", "-std=gnu++2a"),
        };
        let fixed = [
            "-x",
            name,
            standard,
            "-w",
            "-fno-delayed-template-parsing",
            "-fno-spell-checking",
            "-idirafter",
            prelude::DIRECTORY,
        ];
        let mut all: Vec<String> = fixed.map(str::to_owned).to_vec();
        if !surroundings.installed {
            all.extend(["-nostdinc", "-nostdinc++"].map(str::to_owned));
        }
        all.extend(self.options.abi.arguments().iter().map(|&one| one.to_owned()));
        all.extend(self.options.defines.iter().map(|define| format!("-D{define}")));
        all.extend(self.options.includes.iter().map(|place| format!("-I{}", place.display())));
        all
    }

    /// Returns the lines that come before the header.
    fn before(&self, surroundings: Surroundings) -> String {
        let line = |before: &String| match std::fs::canonicalize(before) {
            Ok(path) if path.is_file() => format!("#include \"{}\"\n", path.display()),
            _ => format!("{before}\n"),
        };
        let windows = if surroundings.windows { "#include <windows.h>\n" } else { "" };
        windows.to_owned() + &self.options.before.iter().map(line).collect::<String>()
    }

    fn directory(&self) -> PathBuf {
        self.path.parent().map(Path::to_owned).unwrap_or_default()
    }

    pub(super) fn refused(&self, why: &str) -> Error {
        Error::new(format!("could not read `{}`: {why}", self.path.display()))
    }
}

fn is_fault(one: &Diagnostic<'_>) -> bool {
    let is_error = matches!(one.get_severity(), Severity::Error | Severity::Fatal);
    // Found after all, though spelled with the other sort of marks.
    is_error && !one.get_text().contains("file not found with <angled>")
}

/// Returns the name of the header that was not found.
fn absent(one: &Diagnostic<'_>) -> Option<String> {
    let text = one.get_text();
    let rest = text.strip_prefix('\'')?;
    rest.strip_suffix("' file not found").map(str::to_owned)
}

fn told(first: &Diagnostic<'_>, count: usize, missing: &[String]) -> String {
    let (path, line, column) = first.get_location().get_presumed_location();
    let text = first.get_text();
    let mut told = format!("{path}:{line}:{column}: {text}");
    if count > 1 {
        told.push_str(&format!(", and {} more errors", count - 1));
    }
    if ["unknown type name", "use of undeclared"].iter().any(|start| text.starts_with(start)) {
        told.push_str("; a header that declares it has to come before");
    }
    if !missing.is_empty() {
        let names = missing.join("`, `");
        told.push_str(&format!(
            "; it includes `{names}`, not found: the directory that has it is missing among the includes"
        ));
    }
    told
}
