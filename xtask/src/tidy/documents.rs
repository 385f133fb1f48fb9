//! Documents: links lead somewhere, and the tests that prove a promise exist.

use pulldown_cmark::{Event, Parser, Tag};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Checks the documents among `files`, pairs of a path and a text.
pub(super) fn check(files: &[(String, String)], faults: &mut Vec<String>) {
    let functions = files.iter().flat_map(|(_, text)| text.split("#[test]\n").skip(1));
    let tests: BTreeSet<_> =
        functions.filter_map(|text| text.split_once("fn ")?.1.split('(').next()).collect();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (event, range) in Parser::new(text).into_offset_iter() {
            if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event
                && !leads_somewhere(path, &dest_url)
            {
                let line = text[..range.start].matches('\n').count() + 1;
                faults.push(format!("{path}:{line}: `{dest_url}` leads nowhere"));
            }
        }
        // The last cell of a row names the tests, perhaps with the module that holds them.
        let rows = (1..).zip(text.lines()).filter(|(_, row)| row.starts_with('|'));
        for (line, row) in rows.filter(|_| path == "docs/semantics.md") {
            let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            let mut names = cell.split('`').skip(1).step_by(2);
            let is_test = |name: &str| name.rsplit("::").next().is_some_and(|n| tests.contains(n));
            if let Some(name) = names.find(|name| !is_test(name)) {
                faults.push(format!("{path}:{line}: `{name}` is no test"));
            }
        }
    }
}

/// Returns whether there is what `link` means in the document at `path`.
fn leads_somewhere(path: &str, link: &str) -> bool {
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let file = Path::new(path);
    let file = if target.is_empty() { file.into() } else { file.with_file_name(target) };
    // As viewers make it: `one-call-followed-down`.
    let is_kept = |sign: &char| sign.is_alphanumeric() || "-_".contains(*sign);
    let is_it = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        line.starts_with('#') && title.chars().filter(is_kept).eq(anchor.chars())
    };
    let has_it = || fs::read_to_string(&file).is_ok_and(|text| text.lines().any(is_it));
    link.contains(':') || file.exists() && (anchor.is_empty() || has_it())
}
