//! `cargo xtask conformance --managed`: C# programs that call kernel32, under Mono and .NET Core.
//!
//! The programs are in `conformance/managed`. Each is compiled once, and runs on both runtimes as
//! it is: alone at its limits, and as two processes that know each other by a name, in every pair
//! of runtimes. The class that they are about is the project's own, or that of a page of text,
//! unchanged.

mod page;
mod runtime;
mod program;
mod play;
mod traps;

use crate::process;
use crate::report;
use crate::stop::{Done, about};
use page::Class;
use play::{Delivery, Stage};
use program::Program;
use runtime::Runtime;
use std::fs;
use std::path::PathBuf;

/// Runs the programs over the class in the file `page`, or over the project's own.
pub(crate) fn run(page: Option<&str>) -> Done {
    process::needs(&[("mcs", "mono-mcs"), ("mono", "mono-runtime")])?;
    let place = tempfile::tempdir()?;
    let programs = match page {
        Some(page) => {
            let text = fs::read_to_string(page).map_err(about(page))?;
            let class = Class::of(&text)?;
            let (name, bytes) = (class.name, class.source.len());
            report::say(&format!("managed: the class `{name}` of the page, {bytes} bytes, as is"));
            Program::of_page(&class, place.path())?
        }
        None => vec![Program::own(place.path())?],
    };
    let built = build()?;
    let runtimes = Runtime::all()?;

    let mut claims = 0;
    for program in &programs {
        let stage = Stage::new(program, &built, place.path())?;
        for first in &runtimes {
            stage.is_lost_without_the_library(first)?;
            claims += tell(program.name, &format!("{first} alone"), stage.limits(first)?);
            for second in &runtimes {
                let held = stage.pair(first, second)?;
                claims += tell(program.name, &format!("{first} with {second}"), held);
            }
        }
    }
    if let (None, [own, ..]) = (page, programs.as_slice()) {
        let traps = place.path().join("traps");
        fs::create_dir(&traps)?;
        let stage = Stage::new(own, &built, &traps)?;
        let example = Program::example(place.path())?;
        let examples = Stage::new(&example, &built, place.path())?;
        for runtime in &runtimes {
            let held = traps::spring(&stage, runtime)?;
            claims += tell("traps", &runtime.to_string(), held);
            for delivery in [Delivery::Installed, Delivery::Run] {
                examples.example(runtime, delivery)?;
                claims += tell(example.name, &format!("{runtime}, {delivery:?}"), 1);
            }
        }
    }
    report::say(&format!("managed: {claims} claims held"));
    Ok(())
}

/// Prints how many claims held, and returns that.
fn tell(program: &str, who: &str, claims: u64) -> u64 {
    report::say(&format!("{program:<12} {who:<36} {claims:>6}"));
    claims
}

/// Where cargo put what the programs need.
struct Built {
    command: PathBuf,
    library: PathBuf,
}

fn build() -> Done<Built> {
    let packages = ["--package", "filemap-cli", "--package", "filemap-abi"];
    // As the tests build them, which may run beside this.
    process::run(process::cargo(["build", "--quiet", "--all-features"]).args(packages))?;
    let folder = process::built()?;
    Ok(Built { command: folder.join("filemap"), library: folder.join("libfilemap.so") })
}
