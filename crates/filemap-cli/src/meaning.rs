//! What bytes mean, as the arguments say it: a layout, version counters, a mutex.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use filemap::{ErrorKind, Locked, Mutex, PositionedIo, Registry};
use filemap_layout::{Abi as HeaderAbi, Error, Header, HeaderOptions, Layout, Snapshot, Versions};

use crate::args::{Abi, Compiler, Meaning, Whole};
use crate::failure::{Failure, Result, Why};
use crate::output::Printable;
use crate::{shipped, text};

/// How long a mutex is waited for at most, which is owned for a copy or a few stores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A layout, and how a copy is known to be whole.
#[derive(Debug)]
pub(crate) struct Meant {
    pub(crate) layout: Layout,
    pub(crate) versions: Option<Versions>,
    /// Whether the versions are known by their names alone.
    guessed: bool,
    lock: Option<Mutex>,
}

impl Meant {
    /// Reads what the arguments name, for a memory of `len` bytes.
    pub(crate) fn of(
        meaning: &Meaning,
        words: Option<&str>,
        registry: &Registry,
        len: u64,
    ) -> Result<Self> {
        if meaning.layout.as_ref().is_none_or(|file| !is_header(file)) {
            meaning.compiler.refuse_needless()?;
        }
        let layout = match (&meaning.layout, words) {
            (Some(file), _) => layout_of(file, &meaning.compiler, Some(len))?,
            (None, Some(words)) => Layout::from_words(words)?,
            (None, None) => return Err(Failure::usage("expected --layout")),
        };
        let (versions, guessed) = versions_of(&layout, &meaning.whole)?;
        let lock = match &meaning.whole.lock {
            None => None,
            Some(name) => Some(mutex(name, registry)?),
        };
        Ok(Self { layout, versions, guessed, lock })
    }

    /// Reads the layout again, after its file has changed; the mutex stays.
    pub(crate) fn again(&mut self, meaning: &Meaning, len: u64) -> Result<()> {
        if let Some(file) = &meaning.layout {
            let layout = layout_of(file, &meaning.compiler, Some(len))?;
            (self.versions, self.guessed) = versions_of(&layout, &meaning.whole)?;
            self.layout = layout;
        }
        Ok(())
    }

    /// Copies the bytes of the fields, whole if that can be; the mutex is waited for no longer than `patience`.
    pub(crate) fn look(
        &self,
        memory: &(impl PositionedIo + ?Sized),
        start: u64,
        len: u64,
        patience: Duration,
    ) -> Result<Snapshot<'_>> {
        let _owned = self.own(patience)?;
        Ok(self.layout.look_at(memory, start, len.saturating_sub(start), self.versions.as_ref())?)
    }

    /// Owns the mutex while fields are read or written, if there is one; it is waited for no longer than
    /// `patience`.
    pub(crate) fn own(&self, patience: Duration) -> Result<Option<Locked<'_>>> {
        let Some(mutex) = &self.lock else { return Ok(None) };
        if let Some(owned) = mutex.lock_for(patience)? {
            return Ok(Some(owned));
        }
        let name = mutex.name().map(ToString::to_string).unwrap_or_default();
        let (name, time) = (Printable(&name), humantime::format_duration(patience));
        let message = format!("could not own `{name}` within {time}: another thread owns it");
        Err(Failure::broken_as(ErrorKind::TimedOut, message))
    }

    /// Returns a sentence about version counters that were not asked for, if there are some.
    pub(crate) fn told(&self) -> Option<String> {
        self.versions.as_ref().filter(|_| self.guessed).map(told)
    }

    /// Returns a sentence about the version counters that a layout has, if it has some.
    pub(crate) fn told_of(layout: &Layout) -> Option<String> {
        layout.versions().cloned().or_else(|| Versions::known(layout.root())).as_ref().map(told)
    }
}

/// Opens the mutex that is owned while bytes are copied.
pub(crate) fn mutex(name: &str, registry: &Registry) -> Result<Mutex> {
    Mutex::options().registry(registry).name(name).open().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::from(error).leaving(
            "mutexes of programs under Wine stay there, and no native program can own them",
        ),
        _ => error.into(),
    })
}

/// Returns a sentence about version counters.
pub(crate) fn told(versions: &Versions) -> String {
    format!("copies are whole by {versions}")
}

/// Returns the version counters of a layout, as the arguments say or by their names, and whether it is by
/// their names alone.
pub(crate) fn versions_of(layout: &Layout, whole: &Whole) -> Result<(Option<Versions>, bool)> {
    let root = layout.root();
    Ok(match (&whole.seq, &whole.tick) {
        (Some(seq), _) => match seq.split_once(',') {
            Some((begin, end)) => (Some(Versions::pair(root, begin.trim(), end.trim())?), false),
            None => (Some(Versions::odd(root, seq)?), false),
        },
        (None, Some(tick)) => (Some(Versions::tick(root, tick)?), false),
        (None, None) => match layout.versions() {
            Some(versions) => (Some(versions.clone()), false),
            None => (Versions::known(root), true),
        },
    })
}

/// Returns the path of the file in `FILE[:TYPE]`, and the type.
pub(crate) fn file_and_type(word: &str) -> (PathBuf, Option<&str>) {
    // A drive of Windows is no file.
    let drive = word.as_bytes().get(1) == Some(&b':')
        && matches!(word.as_bytes().get(2), Some(b'\\' | b'/'));
    let name = word.rfind(['/', '\\']).map_or(if drive { 2 } else { 0 }, |at| at + 1);
    match word[name..].find(':') {
        Some(at) => (word[..name + at].into(), Some(&word[name + at + 1..])),
        None => (word.into(), None),
    }
}

