//! The library does the same steps as the model.

use std::collections::BTreeSet;

use filemap::{Error, Lifetime};
use filemap_protocol::model::{Event, Model, Step};
use filemap_protocol::search::{Edge, ways};
use filemap_protocol::state::State;

use crate::agent::act;
use crate::support;
use crate::world::World;

/// Two processes and one name, one step at a time.
const TWO: Model = Model {
    agents: 2,
    names: 1,
    readers: true,
    // A listing has no step, and changes nothing for others.
    lists: false,
    withdraws: true,
    reaches: false,
    exits: true,
    forks: true,
    // A child between `fork` and `exec` has no step.
    programs: false,
    crashes: true,
    hurries: false,
    mistake: None,
};

/// All steps of the library.
const STEPS: [Step; 27] = [
    Step::Opened,
    Step::NoEntry,
    Step::SawFree,
    Step::SawClaimed,
    Step::SawHeld,
    Step::Held,
    Step::HoldRefused,
    Step::OpenedAgain,
    Step::LedElsewhere,
    Step::StillLinked,
    Step::Claimed,
    Step::ClaimedName,
    Step::ClaimRefused,
    Step::MayNotClaim,
    Step::Unlinked,
    Step::StartedOver,
    Step::Listed,
    Step::OpenedAnew,
    Step::MadeUnnamed,
    Step::WroteTrailer,
    Step::HeldUnnamed,
    Step::Linked,
    Step::LinkTaken,
    Step::HeldDuplicate,
    Step::LetGo,
    Step::Closed,
    Step::Replaced,
];

/// Lets the next event of a path happen. A forked child needs an agent without a process.
fn go(world: &mut World, agent: usize, event: Event) {
    if let Event::Fork { child } = event
        && !world.is_vacant(child)
    {
        world.vacate(child);
    }
    world.happens(agent, event);
}

/// The same, with memory that only its holders have. It is there until the end of a process, which
/// the model does not follow.
const HELD: Model = Model { reaches: true, exits: false, ..TWO };

#[test]
fn every_edge_of_the_model_is_one_that_processes_go() -> Result<(), Error> {
    const TEST: &str = "conformance::every_edge_of_the_model_is_one_that_processes_go";
    if let Some(number) = support::role() {
        return act(&number, Lifetime::Entry);
    }
    let gone = go_everywhere(TEST, TWO);

    for step in STEPS {
        assert!(gone.iter().any(|(_, _, gone)| *gone == step), "no process did {step:?}");
    }
    Ok(())
}

#[test]
fn every_edge_of_the_model_is_one_with_memory_of_its_holders() -> Result<(), Error> {
    const TEST: &str = "conformance::every_edge_of_the_model_is_one_with_memory_of_its_holders";
    if let Some(number) = support::role() {
        return act(&number, Lifetime::Holders);
    }
    let gone = go_everywhere(TEST, HELD);

    for step in [Step::Reached, Step::NotReached] {
        assert!(gone.iter().any(|(_, _, gone)| *gone == step), "no process did {step:?}");
    }
    Ok(())
}

/// Leads processes along every edge of a model, and returns those that they went.
fn go_everywhere(test: &'static str, model: Model) -> BTreeSet<Edge> {
    let mut ways = ways(&model);
    let edges: BTreeSet<Edge> = ways.iter().map(|(edge, _)| *edge).collect();
    let mut world = World::new(test, model);

    // Long paths first: they include the edges of short ones.
    ways.reverse();
    for (edge, way) in ways {
        if !world.gone.contains(&edge) {
            for (agent, event) in way {
                go(&mut world, agent, event);
            }
            world.clear();
        }
    }

    println!("conformance: {} edges, {} steps of processes", edges.len(), world.steps);
    let missed: Vec<_> = edges.difference(&world.gone).collect();
    assert!(missed.is_empty(), "no process went {missed:?}");
    let strange: Vec<_> = world.gone.difference(&edges).collect();
    assert!(strange.is_empty(), "the search does not know {strange:?}");
    world.gone.clone()
}

#[test]
fn three_processes_at_random_are_where_the_model_is() -> Result<(), Error> {
    const TEST: &str = "conformance::three_processes_at_random_are_where_the_model_is";
    if let Some(number) = support::role() {
        return act(&number, Lifetime::Entry);
    }
    let model = Model { agents: 3, ..TWO };
    let mut world = World::new(TEST, model);
    let mut seed: u64 = 20_261_123;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from(seed >> 33).expect("it is small") % below
    };
    let (mut kills, mut ends) = (0, 0);

    for _ in 0..4000 {
        let mut moves = Vec::new();
        model.moves(&world.state, |agent, next| moves.push((agent, next.event)));
        // Events that need a new process are chosen seldom.
        let rare =
            |event: &Event| matches!(event, Event::Crash | Event::Exit { .. } | Event::Fork { .. });
        let keeps_rare = random(12) == 0;
        moves.retain(|(_, event)| *event != Event::TimedOut && (keeps_rare || !rare(event)));
        let (agent, event) = moves[random(moves.len())];
        kills += u32::from(event == Event::Crash);
        ends += u32::from(matches!(event, Event::Exit { .. }));
        go(&mut world, agent, event);
    }
    world.clear();

    println!("conformance: {} steps at random, {kills} kills, {ends} ends", world.steps);
    assert_eq!(world.state, State::default());
    assert!(kills > 5 && ends > 0, "nothing happened: {kills} kills, {ends} ends");
    Ok(())
}
