//! Whatever names are, their entries have file names of their own, harmless to whoever lists the
//! directory; and no other file name means a name.

use std::fs::{self, remove_file};

use filemap::{FileMapping, Registry};
use tempfile::TempDir;

/// The longest name of a file.
const NAME_MAX: usize = 255;

/// A registry with one entry, links to which get the file names of the input.
struct Stage {
    registry: Registry,
    held: FileMapping,
    _place: TempDir,
}

impl Stage {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let registry = Registry::at(place.path());
        let held = FileMapping::options().registry(&registry).name("held").size(1).create_new()?;
        Ok(Self { registry, held, _place: place })
    }

    /// Returns the file name of the entry of a local name, which is created, if `base` is its base.
    fn file_name(&self, base: &str) -> Option<String> {
        // A scope that is repeated is no part of the base.
        if base.contains('\\') {
            return None;
        }
        let name = format!("Local\\{base}");
        let options = FileMapping::options().registry(&self.registry).name(&name).size(1);
        let _mapping = options.create().ok()?;
        let inspected = self.registry.inspect(&name).expect("what was created is there");
        assert_eq!(inspected.name().base(), base);
        let file = inspected.entry().file_name().expect("an entry is a file");
        let file = file.to_str().expect("a file name is text").to_owned();
        assert!(file.len() <= NAME_MAX && !file.starts_with('.'), "{file:?}");
        assert!(file.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'), "{file:?}");
        Some(file)
    }

    /// Gives the held entry another file name, under which it is not listed.
    fn link(&self, file_name: &str) {
        let name = self.held.name().expect("it has a name").to_string();
        let entry = self.registry.inspect(&name).expect("it is held").entry().to_owned();
        let link = entry.with_file_name(file_name);
        let is_one_name = link.parent() == entry.parent() && link.file_name().is_some();
        if is_one_name && fs::hard_link(&entry, &link).is_ok() {
            let listed = self.registry.list().expect("a registry can be listed");
            let entries: Vec<_> = listed.iter().map(|named| named.entry()).collect();
            remove_file(&link).expect("a link can be removed");
            assert_eq!(entries, [entry], "{file_name:?} is a name");
        }
    }
}

thread_local! {
    static STAGE: Stage = Stage::new().expect("a registry can be made");
}

/// Reads `input` as two names with a NUL between them, and as a file name; returns true if the
/// first one is the file name of its own entry.
pub(crate) fn check(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    let (one, other) = text.split_once('\0').unwrap_or((&text, ""));
    STAGE.with(|stage| {
        let (one_file, other_file) = (stage.file_name(one), stage.file_name(other));
        if one_file.is_some() && other_file.is_some() {
            assert_eq!(one_file == other_file, one == other, "one file name for two names");
        }
        if one != "held" {
            stage.link(&text);
        }
        one_file.as_deref() == Some(one)
    })
}
