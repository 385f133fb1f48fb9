//! Objects, beside those of C#.

use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use tempfile::TempDir;

use super::objects::Shelf;
use crate::Result;
use crate::harness::{Bar, Row};
use crate::scene::{Medium, Scene};
use crate::second::Second;

/// Lengths of objects, how many readings they have, and how many one measurement takes.
const SIZES: [(&str, u32, usize); 2] = [("100 B", 1, 1000), ("10 KB", 270, 20)];

/// The length of the file, in which all objects are written to few places, as those of C# are.
const LEN: usize = 1 << 16;

/// How C# keeps them, and the program's word for it.
const WAYS: [(&str, &str); 2] = [
    ("`BinaryFormatter` on Mono, in memory", "memory"),
    ("`BinaryFormatter` on Mono, a view for each", "views"),
];

pub(crate) fn rows(scene: &Scene) -> Result<Vec<Row<'_>>> {
    let folder = Rc::new(tempfile::tempdir()?);
    let source = folder.path().join("formatter.cs");
    std::fs::write(&source, include_str!("formatter.cs"))?;
    let mut compiler = Command::new("mcs");
    compiler
        .args(["-optimize", "-unsafe"])
        .arg(format!("-out:{}", program(&folder).display()))
        .arg(source);
    if !compiler.status().is_ok_and(|status| status.success()) {
        return Err("the base is a C# program, which `mcs` of Mono cannot compile here".into());
    }
    let mut rows = Vec::new();
    for (size, readings, count) in SIZES {
        let shelf = Shelf::new(scene, readings, LEN, 50 * count)?;
        for (beside, way) in WAYS {
            for writes in [true, false] {
                let folder = Rc::clone(&folder);
                let line = format!("{} {count}", if writes { "write" } else { "read" });
                rows.push(Row {
                    name: format!("`{}_object`, {size}", if writes { "write" } else { "read" }),
                    beside,
                    bar: Bar::Ratio(0.02),
                    contestant: shelf.clone().ours(writes),
                    base: Box::new(move || {
                        let own = scene.own(Medium::Memory, LEN as u64)?;
                        let mut command = Command::new("mono");
                        command.arg(program(&folder)).args([way, &readings.to_string()]);
                        let (mut second, line) =
                            (Second::of(command.arg(own.path()))?, line.clone());
                        Ok(Box::new(move |_seed| {
                            let _kept = &own;
                            second.ask(&line)
                        }))
                    }),
                });
            }
        }
    }
    Ok(rows)
}

fn program(folder: &TempDir) -> PathBuf {
    folder.path().join("formatter.exe")
}
