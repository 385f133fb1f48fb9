//! Starting the command, beside the program that does nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use filemap::FileMapping;

use crate::Result;
use crate::harness::{Contestant, Effort, Table, compare, each};
use crate::place::Place;

/// Starts in one measurement.
const COUNT: usize = 20;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let program = std::env::current_exe()?.with_file_name("filemap");
    if !program.is_file() {
        let path = program.display();
        return Err(format!("{path} is not there; `cargo xtask bench` builds it").into());
    }
    let place = Place::in_memory()?;
    let registry = filemap::Registry::at(place.path());
    let held = FileMapping::options().registry(&registry).name("there").size(4096).create()?;
    let run = |program: PathBuf, words: &'static [&'static str]| {
        let place = place.path();
        move |_| time(&program, words, place)
    };
    let base = Contestant::new("`true`", run("true".into(), &[]));
    let ours = [
        ("`filemap --version`", &["--version"][..]),
        ("`filemap ls`, of one name", &["ls"]),
        ("`filemap info NAME`", &["info", "there"]),
        ("`filemap read NAME`, 64 bytes", &["read", "there", "-n", "64"]),
    ];
    let ours = ours.map(|(name, words)| Contestant::new(name, run(program.clone(), words)));
    let table = compare(
        "Starting the command",
        "to start a program, and to wait for its end",
        effort.rounds,
        base,
        ours.into(),
    );
    held.close()?;
    Ok(vec![table?])
}

fn time(program: &Path, words: &[&str], place: &Path) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..COUNT {
        let mut command = Command::new(program);
        command.args(words).env("FILEMAP_DIR", place);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("{} {words:?} failed", program.display()).into());
        }
    }
    Ok(each(start.elapsed(), COUNT))
}
