//! Documents keep their word: links lead somewhere, and the changelog has the coming version.

use super::Violation;
use super::tree::Tree;

pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    check_links(tree, violations);
    check_changelog(tree, violations);
}

fn check_links(tree: &Tree, violations: &mut Vec<Violation>) {
    for document in &tree.documents {
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in &document.links {
            if link.what.contains("://") || link.what.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.what.split_once('#').unwrap_or((&link.what, ""));
            let target =
                if path.is_empty() { Some(document.path.clone()) } else { resolve(folder, path) };
            let page = tree.documents.iter().find(|page| Some(&page.path) == target.as_ref());
            let what = match (target, page) {
                (None, _) => "leads out of the project",
                (Some(target), None) if !tree.holds(&target) => "leads to no file",
                (_, Some(page))
                    if !anchor.is_empty() && !page.anchors.iter().any(|a| a == anchor) =>
                {
                    "leads to no heading of that document"
                }
                _ => continue,
            };
            violations.push(Violation {
                path: document.path.clone(),
                line: link.line,
                rule: "rule link",
                what: format!("`{}` {what}", link.what),
            });
        }
    }
}

/// Returns the path from the root for `link`, as written in a document in `folder`.
fn resolve(folder: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn check_changelog(tree: &Tree, violations: &mut Vec<Violation>) {
    let version = env!("CARGO_PKG_VERSION");
    let wanted = ["## [Unreleased]".to_owned(), format!("## [{version}]")];
    let changelog = tree.files.iter().find(|file| file.path == "CHANGELOG.md");
    let what = match changelog {
        None => "there is no changelog: users read there what a version changes for them",
        Some(file)
            if !file.text.lines().any(|line| wanted.iter().any(|head| line.starts_with(head))) =>
        {
            "neither an Unreleased heading nor one for the version that Cargo.toml names"
        }
        Some(_) => return,
    };
    violations.push(Violation {
        path: "CHANGELOG.md".to_owned(),
        line: 1,
        rule: "rule changelog",
        what: what.to_owned(),
    });
}
