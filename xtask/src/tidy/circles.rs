//! Circles among the files of a crate, with re-exports resolved.
//!
//! A file that uses a thing of another depends on the file that has it, not on the `mod.rs` that
//! hands it on. A `mod.rs` itself may know its files, and they it.

use super::source::{Module, Source};
use std::collections::{BTreeMap, BTreeSet};

/// The backends of `sys`. Each is the module `platform` where it is compiled.
const PLATFORMS: [&str; 2] = ["linux", "windows"];

/// The files, and what the `mod.rs` files among them hand on.
#[derive(Default)]
struct Files {
    all: BTreeSet<Module>,
    folders: BTreeSet<Module>,
    again: BTreeMap<(Module, String), Vec<Module>>,
}

pub(super) fn check(sources: &[Source], faults: &mut Vec<String>) {
    let mut files = Files::default();
    let sources: Vec<_> = sources.iter().filter(|source| !source.module.is_empty()).collect();
    for Source { path, module, .. } in &sources {
        files.all.insert(module.clone());
        if ["/mod.rs", "/lib.rs", "/main.rs"].iter().any(|end| path.ends_with(end)) {
            files.folders.insert(module.clone());
        }
    }
    for source in sources.iter().filter(|source| files.folders.contains(&source.module)) {
        for path in source.paths() {
            files.again.entry((source.module.clone(), path.name)).or_default().push(path.parts);
        }
    }
    let sys = ["crates/filemap", "sys"].map(str::to_owned).to_vec();
    let platforms = PLATFORMS.map(|name| [sys.as_slice(), &[name.to_owned()]].concat());
    files.again.insert((sys, "platform".to_owned()), platforms.to_vec());

    let mut edges: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !files.folders.contains(&source.module)) {
        let used = edges.entry(source.module.join("/")).or_default();
        let homes = source.paths().into_iter().flat_map(|path| files.homes(&path.parts, 0));
        let is_edge = |home: &Module| {
            !files.folders.contains(home) && !is_other_platform(&source.module, home)
        };
        used.extend(homes.filter(is_edge).map(|home| home.join("/")));
    }
    faults.extend(circles(&edges).iter().map(|circle| format!("a circle: {}", circle.join(", "))));
}

/// Returns whether two modules are in `sys`, and each in another platform.
fn is_other_platform(one: &Module, other: &Module) -> bool {
    let [one, other] = [one, other].map(|module| module.get(2).map_or("", String::as_str));
    one != other && PLATFORMS.contains(&one) && PLATFORMS.contains(&other)
}

impl Files {
    /// Returns the files that have what `path` means; several where each platform has one.
    fn homes(&self, path: &[String], depth: usize) -> Vec<Module> {
        let mut lengths = (0..=path.len()).rev();
        let length = lengths.find(|len| self.all.contains(&path[..*len])).unwrap_or_default();
        let (module, rest) = path.split_at(length);
        let again = rest.first().and_then(|name| self.again.get(&(module.to_vec(), name.clone())));
        // As deep as re-exports go; a name that stands for itself ends here.
        let Some(again) = again.filter(|_| depth < 8) else { return vec![module.to_vec()] };
        let paths = again.iter().map(|path| [path, &rest[1..]].concat());
        paths.flat_map(|path| self.homes(&path, depth + 1)).collect()
    }
}

/// Returns the sets of nodes that reach each other.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let reached = |start: &String| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(node) = open.pop() {
            let used = edges.get(node).into_iter().flatten();
            open.extend(used.filter(|used| reached.insert((*used).clone())));
        }
        reached
    };
    let reach: BTreeMap<_, _> = edges.keys().map(|node| (node.clone(), reached(node))).collect();
    let mut circles = BTreeSet::new();
    for (node, mut circle) in reach.clone() {
        circle.retain(|other| reach.get(other).is_some_and(|back| back.contains(&node)));
        circles.extend((circle.len() > 1).then(|| Vec::from_iter(circle)));
    }
    circles
}
