//! `docs/performance.md`: one table and one picture, made of the results that are kept.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::group::Group;
use crate::results::{Outcome, Results};
use crate::{picture, wording};

const PAGE: &str = "docs/performance.md";

const PICTURE: &str = "docs/performance.svg";

/// Writes the page and the picture of what is kept below `root` into the folder `into`.
pub(crate) fn write(root: &Path, into: &Path) -> Result<()> {
    let all = Results::all(root)?;
    fs::create_dir_all(into.join("docs"))?;
    fs::write(into.join(PAGE), page(&all))?;
    Ok(fs::write(into.join(PICTURE), picture::draw(&all)?)?)
}

fn page(all: &[Results]) -> String {
    let mut text = PREFACE.to_owned();
    for results in all {
        let machine = &results.machine;
        let _infallible = writeln!(
            text,
            "- {}: {} threads, {} of memory, {}, temporary files on {}; {}; measured on {}.",
            machine.processor,
            machine.threads,
            machine.memory,
            machine.system,
            machine.disk,
            machine.compiler,
            machine.date,
        );
    }
    text.push_str("\n![Small accesses and large copies](performance.svg)\n\n");
    let processors = all.iter().map(|results| results.machine.processor.as_str());
    let processors: Vec<&str> = processors.collect();
    let _infallible = writeln!(text, "| what | beside | bar | {} |", processors.join(" | "));
    let _infallible = writeln!(text, "|---|---|---|{}", "---|".repeat(all.len()));
    for group in Group::all() {
        let rows = rows(all, group);
        if !rows.is_empty() {
            let name = group.name();
            let empty = "  |".repeat(all.len() + 2);
            let _infallible = writeln!(text, "| **{name}**: {} |{empty}", group.about());
        }
        for row in rows {
            let bar = wording::bar(row.bar);
            let _infallible = write!(text, "| {} | {} | {bar} |", row.name, row.beside);
            for results in all {
                let found = results.outcomes.iter().find(|other| row.is_of_row(other));
                let cell = found.map_or_else(String::new, wording::outcome);
                let _infallible = write!(text, " {cell} |");
            }
            text.push('\n');
        }
    }
    text.push_str(LIMITS);
    text
}

/// Returns the rows of a group that any of the machines has.
fn rows(all: &[Results], group: Group) -> Vec<&Outcome> {
    let mut rows: Vec<&Outcome> = Vec::new();
    for outcome in all.iter().flat_map(|results| &results.outcomes) {
        if outcome.group == group && !rows.iter().any(|row| row.is_of_row(outcome)) {
            rows.push(outcome);
        }
    }
    rows
}

const PREFACE: &str = "\
# Performance

What filemap costs beside the calls that it stands on. 1.00 is as fast as the base, 2.00 takes twice
as long; the middle half of the ratios stands in brackets, then the time of one operation. A bar was
set beforehand, and is met or missed: a ratio of at most so much, or so many nanoseconds more.

`cargo xtask bench` makes this page of what it measured and keeps in `bench/results`; nothing here
is written by hand.

## How it is measured

- Contestant, base and a second base of the same kind take turns, in an order drawn by lot, with
  fresh random offsets each time. The ratio is the median over all turns.
- In each round, contestant and base open and map their files anew, in random order, and touch all
  pages before anything is timed. Both work on the same file and the same buffer.
- Where the second base differs from the first by more than 1.05, the row shows the machine and not
  the library: it is no result.
- The first round warms up and is not counted.

`cargo xtask bench --only GROUP` measures one group anew, `--quick` gives rough figures in two minutes
and keeps nothing, `--check` fails where a bar is missed, `--page` makes this page again, and
`--against REV` compares this tree with another revision, alternating in one run. The number of
instructions, which does not change from run to run, is what `cargo xtask instructions` looks at.

## Results

";

const LIMITS: &str = "
## Limits

- Times of a virtual machine: others use its host, and a disk there is not a disk here. Compare
  ratios, and only those of one machine.
- An access at random offsets waits for memory, as its base does; the shortest ones also show the
  instructions beside the copy, of which the processor then has fewer accesses in flight.
- Objects have a header and a checksum, which the base has not.
- A name is removed with its last user, crash included. That takes system calls which the bare cycle
  does not make: [registry](registry.md) has them.
- Large pages, first touches of fresh files, and the start of the command are not measured.
";
