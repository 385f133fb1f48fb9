//! The page and its pictures say what the results say.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// What is in a folder, by name.
fn contents(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let files = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(entry.path())?))
    });
    files.collect()
}

#[test]
fn the_page_and_its_pictures_are_what_the_results_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let made = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_filemap-bench");
    let made_well = Command::new(program).args(["--page", "--into"]).arg(made.path()).status();
    assert!(made_well.unwrap().success());

    let remedy = "`cargo xtask bench --page` makes it anew";
    let [page, own] = [made.path(), &root]
        .map(|place| fs::read_to_string(place.join("docs/performance.md")).unwrap());
    assert!(page == own, "docs/performance.md is not what bench/results says; {remedy}");
    let [pictures, own] =
        [made.path(), &root].map(|place| contents(&place.join("docs/performance")).unwrap());
    assert!(
        pictures.keys().eq(own.keys()),
        "pictures there: {:?}, made: {:?}; {remedy}",
        own.keys(),
        pictures.keys()
    );
    for (name, picture) in pictures {
        assert!(own[&name] == picture, "{name} is not what bench/results says; {remedy}");
    }
    // Every file of results belongs to a group, and so is on the page.
    for name in contents(&root.join("bench/results")).unwrap().into_keys() {
        assert!(own.contains_key(&name.replace(".json", ".svg")), "{name} belongs to no group");
    }
}
