//! The exported symbols: exactly the functions that the header declares.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::library;
use crate::support::{Outcome, folder, output};

/// Returns the names that the header declares: at the start of a line, between a type and a bracket.
pub(crate) fn declared() -> std::io::Result<BTreeSet<String>> {
    let header = fs::read_to_string(folder("include/filemap.h"))?;
    let names = header.lines().filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let (kind, name) = before.rsplit_once([' ', '*'])?;
        let is_type = kind.chars().all(|sign| sign.is_ascii_alphanumeric() || "_ *".contains(sign));
        let is_name = name.starts_with(|sign: char| sign.is_ascii_alphabetic());
        let is_other = line.starts_with([' ', '#', '/']) || line.starts_with("typedef");
        (is_type && is_name && !is_other).then(|| name.to_owned())
    });
    Ok(names.collect())
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() -> Outcome {
    let mut command = Command::new("nm");
    command.args(["--dynamic", "--defined-only", "--format=posix"]);
    command.arg(library::folder()?.join("libfilemap.so"));

    let listed = String::from_utf8(output(command)?.stdout)?;

    let exported: BTreeSet<String> =
        listed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(exported, declared()?);
    assert!(exported.len() > 50, "{exported:?}");
    Ok(())
}

#[test]
fn no_name_is_of_two_encodings() -> Outcome {
    let declared = declared()?;

    let pairs = declared.iter().filter_map(|name| name.strip_suffix('W'));

    for base in pairs {
        assert!(declared.contains(&format!("{base}A")), "{base}A");
        assert!(!declared.contains(base), "{base}");
    }
    Ok(())
}

#[test]
fn the_page_of_the_interface_lists_what_there_is() -> Outcome {
    let page = fs::read_to_string(folder("../../docs/abi.md"))?;

    for name in declared()? {
        // Pairs stand together: `DeleteFileA/W`.
        let pair = name.strip_suffix(['A', 'W']).map(|base| format!("`{base}A/W`"));
        let listed = page.contains(&format!("`{name}`"));
        assert!(listed || pair.is_some_and(|pair| page.contains(&pair)), "{name}");
    }
    Ok(())
}
