//! The files of the project, read into memory once for all rules.

use super::Violation;
use super::document::Document;
use super::source::Source;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

/// Where the fuzzer puts what it finds, which git ignores: text or not, nobody wrote it.
const FOUND: [&str; 3] = ["fuzz/corpus", "fuzz/artifacts", "fuzz/coverage"];

/// A text file of the project.
pub(super) struct File {
    /// Its path from the root, with `/` between the parts on every platform.
    pub(super) path: String,
    pub(super) text: String,
}

/// All text files of the project, Rust and Markdown also in parsed form.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    pub(super) sources: Vec<Source>,
    pub(super) documents: Vec<Document>,
    paths: Vec<String>,
    unreadable: Vec<Violation>,
}

impl Tree {
    /// Reads what git knows of `root` or would add; without git, everything but what was built or
    /// found by the fuzzer.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => {
                let mut paths = Vec::new();
                walk(root, "", &mut paths)?;
                paths
            }
        };
        paths.sort();
        paths.dedup();

        let mut tree = Self {
            files: Vec::new(),
            sources: Vec::new(),
            documents: Vec::new(),
            paths: Vec::new(),
            unreadable: Vec::new(),
        };
        for path in paths {
            // A file that is not text, or that git lists although it is deleted, breaks no rule.
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                tree.add(path.clone(), text);
                tree.paths.push(path);
            } else if root.join(&path).exists() {
                tree.paths.push(path);
            }
        }
        Ok(tree)
    }

    fn add(&mut self, path: String, text: String) {
        if path.ends_with(".rs") {
            match Source::parse(&path, &text) {
                Ok(source) => self.sources.push(source),
                Err((line, what)) => self.unreadable.push(Violation {
                    path: path.clone(),
                    line,
                    rule: "rule syntax",
                    what,
                }),
            }
        } else if path.ends_with(".md") {
            self.documents.push(Document::parse(&path, &text));
        }
        self.files.push(File { path, text });
    }

    /// Returns whether `path` is a file of the project or a folder that holds one.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty() || self.paths.iter().any(|file| file == path || file.starts_with(&folder))
    }
}

/// Reports the sources that are no Rust, which no other rule can have looked at.
pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for Violation { path, line, rule, what } in &tree.unreadable {
        violations.push(Violation {
            path: path.clone(),
            line: *line,
            rule,
            what: format!("the file is not Rust: {what}"),
        });
    }
}

/// Returns the files that git tracks or would track, if `root` is the top of a repository.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let paths = String::from_utf8(listed.stdout).ok()?;
    Some(paths.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            if name != "target" && name != ".git" && !FOUND.contains(&&*path) {
                walk(root, &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
