//! `hand-over`: gives sections to native programs as their standard input, and then looks whether the
//! names are still there. It keeps no handle: that would make a name outlive the game.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::REFUSED;
use crate::report::Report;
use crate::section;
use crate::sys::{process, system};
use crate::task;

/// How often is looked whether names are still there.
const INTERVAL: u32 = 200;

pub(crate) fn run(path: &str) -> u32 {
    let mut report = Report::to_output();
    let Some(task) = task::read_or_report(path, &mut report) else { return REFUSED };
    let receiver = task.iter().find(|line| line.word() == "receiver");
    let (program, socket) = receiver.map_or(("", ""), |line| (line.text(1), line.text(2)));
    let mut names: Vec<String> = Vec::new();
    for (number, line) in task.iter().filter(|line| line.word() == "name").enumerate() {
        let name = line.text(1);
        let (handle, is_writable) = match section::open(name) {
            Ok(opened) => opened,
            Err(code) => {
                report.say("missing", &[name, &code.to_string()]);
                continue;
            }
        };
        let size = section::look_at(&handle).map_or(0, |look| look.size);
        let arguments = format!("filemap wine-receiver {number} \"{socket}\"");
        match process::start_native(program, &arguments, &handle) {
            Ok(()) => {
                let access = if is_writable { "write" } else { "read" };
                report.say("handed", &[name, &number.to_string(), &size.to_string(), access]);
                names.push(name.to_string());
            }
            Err(code) => report.say("unhanded", &[name, &code.to_string()]),
        }
    }
    report.say("all", &[]);
    while !names.is_empty() {
        system::sleep(INTERVAL);
        names.retain(|name| {
            let is_there = section::look(name).is_ok();
            if !is_there {
                report.say("gone", &[name]);
            }
            is_there
        });
        // Who is not read any more has nobody to look for.
        report.say("looked", &[]);
        if !report.is_read() {
            return REFUSED;
        }
    }
    0
}
