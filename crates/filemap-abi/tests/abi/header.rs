//! The header `filemap.h`, which cbindgen generates from the sources.

use std::error::Error;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files with exported functions, in the order of the header.
const SOURCES: [&str; 25] = [
    "kernel32/create.rs",
    "kernel32/view.rs",
    "kernel32/memory.rs",
    "kernel32/handle.rs",
    "kernel32/error.rs",
    "kernel32/message.rs",
    "kernel32/allocated.rs",
    "kernel32/security.rs",
    "kernel32/system.rs",
    "kernel32/time.rs",
    "kernel32/encoding.rs",
    "kernel32/module.rs",
    "kernel32/file.rs",
    "kernel32/transfer.rs",
    "kernel32/position.rs",
    "kernel32/lock.rs",
    "kernel32/copy.rs",
    "kernel32/mutex.rs",
    "kernel32/event.rs",
    "kernel32/semaphore.rs",
    "kernel32/wait.rs",
    "kernel32/address.rs",
    "kernel32/process.rs",
    "extra.rs",
    "pin.rs",
];

fn generated() -> Result<String, Box<dyn Error>> {
    let sources = Path::new(ROOT).join("src");
    let mut config = cbindgen::Config::from_file(Path::new(ROOT).join("cbindgen.toml"))?;
    config.after_includes = Some(fs::read_to_string(sources.join("preamble.h"))?);
    config.trailer = Some(fs::read_to_string(sources.join("undecorated.h"))?);
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(sources.join(source));
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    Ok(for_readers_of_c(&String::from_utf8(header)?))
}

/// Arguments that have no effect.
const UNUSED: [&str; 5] =
    ["dwShareMode", "dwFlagsAndAttributes", "hTemplateFile", "nndPreferred", "bAlertable"];

/// Removes what only readers of Rust need: the sections `Safety`, and the underscore of unused
/// arguments.
fn for_readers_of_c(header: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut unsafety = false;
    for line in header.lines() {
        if line == " # Safety" {
            unsafety = true;
            // The empty line before it, too.
            lines.pop();
        } else if line == " */" {
            unsafety = false;
        }
        if !unsafety {
            let mut line = line.to_owned();
            for used in UNUSED {
                line = line.replace(&format!(" _{used}"), &format!(" {used}"));
            }
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// `cargo xtask header` sets the variable to write the header instead.
#[test]
fn the_header_is_what_the_sources_say() -> Result<(), Box<dyn Error>> {
    let place = Path::new(ROOT).join("include/filemap.h");
    let generated = generated()?;
    if std::env::var_os("FILEMAP_WRITE_HEADER").is_some() {
        return Ok(fs::write(&place, generated)?);
    }

    let committed = fs::read_to_string(&place)?;

    let differs = committed.lines().zip(generated.lines()).find(|(old, new)| old != new);
    assert!(committed == generated, "`cargo xtask header` renews it; it differs in {differs:?}");
    Ok(())
}
