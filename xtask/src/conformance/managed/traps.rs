//! What runtimes find and do not find, as `docs/managed.md` tells it.
//!
//! These are claims about the runtimes and not about the library: one that no longer holds is a
//! reason to change the document, and what `filemap kernel32` lays.

use super::play::{Finds, Stage};
use super::runtime::{Kind, Runtime};
use crate::stop::{Done, failed};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What is laid where for a program, besides the program itself.
struct Trap {
    what: &'static str,
    kind: Kind,
    /// Changes the folder of the program, in which the library is installed, and how it is started.
    lay: fn(&Path, &mut Command) -> io::Result<()>,
    finds: Finds,
}

const LIBRARY: &str = "libfilemap.so";

const TRAPS: [Trap; 7] = [
    Trap {
        what: "files of every name beside the program, and no configuration",
        kind: Kind::Mono,
        lay: |folder, _| without_configuration(folder),
        finds: Finds::Nothing,
    },
    Trap {
        what: "files of every name where LD_LIBRARY_PATH leads",
        kind: Kind::Mono,
        lay: |folder, command| {
            command.env("LD_LIBRARY_PATH", folder);
            without_configuration(folder)
        },
        finds: Finds::Nothing,
    },
    Trap { what: "LD_PRELOAD alone", kind: Kind::Mono, lay: preloaded, finds: Finds::TheLibrary },
    Trap { what: "LD_PRELOAD alone", kind: Kind::DotNet, lay: preloaded, finds: Finds::Nothing },
    Trap {
        what: "the configuration of Mono, and no file but the library",
        kind: Kind::DotNet,
        lay: |folder, _| without_names(folder),
        finds: Finds::Nothing,
    },
    Trap {
        what: "a file of the one name that is tried first",
        kind: Kind::DotNet,
        lay: |folder, _| {
            without_names(folder)?;
            symlink(LIBRARY, folder.join("kernel32.dll.so"))
        },
        finds: Finds::TheLibrary,
    },
    Trap {
        what: "a link that is named kernel32.dll",
        kind: Kind::DotNet,
        lay: |folder, _| symlink(LIBRARY, folder.join("kernel32.dll")),
        finds: Finds::NoStart,
    },
];

/// Tries them all on a runtime, and returns how many there are.
pub(super) fn spring(stage: &Stage<'_>, runtime: &Runtime) -> Done<u64> {
    let mut count = 0;
    for Trap { what, lay, finds: wanted, .. } in
        TRAPS.iter().filter(|trap| trap.kind == runtime.kind)
    {
        let finds = stage.tried(runtime, *lay)?;
        if finds != *wanted {
            return failed(format!(
                "{runtime}, with {what}: finds {finds:?}; docs/managed.md says {wanted:?}"
            ));
        }
        count += 1;
    }
    Ok(count)
}

fn preloaded(folder: &Path, command: &mut Command) -> io::Result<()> {
    command.env("LD_PRELOAD", folder.join(LIBRARY));
    without_configuration(folder)?;
    without_names(folder)
}

/// Takes away what Mono reads.
fn without_configuration(folder: &Path) -> io::Result<()> {
    remove(folder, |name| name.ends_with(".exe.config"))
}

/// Takes away every name but the library's own.
fn without_names(folder: &Path) -> io::Result<()> {
    remove(folder, |name| name.ends_with(".so") && name != LIBRARY)
}

fn remove(folder: &Path, which: fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(which) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
