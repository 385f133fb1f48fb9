//! The features of the library and of the command: none, and each alone.

use super::steps::Cargo;
use crate::stop::{Done, about};
use std::fs;
use toml::de::DeTable;

/// Lets clippy look at each choice of features, tests included.
pub(super) fn check(cargo: &Cargo) -> Done {
    for package in ["filemap", "filemap-cli", "filemap-layout"] {
        let manifest = format!("crates/{package}/Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        let table = DeTable::parse(&text).map_err(about(&manifest))?;
        let features = table.get_ref().get("features").and_then(|table| table.get_ref().as_table());
        let names =
            features.into_iter().flat_map(|table| table.keys()).map(|name| name.get_ref().as_ref());
        for feature in [""].into_iter().chain(names.filter(|name| *name != "default")) {
            let arguments = ["clippy", "--quiet", "--all-targets", "--no-default-features"];
            let choice = ["--package", package, "--features", feature, "--", "-D", "warnings"];
            cargo.run([&arguments[..], &choice].concat())?;
        }
    }
    // What a build refuses that has none.
    let bare =
        |package, test| ["test", "--package", package, "--no-default-features", "--test", test];
    cargo.run(bare("filemap", "features"))?;
    let about_verbs = ["--", "lacking::", "watch::", "usage::"];
    cargo.run([&bare("filemap-cli", "command")[..], &about_verbs].concat())
}
