//! `run`: names the sections, starts the game, and ends with it.

use alloc::string::ToString as _;

use crate::REFUSED;
use crate::names;
use crate::report::Report;
use crate::sys::handle::Handle;
use crate::sys::{process, section, system};
use crate::task;

/// How often is looked whether the game goes on after its first process.
const INTERVAL: u32 = 100;

/// `path` is that of the task; `game` is the command line of the game.
pub(crate) fn run(path: &str, game: &[u16]) -> u32 {
    let Ok(task) = task::read(path) else { return REFUSED };
    let place = task.iter().find(|line| line.word() == "report");
    let Some(Ok(mut report)) = place.map(|line| Report::to_file(line.text(1))) else {
        return REFUSED;
    };
    let Some(made) = names::make(&task, &mut report) else { return REFUSED };
    // What the game starts is in the job as well, though a starter may end before it.
    let job = process::Job::around_this();
    let started = match process::start(game) {
        Ok(started) => started,
        Err(code) => {
            report.say("unstarted", &[&code.to_string()]);
            return REFUSED;
        }
    };
    report.say("started", &[]);
    let code = process::wait(&started);
    while job.as_ref().is_some_and(process::Job::has_others) && is_used(&made) {
        system::sleep(INTERVAL);
    }
    report.say("ended", &[&code.to_string()]);
    code
}

/// Returns whether anybody else has one of the sections open.
fn is_used(made: &[Handle]) -> bool {
    made.iter().any(|handle| section::handles(handle) > 1)
}
