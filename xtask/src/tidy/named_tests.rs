//! Each test that `docs/semantics.md` names as the proof of a promise exists.

use super::Violation;
use super::source::Source;
use super::tree::Tree;
use std::collections::HashSet;

pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    let page = tree.documents.iter().find(|page| page.path == "docs/semantics.md");
    let Some(page) = page else { return };
    let tests: HashSet<&str> = tree.sources.iter().flat_map(tests_of).collect();
    for mention in &page.tests {
        // A test may be written with the module that holds it.
        let name = mention.what.rsplit("::").next().unwrap_or(&mention.what);
        if !tests.contains(name) {
            violations.push(Violation {
                path: page.path.clone(),
                line: mention.line,
                rule: "rule test",
                what: format!("`{}` is no test of this project", mention.what),
            });
        }
    }
}

/// Returns the functions of `source` that an attribute makes a test.
fn tests_of(source: &Source) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    let mut index = 0;
    while index < source.tokens.len() {
        if source.signs(index, "#[") {
            let mut words = source.words_inside(index + 1).map(|(word, _)| word);
            is_test |= words.next() == Some("test");
            index = source.closing(index + 1);
        } else if source.word(index) == Some("fn") {
            if is_test {
                names.extend(source.word(index + 1));
            }
            is_test = false;
        }
        index += 1;
    }
    names
}
