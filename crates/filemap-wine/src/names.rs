//! The sections that `run` and `publish` make under names, as their task lists them.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::report::Report;
use crate::section::{self, Refused};
use crate::sys::handle::Handle;
use crate::task::Line;

/// Makes a section for each line `map NAME PATH SIZE`, or `show NAME PATH SIZE` of one that is only
/// read; none if one could not be made, which the report says.
pub(crate) fn make(task: &[Line], report: &mut Report) -> Option<Vec<Handle>> {
    let mut made = Vec::new();
    for line in task {
        let read_only = match line.word() {
            "map" => false,
            "show" => true,
            _ => continue,
        };
        let name = line.text(1);
        match section::make(name, line.text(2), line.number(3), read_only) {
            Ok(handle) => {
                report.say("named", &[name]);
                made.push(handle);
            }
            Err(Refused::Late) => {
                report.say("late", &[name]);
                return None;
            }
            Err(Refused::System(code, what)) => {
                report.say("refused", &[name, what, &code.to_string(), &format!("{read_only}")]);
                return None;
            }
        }
    }
    Some(made)
}
