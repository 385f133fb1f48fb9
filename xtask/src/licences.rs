//! `cargo xtask licences`: what `deny.toml` says of the licences, sources and faults of dependencies.

use crate::process::{self, cargo};
use crate::report;
use crate::stop::Done;

pub(crate) fn run() -> Done {
    process::needs_answer(&mut cargo(["deny", "--version"]), "cargo install --locked cargo-deny")?;
    let check = ["deny", "--all-features", "check"];
    process::run(cargo(check).args(["bans", "licenses", "sources"]))?;
    // The advisories come from a repository on the network, which not every machine can reach.
    if process::output(&mut cargo(["deny", "fetch", "db"])).is_err() {
        report::skip("advisories", "their database cannot be fetched from here");
        return Ok(());
    }
    process::run(cargo(check).args(["--disable-fetch", "advisories"]))
}
