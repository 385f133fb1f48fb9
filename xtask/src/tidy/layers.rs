//! Layers and platforms: a layer uses only those below it, and what touches the system is in `sys`.
//!
//! That no platform names the other is no rule here: both are `sys::platform`, each where it is
//! compiled, and have no other name.

use super::source::Source;

/// The layers of the library, lowest first.
const LAYERS: [&str; 4] = ["types", "sys", "model", "file"];

/// Where the library, and the helper of `filemap wine`, call the system.
const SYSTEMS: [&str; 2] = ["crates/filemap/src/sys/", "crates/filemap-wine/src/sys/"];

pub(super) fn check(sources: &[Source], faults: &mut Vec<String>) {
    // Tests may ask the system itself what is true.
    for source in sources.iter().filter(|source| source.path.contains("/src/")) {
        if source.path.starts_with("crates/filemap/src/") && source.module.len() > 1 {
            check_layer(source, faults);
        }
        if source.path.starts_with("crates/")
            && !SYSTEMS.iter().any(|sys| source.path.starts_with(sys))
        {
            check_fence(source, faults);
        }
    }
}

/// Rule 1: holds each path of a file against the layer of the file.
fn check_layer(source: &Source, faults: &mut Vec<String>) {
    let rank =
        |path: &[String]| LAYERS.iter().position(|layer| path.get(1).is_some_and(|p| p == layer));
    let own = rank(&source.module);
    for path in source.paths() {
        let what = match rank(&path.parts) {
            _ if !path.text.starts_with("crate::") && !path.text.starts_with("super::") => continue,
            None => "rule 1: this names no layer; write `crate::<layer>::X`",
            used if used > own => "rule 1: this is in a layer above",
            _ => continue,
        };
        faults.push(format!("{}:{}: {what}: `{}`", source.path, path.line, path.text));
    }
}

/// Rule 2: no `unsafe`, system crate, or `cfg` of a platform outside `sys` and the C interface.
fn check_fence(source: &Source, faults: &mut Vec<String>) {
    let is_abi = source.path.starts_with("crates/filemap-abi/");
    // What the command and recordings ask of the system; without `unsafe`.
    let asking = ["crates/filemap-cli/src/sys/", "crates/filemap-recording/src/sys.rs"];
    let asks = is_abi || asking.iter().any(|sys| source.path.starts_with(sys));
    for (at, (word, line)) in source.tokens.iter().enumerate() {
        // An attribute, or a `cfg!` and what it decides.
        let mut inside = source.tokens[at..].iter().map_while(|(word, _)| match word.as_str() {
            "]" | "{" | ";" => None,
            word => Some(matches!(word, "unix" | "windows") || word.starts_with("target_")),
        });
        let what = match (word.as_str(), source.word(at + 1)) {
            ("unsafe", _) if !is_abi => "`unsafe` belongs in `sys`",
            ("rustix" | "libc" | "windows_sys", ":") if !asks => "system calls belong in `sys`",
            ("cfg" | "cfg_attr", "(" | "!") if !asks && inside.any(|is_platform| is_platform) => {
                "platforms are told apart in `sys`"
            }
            _ => continue,
        };
        faults.push(format!("{}:{line}: rule 2: {what}", source.path));
    }
}