/// Returns whether `FILE[:TYPE]` names a header; otherwise it is a TOML file.
pub(crate) fn is_header(word: &str) -> bool {
    file_and_type(word).0.extension().is_none_or(|extension| extension != "toml")
}

/// What the file of a layout says about a memory.
#[derive(Debug)]
pub(crate) enum Fitting {
    /// A layout, with a sentence about others that the header has for other compilers.
    One(Layout, Option<String>),
    /// The header has the memory's size for no compiler; why.
    None(String),
}

/// Reads the layout that `FILE[:TYPE]` names, for a memory of `len` bytes if that is known.
pub(crate) fn layout_of(word: &str, compiler: &Compiler, len: Option<u64>) -> Result<Layout> {
    match fitting(word, compiler, len)? {
        Fitting::One(layout, _) => Ok(layout),
        Fitting::None(why) => Err(Failure::usage(why)),
    }
}

/// As [`layout_of`], for those who ask whether it fits.
pub(crate) fn fitting(word: &str, compiler: &Compiler, len: Option<u64>) -> Result<Fitting> {
    let (path, root) = file_and_type(word);
    if is_header(word) {
        return header(&path, root, compiler, len);
    }
    if root.is_some() {
        return Err(Failure::usage("a TOML file says itself which type is at the start"));
    }
    let layout = Layout::from_toml(&text_of(&path)?).map_err(|error| in_file(&path, &error))?;
    Ok(Fitting::One(layout, None))
}

fn in_file(path: &Path, error: &Error) -> Failure {
    let path = path.to_string_lossy();
    Failure::broken(format!("{error} (in `{}`)", Printable(&path)))
}

/// Returns the text of a TOML file. One without a folder that does not exist may be among those that need
/// none.
fn text_of(path: &Path) -> Result<String> {
    text::read(path).or_else(|error| match path.to_str() {
        Some(name) if error.kind() == io::ErrorKind::NotFound && !name.contains(['/', '\\']) => {
            shipped::text_of(name)
        }
        _ => {
            let (path, why) = (path.to_string_lossy(), Why(&error));
            let path = Printable(&path);
            Err(Failure::broken(format!("could not read the layout `{path}`: {why}")))
        }
    })
}

/// Reads a header for the compiler that was named, or for the one whose size the memory has.
fn header(
    path: &Path,
    root: Option<&str>,
    compiler: &Compiler,
    len: Option<u64>,
) -> Result<Fitting> {
    // The reader of headers takes what is no file for a line. What is in one may be no UTF-8.
    for header in compiler.before.iter().map(PathBuf::as_path).chain([path]) {
        text::find(header).map_err(|error| {
            let (header, why) = (header.to_string_lossy(), Why(&error));
            Failure::broken(format!("could not read `{}`: {why}", Printable(&header)))
        })?;
    }
    let one = |abi| -> Result<Layout> {
        let before = compiler.before.iter().map(|path| path.to_string_lossy().into_owned());
        let options = HeaderOptions {
            defines: compiler.define.clone(),
            includes: compiler.include.clone(),
            before: before.collect(),
            abi,
        };
        Ok(Header::read(path, &options)?.layout(root)?)
    };
    let named = |abi| Ok(Fitting::One(one(abi)?, None));
    match compiler.abi {
        Abi::Auto => {}
        Abi::WindowsX64 => return named(HeaderAbi::WindowsX64),
        Abi::WindowsX86 => return named(HeaderAbi::WindowsX86),
        Abi::LinuxX64 => return named(HeaderAbi::LinuxX64),
    }
    let all = HeaderAbi::ALL.map(one).into_iter().collect::<Result<Vec<_>>>()?;
    let is_alike = |one: &Layout, other: &Layout| one.leaves().eq(other.leaves());
    let is_one = all.iter().all(|one| is_alike(one, &all[0]));
    let Some(len) = len.filter(|_| !is_one) else {
        // Without a memory to compare with, programs for Windows are taken: most headers are of these.
        let note = format!(
            "`{}` has other offsets or sizes for other compilers; these are for {}, and --abi names \
             others",
            all[0].name(),
            all[0].abi().unwrap_or_default()
        );
        return Ok(Fitting::One(all[0].clone(), (!is_one).then_some(note)));
    };
    // Windows rounds memory up to whole pages, and then several may fit.
    let of_size = |fits: &dyn Fn(u64) -> bool| -> Vec<&Layout> {
        all.iter().filter(|layout| fits(layout.size())).collect()
    };
    let mut fitting = of_size(&|size| size == len);
    if fitting.is_empty() {
        fitting = of_size(&|size| size.next_multiple_of(4096) == len);
    }
    match fitting.split_first() {
        Some((one, others)) if others.iter().all(|other| is_alike(one, other)) => {
            Ok(Fitting::One((*one).clone(), None))
        }
        several => {
            let sizes: Vec<_> = all
                .iter()
                .map(|one| format!("{} bytes with {}", one.size(), one.abi().unwrap_or_default()))
                .collect();
            let (name, sizes) = (Printable(all[0].name()), sizes.join(", "));
            let why = format!(
                "`{name}` has {sizes}, and the memory {len}: --abi says which compiler it is of"
            );
            match several {
                None => Ok(Fitting::None(why)),
                Some(_) => Err(Failure::usage(why)),
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.memory() {
            Some(memory) => Self::broken_as(memory.kind(), error.to_string()),
            None => Self::broken(error.to_string()),
        }
    }
}
