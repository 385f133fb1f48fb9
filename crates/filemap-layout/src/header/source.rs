//! Files of headers, read without trust.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The largest header that is read.
const LARGEST: u64 = 16 << 20;
/// The most headers that one may include, directly or through others.
const MOST: usize = 2000;

/// Returns the text of a header.
///
/// # Errors
///
/// If it is no regular file, larger than 16 MiB, or no text.
pub(super) fn load(path: &Path) -> Result<String> {
    let shown = path.display();
    let refused = |why: String| Err(Error::new(format!("could not read `{shown}`: {why}")));
    // Asked before it is opened: to open a FIFO would wait for its other end.
    match fs::metadata(path) {
        Err(error) => return refused(error.to_string()),
        Ok(data) if data.is_dir() => {
            return refused("it is a directory, and a header is right".into());
        }
        Ok(data) if !data.is_file() => return refused("it is no regular file".into()),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return refused(error.to_string());
    }
    if bytes.len() as u64 > LARGEST {
        return refused(format!("it is larger than {LARGEST} bytes, and no header"));
    }
    text(&bytes).map_or_else(|| refused("it is no text, and a header is right".into()), Ok)
}

/// Returns bytes as a text, of whatever encoding; `None` if they are none.
fn text(bytes: &[u8]) -> Option<String> {
    let units = |bytes: &[u8], from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let text = match bytes {
        // What editors of Windows write before a text.
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes)?,
        // Comments may be of any encoding, and clang does not mind.
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    (!text.contains('\0')).then_some(text)
}

/// Checks that what a header includes, directly or through others, can be read by a compiler, which
/// would wait for a FIFO, or read from a device for ever.
///
/// # Errors
///
/// If it cannot.
pub(super) fn check_includes(path: &Path, text: &str, includes: &[PathBuf]) -> Result<()> {
    let (mut known, mut open) = (vec![path.to_owned()], vec![(path.to_owned(), text.to_owned())]);
    while let Some((path, text)) = open.pop() {
        for name in text.lines().filter_map(included) {
            let own = path.parent().map(Path::to_owned);
            let places =
                own.iter().chain(includes).map(|place| place.join(name.replace('\\', "/")));
            let Some(found) = places.into_iter().find(|place| place.exists()) else { continue };
            if known.contains(&found) {
                continue;
            }
            if known.len() >= MOST {
                return Err(Error::new(format!(
                    "could not read `{}`: it includes more than {MOST} headers",
                    known[0].display()
                )));
            }
            let text = load(&found)?;
            known.push(found.clone());
            open.push((found, text));
        }
    }
    Ok(())
}

/// Returns what a line includes.
fn included(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let rest =
        ["include_next", "include", "import"].iter().find_map(|word| rest.strip_prefix(word))?;
    let inside = rest.trim_start().strip_prefix(['"', '<'])?;
    inside.split_once(['"', '>']).map(|(name, _)| name)
}

/// Returns the file that a name means where capital letters make no difference, as on Windows.
pub(super) fn of_any_case(name: &str, places: &[PathBuf]) -> Option<PathBuf> {
    places.iter().find_map(|place| {
        let mut found = place.clone();
        for part in name.split(['/', '\\']) {
            if [".", ".."].contains(&part) {
                found.push(part);
                continue;
            }
            let mut entries = fs::read_dir(&found).ok()?.filter_map(std::result::Result::ok);
            let same = |entry: &fs::DirEntry| {
                entry.file_name().to_str().is_some_and(|its| its.eq_ignore_ascii_case(part))
            };
            found = entries.find(same)?.path();
        }
        found.is_file().then_some(found)
    })
}
