//! The features of the library and of the command: none, and each alone.

use super::steps::Cargo;
use crate::stop::{Done, about};
use std::fs;
use toml::de::DeTable;

/// Lets clippy look at each choice of features.
pub(super) fn check(cargo: &Cargo) -> Done {
    for package in ["filemap", "filemap-cli", "filemap-layout"] {
        for feature in [String::new()].into_iter().chain(names(package)?) {
            let arguments = ["clippy", "--quiet", "--no-default-features", "--package", package];
            // Tests know of all features, and of none.
            let tests = if feature.is_empty() { &["--all-targets"][..] } else { &[] };
            let choice = ["--features", &feature, "--", "-D", "warnings"];
            cargo.run([&arguments[..], tests, &choice].concat())?;
        }
    }
    // What a build refuses that has none.
    let bare =
        |package, test| ["test", "--package", package, "--no-default-features", "--test", test];
    cargo.run(bare("filemap", "features"))?;
    let about_verbs = ["--", "lacking::", "watch::", "usage::"];
    cargo.run([&bare("filemap-cli", "command")[..], &about_verbs].concat())
}

/// Returns the features of the library, for a build of the command without its own: what that has of
/// layouts and recordings calls no system but through the library, and is tested where the system is
/// this one or Windows.
pub(super) fn without_sight() -> Done<String> {
    let features = names("filemap")?.into_iter().map(|name| format!("filemap/{name}"));
    Ok(features.collect::<Vec<_>>().join(","))
}

/// Returns the names of a package's features.
fn names(package: &str) -> Done<Vec<String>> {
    let manifest = format!("crates/{package}/Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    let table = DeTable::parse(&text).map_err(about(&manifest))?;
    let features = table.get_ref().get("features").and_then(|table| table.get_ref().as_table());
    let names = features.into_iter().flat_map(|table| table.keys());
    let names = names.map(|name| name.get_ref().to_string());
    Ok(names.filter(|name| name != "default").collect())
}
