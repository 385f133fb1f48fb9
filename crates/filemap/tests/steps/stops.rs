//! Processes that are stopped at each step: which others time out, and that all continue afterwards.

use std::thread;

use filemap::{Error, Lifetime};
use filemap_protocol::model::{Event, Outcome, Step};

use crate::agent::act;
use crate::scenario::{ALL, CREATE, MODEL, OPEN, Scenario};
use crate::support;
use crate::world::World;

/// Stops the first process at each step of the operation, and returns how often others timed out.
fn stop_at_each_step(test: &'static str, scenario: &Scenario) -> usize {
    let mut world = World::new(test, MODEL);
    let mut timeouts = 0;
    for (number, (step, _)) in scenario.steps.iter().enumerate() {
        let what = format!("{}, stopped at {step:?}", scenario.what);
        scenario.lead(&mut world, number);
        let claimed = world.has_claimed(0);
        // A timeout takes two seconds: one for each step is enough.
        let looks = match (claimed, step) {
            (false, _) => &[OPEN, CREATE][..],
            (true, Step::Claimed) => &[OPEN],
            (true, _) => &[CREATE],
        };

        for look in looks {
            let seen = world.does_at_once(*look);

            assert_eq!(seen == Outcome::TimedOut, claimed, "{what}: {seen:?}");
            timeouts += usize::from(claimed);
            if matches!(seen, Outcome::Found | Outcome::Made) {
                world.does_at_once(Event::Close { name: 0 });
            }
        }

        world.finish(0);
        world.clear();
    }
    timeouts
}

#[test]
fn whoever_is_stopped_at_a_step_is_in_nobodys_way_unless_it_has_claimed() -> Result<(), Error> {
    const TEST: &str =
        "stops::whoever_is_stopped_at_a_step_is_in_nobodys_way_unless_it_has_claimed";
    if let Some(number) = support::role() {
        return act(&number, Lifetime::Entry);
    }

    // Each of them mostly waits.
    let timeouts: usize = thread::scope(|scope| {
        let threads: Vec<_> =
            ALL.iter().map(|scenario| scope.spawn(|| stop_at_each_step(TEST, scenario))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it saw what it should")).sum()
    });

    let claims = ALL.iter().flat_map(|scenario| scenario.steps);
    // Who has claimed looks next whether the name still leads there.
    let claims = 2 * claims.filter(|(step, _)| *step == Step::Claimed).count();
    assert_eq!(timeouts, claims, "a timeout for each step with a claim");
    Ok(())
}
