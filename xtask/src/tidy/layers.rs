//! Rule 1: a layer of the library uses only layers below it, written `crate::<layer>::X`.

use super::Violation;
use super::source::{Kind, Source};
use super::tree::Tree;

/// The layers of `crates/filemap/src`, lowest first.
const LAYERS: [&str; 4] = ["types", "sys", "model", "file"];

const RULE: &str = "rule 1";

pub(super) fn check(tree: &Tree, violations: &mut Vec<Violation>) {
    for source in &tree.sources {
        let Some(inside) = source.path.strip_prefix("crates/filemap/src/") else { continue };
        let first = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
        if first == "lib" {
            continue;
        }
        let Some(rank) = LAYERS.iter().position(|layer| *layer == first) else {
            violations.push(Violation {
                path: source.path.clone(),
                line: 1,
                rule: RULE,
                what: format!("`{first}` is no layer; the layers are {}", LAYERS.join(", ")),
            });
            continue;
        };
        check_uses(source, rank, violations);
        check_climbs(source, module_depth(inside), violations);
    }
}

/// Finds each `crate::` and holds the layer after it against the layer it stands in.
fn check_uses(source: &Source, rank: usize, violations: &mut Vec<Violation>) {
    let own = LAYERS[rank];
    for index in 0..source.tokens.len() {
        if source.word(index) != Some("crate") || !source.signs(index + 1, "::") {
            continue;
        }
        for (head, line) in source.heads(index + 3) {
            let what = match LAYERS.iter().position(|layer| *layer == head) {
                Some(used) if used <= rank => continue,
                Some(_) => format!("`{own}` uses `{head}`, a layer above it"),
                None => format!("`crate::{head}` does not name a layer; write `crate::<layer>::X`"),
            };
            violations.push(Violation { path: source.path.clone(), line, rule: RULE, what });
        }
    }
}

/// Finds each chain of `super::` that climbs out of the layer, which would hide a use.
fn check_climbs(source: &Source, file_depth: usize, violations: &mut Vec<Violation>) {
    // For every open bracket, whether it is the body of a module.
    let mut open = Vec::new();
    let mut index = 0;
    while index < source.tokens.len() {
        let token = &source.tokens[index];
        match &token.kind {
            Kind::Open(_) => {
                let module = index >= 2
                    && source.signs(index, "{")
                    && source.word(index - 1).is_some()
                    && source.word(index - 2) == Some("mod");
                open.push(module);
            }
            Kind::Close(_) => {
                open.pop();
            }
            Kind::Word(word) if word == "super" => {
                let mut climbs = 0;
                while source.word(index) == Some("super") && source.signs(index + 1, "::") {
                    climbs += 1;
                    index += 3;
                }
                let inline = open.iter().filter(|module| **module).count();
                if climbs > 0 && climbs >= file_depth + inline {
                    violations.push(Violation {
                        path: source.path.clone(),
                        line: token.line,
                        rule: RULE,
                        what: "`super` climbs out of the layer; write `crate::<layer>::X`"
                            .to_owned(),
                    });
                }
                // The token after the chain may itself be a bracket: look at it next.
                if climbs > 0 {
                    continue;
                }
            }
            _ => {}
        }
        index += 1;
    }
}

/// Returns how many modules deep the file at `inside`, a path from `src`, is.
fn module_depth(inside: &str) -> usize {
    let parts = inside.split('/').count();
    if inside.ends_with("/mod.rs") { parts - 1 } else { parts }
}
