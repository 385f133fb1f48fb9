//! `list`: the sections that have names.

use alloc::string::ToString as _;

use crate::report::Report;
use crate::section;
use crate::sys::directory;

pub(crate) fn run() -> u32 {
    let mut report = Report::to_output();
    for (scope, path) in [("Local", directory::local()), ("Global", directory::global())] {
        let names = match directory::sections(&path) {
            Ok(names) => names,
            Err(code) => {
                report.say("unlisted", &[scope, &code.to_string()]);
                continue;
            }
        };
        for name in names {
            let called = section::called(scope, &name);
            match section::look(&called) {
                Ok(look) => {
                    let kind = if look.is_file { "file" } else { "memory" };
                    report.say("section", &[&called, &look.size.to_string(), kind]);
                }
                // One that has ended meanwhile, or that may not be looked at.
                Err(code) => report.say("unseen", &[&called, &code.to_string()]),
            }
        }
    }
    report.say("end", &[]);
    0
}
