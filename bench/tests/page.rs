//! The page and its picture show what the results say.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_page_and_its_picture_are_what_the_results_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let made = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_filemap-bench");
    let made_well = Command::new(program).args(["--page", "--into"]).arg(made.path()).status();
    assert!(made_well.unwrap().success());

    for name in ["docs/performance.md", "docs/performance.svg"] {
        let [made, own] = [made.path(), &root].map(|root| fs::read_to_string(root.join(name)));
        let remedy = "`cargo xtask bench --page` makes it anew";
        assert!(made.unwrap() == own.unwrap(), "{name} is not what bench/results says; {remedy}");
    }
}

#[test]
fn the_page_has_at_most_150_lines() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");

    assert!(fs::read_to_string(page).unwrap().lines().count() <= 150);
}
