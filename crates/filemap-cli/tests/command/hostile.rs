//! What another user put into the directory of `Global\` names: it costs others little.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use filemap::{FileMapping, OwnedDescriptor, Registry};

use crate::support::{Place, emulated};

/// A user other than the one who runs the tests.
const STRANGER: u32 = 4343;

/// How many entries take more than the limit if each is kept.
const MANY: u32 = 3000;
/// The same of entries with a mebibyte, or with the longest names.
const LARGE: u32 = 150;

/// More than any verb may take for what others put there.
const KIBIBYTES: u32 = 64 << 10;

/// Creates the directory of `Global\` names and returns it.
fn global(place: &Place) -> PathBuf {
    let root = place.registry().join("filemap-global");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o1777)).unwrap();
    root
}

/// Makes a file another user's; false if this user cannot.
fn give(path: &Path) -> bool {
    let given = chown(path, Some(STRANGER), Some(STRANGER)).is_ok();
    if !given {
        println!("skipped: only the superuser can make files of another user");
    }
    given
}

/// Writes an entry for a file at `path`, whose checksum is correct.
fn write_entry(root: &Path, name: &str, path: &[u8]) -> PathBuf {
    let entry = root.join(name);
    let file = File::create(&entry).unwrap();
    let mut text = [name.as_bytes(), path].concat();
    text.resize((text.len() + 96).next_multiple_of(4096) - 96, 0);
    let mut footer = [0; 96];
    let mut put = |end: usize, bytes: &[u8]| {
        footer[96 - end..][..bytes.len()].copy_from_slice(bytes);
    };
    put(80, &file.metadata().unwrap().ino().to_le_bytes());
    put(36, &u32::try_from(name.len()).unwrap().to_le_bytes());
    put(32, &u32::try_from(path.len()).unwrap().to_le_bytes());
    put(26, &[1]);
    // The content is a file.
    put(25, &[1]);
    put(24, &u32::try_from(text.len() + 96).unwrap().to_le_bytes());
    put(20, &1_u32.to_le_bytes());
    put(8, b"filemap\n");
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&text), &footer);
    footer[84..88].copy_from_slice(&checksum.to_le_bytes());
    // Sparse: zeros take no memory.
    let used = name.len() + path.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    file.write_all_at(&text[..used], 0).unwrap();
    file.write_all_at(&footer, text.len() as u64).unwrap();
    fs::set_permissions(&entry, fs::Permissions::from_mode(0o744)).unwrap();
    entry
}

/// Runs a verb that may have so much memory, and returns what it prints.
fn run_within_the_limit(place: &Place, words: &[&str]) -> String {
    let mut command = place.other_command("sh");
    let limited = format!("ulimit -d {KIBIBYTES} && exec \"$@\"");
    command.args(["-c", &limited, "sh"]).args(crate::support::filemap()).args(words);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {}: {told}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Runs every verb that lists names.
fn list_all(place: &Place) -> String {
    run_within_the_limit(place, &["ls", "--json"]);
    run_within_the_limit(place, &["ls", "--long"]);
    run_within_the_limit(place, &["gc", "--dry-run"]);
    run_within_the_limit(place, &["ls"])
}

#[test]
fn entries_with_paths_of_a_mebibyte_cost_a_listing_nothing() {
    if emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    let root = global(&place);
    for number in 0..LARGE {
        give(&write_entry(&root, &format!("n{number}"), &vec![0; 1 << 20]));
    }

    assert_eq!(list_all(&place), "no names\n");
    assert_eq!(fs::read_dir(&root).unwrap().count(), LARGE as usize);
    run_within_the_limit(&place, &["gc"]);
}

#[test]
fn another_users_longest_paths_cost_a_listing_little() {
    if emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    let root = global(&place);
    for number in 0..MANY {
        let path = [b"/nowhere/".as_slice(), &[b'\x01'; 4086]].concat();
        if !give(&write_entry(&root, &format!("n{number}"), &path)) {
            return;
        }
    }
    let longer = write_entry(&root, "longer", &[b'/'; 4096]);
    assert!(give(&longer));

    let listed = list_all(&place);

    assert!(listed.contains("Global\\n1") && !listed.contains("longer"), "some are listed");
}

#[test]
fn another_users_longest_names_cost_a_listing_little_and_hide_nobody_elses() {
    if emulated() {
        println!("skipped: a shell cannot start the command, which is emulated");
        return;
    }
    let place = Place::new();
    let registry = Registry::at(place.registry());
    let make = |name: &str| {
        let options = FileMapping::options().registry(&registry).name(name).size(1);
        options.create_new().unwrap()
    };
    let own = make("Global\\own");
    for number in 0..LARGE {
        let name = format!("Global\\{number}{}", "\u{1}".repeat(32_700));
        let made = make(&name);
        let entry = registry.inspect(&*name).unwrap().entry().to_owned();
        drop(OwnedDescriptor::from(made));
        if !give(&entry) {
            return;
        }
    }

    let listed = list_all(&place);

    assert!(listed.contains("Global\\own"), "{} bytes", listed.len());
    assert!(listed.contains("\\u{1}\\u{1}"), "some are listed");
    drop(own);
}
