//! `cargo xtask tidy`: the rules of the house that no compiler knows.
//!
//! Prints what it finds as `file:line: what`. The numbers of rules are those of `CONTRIBUTING.md`.

mod source;
mod layers;
mod circles;
mod documents;

use crate::process;
use crate::report;
use crate::stop::{Done, failed};
use source::Source;
use std::fs;
use std::process::Command;

/// The longest file; a longer one is split by what it holds.
const LONGEST: usize = 600;

/// Checks the files that git has or would add.
pub(crate) fn run() -> Done {
    let mut list = Command::new("git");
    let paths =
        process::output(list.args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    // A file that is not text, or that was deleted, breaks no rule.
    let read = |path: &str| Some((path.to_owned(), fs::read_to_string(path).ok()?));
    let files: Vec<_> = paths.lines().filter_map(read).collect();
    let mut faults = faults(&files);
    faults.sort();
    for fault in &faults {
        report::say(fault);
    }
    report::say(&format!("tidy: {} files, {} faults", files.len(), faults.len()));
    if faults.is_empty() { Ok(()) } else { failed("see the lines above") }
}

/// Returns what is wrong with `files`, pairs of a path and a text.
fn faults(files: &[(String, String)]) -> Vec<String> {
    let (mut sources, mut faults) = (Vec::new(), Vec::new());
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        // The compiler complains of what is no Rust.
        sources.extend(Source::parse(path, text));
        if text.lines().count() > LONGEST {
            faults.push(format!("{path}:{LONGEST}: longer than that; split it by what it holds"));
        }
    }
    layers::check(&sources, &mut faults);
    circles::check(&sources, &mut faults);
    documents::check(files, &mut faults);
    faults
}

#[cfg(test)]
mod tests {
    use super::faults;

    /// Adds a file to a tree without faults, and returns what is then found.
    fn found(path: &str, text: &str) -> Vec<String> {
        let tree = [
            ("docs/semantics.md", "| maps | test |\n|---|---|\n| maps | `it::maps`, cases |\n"),
            ("crates/filemap/tests/it/view.rs", "#[test]\n#[cfg(unix)]\nfn maps() {}\n"),
            ("crates/filemap/src/model/mod.rs", "//! Model.\nmod view;\npub use view::View;\n"),
            ("crates/filemap/src/model/view.rs", "use crate::sys::A;\nuse super::owner::X;\n"),
            ("crates/filemap/src/sys/linux/a.rs", "unsafe fn f() { std::os::windows::g() }\n"),
            (path, text),
        ];
        faults(&tree.map(|(path, text)| (path.to_owned(), text.to_owned())))
    }

    #[test]
    fn a_tree_without_faults_passes() {
        for (path, text) in [
            ("../README.md", "# One\n[a](docs/safety.md) [b](docs) [c](https://example.org)"),
            ("crates/filemap/src/model/a.rs", "use super::View;"),
            ("crates/filemap/src/types/a.rs", "//! `unsafe`\nconst A: &str = \"libc::\";"),
            ("crates/filemap-cli/src/sys/mod.rs", "#[cfg(unix)]\nuse rustix::a;"),
        ] {
            assert_eq!(found(path, text), [""; 0], "{path}");
        }
    }

    #[test]
    fn each_fault_is_found_with_its_line() {
        let long = "\n".repeat(601);
        for (path, text, fault) in [
            ("types/a.rs:3", "use crate::{\n    types::B,\n    sys::C,\n};", "rule 1"),
            ("sys/a.rs:1", "use super::super::model::View;", "rule 1"),
            ("file/a.rs:1", "fn f(view: &crate::View) {}", "rule 1"),
            ("model/a.rs:2", "fn f() {\n    unsafe { g() }\n}", "rule 2"),
            ("types/a.rs:1", "use rustix::io::Errno;", "rule 2"),
            ("model/a.rs:1", "#[cfg(all(test, not(unix)))]\nfn f() {}", "rule 2"),
            ("model/a.rs:1", "const A: bool = cfg!(target_os = \"linux\");", "rule 2"),
            ("model/a.rs:600", &long, "longer"),
        ] {
            let place = format!("crates/filemap/src/{path}");
            let found = found(place.split(':').next().unwrap(), text).concat();
            assert!(found.starts_with(&format!("{place}: {fault}")), "{path}: {found}");
        }
        for text in ["fn f(a: &crate::model::View) {}", "use super::{Y, View as V};"] {
            let found = found("crates/filemap/src/model/owner.rs", text).concat();
            assert!(found.starts_with("a circle: crates/filemap/model/owner, "), "{found}");
        }
        for link in ["docs/none.md", "docs/safety.md#none", "#none"] {
            let found = found("../README.md", &format!("# Title\n\nSee [it]({link}).\n"));
            assert_eq!(found, [format!("../README.md:3: `{link}` leads nowhere")]);
        }
        let found = found("docs/semantics.md", "| maps | test |\n| `a` | `it::b` |\n");
        assert_eq!(found, ["docs/semantics.md:2: `it::b` is no test"]);
    }
}
