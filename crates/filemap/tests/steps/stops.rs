//! A process is stopped at a step: whom that concerns, and that all is well when it goes on.

use std::thread;

use filemap::Error;
use filemap_protocol::model::{Event, Outcome, Step};

use crate::agent::act;
use crate::scenario::{ALL, CREATE, MODEL, OPEN, Scenario};
use crate::support;
use crate::world::World;

/// Stops the first process at each step of the operation, and tells how often others timed out.
fn stop_at_each_step(test: &'static str, scenario: &Scenario) -> usize {
    let mut world = World::new(test, MODEL);
    let mut timeouts = 0;
    for (number, (step, _)) in scenario.steps.iter().enumerate() {
        let what = format!("{}, stopped at {step:?}", scenario.what);
        scenario.lead(&mut world, number);
        let claimed = world.has_claimed(0);
        // Whoever times out does so for two seconds: once for each step is enough.
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
        return act(&number);
    }

    // Each of them spends most of its time with waiting.
    let timeouts: usize = thread::scope(|scope| {
        let threads: Vec<_> =
            ALL.iter().map(|scenario| scope.spawn(|| stop_at_each_step(TEST, scenario))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it saw what it should")).sum()
    });

    let claims = ALL.iter().flat_map(|scenario| scenario.steps);
    let claims = claims.filter(|(step, _)| matches!(step, Step::Claimed | Step::StillLinked));
    assert_eq!(timeouts, claims.count(), "a timeout for each step with a claim");
    Ok(())
}
