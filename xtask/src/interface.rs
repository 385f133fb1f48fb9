//! `cargo xtask interface`: the library's public interface beside the one that is committed.
//!
//! Nightly rustdoc describes it, with all features. The reader of that is a feature of this program,
//! which builds itself again with it: nobody else needs to wait for it.

use crate::stop::Done;

/// Compares the two, or writes what is committed.
#[cfg(not(feature = "interface"))]
pub(crate) fn run(renew: bool) -> Done {
    use crate::process;

    process::needs_answer(
        &mut process::cargo_of("nightly", ["--version"]),
        "rustup toolchain install nightly --profile minimal",
    )?;
    let arguments = ["run", "--quiet", "--package", "xtask", "--features", "interface", "--"];
    let mut command = process::cargo(arguments);
    command.arg("interface").args(renew.then_some("--renew"));
    // This program stays as it is: whoever runs it now starts it again.
    process::run(command.env("CARGO_TARGET_DIR", process::target()?.join("interface")))
}

/// Compares the two, or writes what is committed.
#[cfg(feature = "interface")]
pub(crate) fn run(renew: bool) -> Done {
    use crate::stop::{about, failed};
    use crate::{process, report};
    use std::collections::BTreeSet;
    use std::fs;

    const COMMITTED: &str = "crates/filemap/interface.txt";
    let target = process::target()?.join("interface");
    let words = ["rustdoc", "--quiet", "--package", "filemap", "--all-features", "--lib", "--"];
    let mut rustdoc = process::cargo_of("nightly", words);
    rustdoc.args(["-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"]);
    process::run(rustdoc.env("CARGO_TARGET_DIR", &target))?;
    let read = public_api::Builder::from_rustdoc_json(target.join("doc/filemap.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build();
    let interface = match read {
        Ok(interface) => interface.to_string(),
        Err(error) => return failed(format!("the description cannot be read: {error}")),
    };
    if renew {
        return fs::write(COMMITTED, interface).map_err(about(COMMITTED));
    }
    let committed = fs::read_to_string(COMMITTED).map_err(about(COMMITTED))?;
    let (before, now): (BTreeSet<_>, BTreeSet<_>) =
        (committed.lines().collect(), interface.lines().collect());
    for (sign, lines) in [("-", before.difference(&now)), ("+", now.difference(&before))] {
        for line in lines {
            report::say(&format!("{sign} {line}"));
        }
    }
    match before == now {
        true => Ok(()),
        false => failed(format!("the interface differs from {COMMITTED}: see CONTRIBUTING.md")),
    }
}
