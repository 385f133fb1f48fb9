//! The library of this tree beside that of another revision, alternating in one run.
//!
//! `cargo xtask bench --against REV` builds this program with both, and `--cfg filemap_base`.

use std::collections::BTreeSet;

use crate::Result;
use crate::group::Group;
use crate::harness::{Effort, Row, Spread, measure};
use crate::results::ratio;
use crate::scene::Scene;
use crate::wording::time;
use crate::{base, groups, report};

/// Measures groups, and returns whether no row is worse than the base is against itself.
pub(crate) fn run(groups: &[Group], effort: Effort) -> Result<bool> {
    if !cfg!(filemap_base) {
        return Err("this program has one library; `cargo xtask bench --against REV`".into());
    }
    report::say("| row | ratio | middle half | the base against itself | time | verdict |");
    report::say("|---|---|---|---|---|---|");
    let mut worse = 0;
    // The C interface is loaded, and there is one of it.
    for group in groups.iter().copied().filter(|group| *group != Group::Interface) {
        let scene = Scene::new()?;
        let before = base::rows(group, &scene, effort)?;
        let after = groups::rows(group, &scene, effort)?;
        let mut names = BTreeSet::new();
        for (before, after) in before.into_iter().zip(after) {
            // What stands beside several bases is measured once.
            if !names.insert(after.name.clone()) {
                continue;
            }
            let row = Row { base: before.contestant, ..after };
            let measured = measure(&row, effort)?;
            let (own, noise) = (measured.contestant.ratio(), measured.control.noise());
            let is_worse = own.median > noise.high;
            worse += usize::from(is_worse);
            let half = |spread: Spread| format!("{} to {}", ratio(spread.low), ratio(spread.high));
            report::say(&format!(
                "| {}: {} | {} | {} | {} | {} | {} |",
                group.name(),
                row.name,
                ratio(own.median),
                half(own),
                half(noise),
                time(measured.contestant.own().median),
                if is_worse { "**worse**" } else { "" },
            ));
        }
    }
    report::say(&format!("\nRows outside of the middle half of the base against itself: {worse}."));
    Ok(worse == 0)
}
