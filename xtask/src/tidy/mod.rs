//! `cargo xtask tidy`: the rules of the house that no compiler knows.
//!
//! Reads the tree once, shows it to every rule, and prints what they found as
//! `file:line: rule: what`. The numbered rules are those of `ARCHITECTURE.md`.

mod tree;
mod source;
mod document;
mod layers;
mod platforms;
mod shape;
mod documents;
mod named_tests;

use crate::report;
use std::path::Path;
use tree::Tree;

/// Something that breaks a rule, and where.
struct Violation {
    path: String,
    line: usize,
    rule: &'static str,
    what: String,
}

/// Checks the tree at `root` and prints every violation.
pub(crate) fn run(root: &Path) -> bool {
    let tree = match Tree::read(root) {
        Ok(tree) => tree,
        Err(err) => {
            report::complain(&format!("xtask tidy: could not read {}: {err}", root.display()));
            return false;
        }
    };
    let mut violations = Vec::new();
    for check in [
        tree::check,
        layers::check,
        platforms::check,
        shape::check,
        documents::check,
        named_tests::check,
    ] {
        check(&tree, &mut violations);
    }
    violations.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));

    for Violation { path, line, rule, what } in &violations {
        report::say(&format!("{path}:{line}: {rule}: {what}"));
    }
    let files = tree.files.len();
    if violations.is_empty() {
        report::say(&format!("tidy: {files} files, nothing to tidy"));
    } else {
        report::say(&format!("tidy: {files} files, {} to tidy", violations.len()));
    }
    violations.is_empty()
}
