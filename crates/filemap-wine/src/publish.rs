//! `publish`: names sections over native names, for as long as the command runs.

use crate::REFUSED;
use crate::names;
use crate::report::Report;
use crate::sys::system;
use crate::task;

/// How often is looked whether the command still runs.
const INTERVAL: u32 = 200;

pub(crate) fn run(path: &str) -> u32 {
    let mut report = Report::to_output();
    let Some(task) = task::read_or_report(path, &mut report) else { return REFUSED };
    let Some(_made) = names::make(&task, &mut report) else { return REFUSED };
    report.say("all", &[]);
    while report.is_read() {
        system::sleep(INTERVAL);
        report.say("looked", &[]);
    }
    0
}
