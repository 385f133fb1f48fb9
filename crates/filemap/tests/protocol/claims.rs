//! What the protocol promises, of every moment that it can come to.

use filemap_protocol::model::{Mistake, Model};
use filemap_protocol::search::{
    Check, closing_leaves_nothing, collecting_leaves_nothing_dead, explore, nobody_is_stuck,
};

/// Three agents and one name, with everything.
const ONE_NAME: Model = Model {
    agents: 3,
    names: 1,
    readers: true,
    lists: true,
    exits: true,
    forks: true,
    programs: true,
    crashes: true,
    hurries: true,
    mistake: None,
};

/// Three agents and two names, with what can tell names apart: to hold both, to collect both, and
/// to lose both at once. What handles and listings of one name can do is the other model's.
const TWO_NAMES: Model =
    Model { names: 2, readers: false, lists: false, forks: false, programs: false, ..ONE_NAME };

/// What must hold of every moment, whoever is killed. That names lead to their objects, that the
/// dead stay dead, and that only who is entitled to it removes a file, each step sees to itself.
const ALWAYS: [Check; 2] = [collecting_leaves_nothing_dead, nobody_is_stuck];

/// What is wrong with a model; nothing, if nothing is.
fn fault(what: &str, model: &Model, checks: &[Check]) -> Option<String> {
    explore(what, model, checks).counterexample
}

#[test]
fn no_moment_of_three_processes_and_a_name_breaks_a_promise() {
    let found = explore("3 agents, 1 name, everything", &ONE_NAME, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 968_809, "as many as `docs/registry.md` says");
}

#[test]
fn no_moment_of_three_processes_and_two_names_breaks_a_promise() {
    let found = explore("3 agents, 2 names", &TWO_NAMES, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 2_660_230, "as many as `docs/registry.md` says");
}

#[test]
fn what_everybody_closes_in_good_order_leaves_nothing() {
    let orderly = Model { crashes: false, ..ONE_NAME };
    // Whoever closes what a program being started still has may leave that to the program, which
    // cannot free the name. A lock given up by hand is not among that.
    let models = [
        (
            "3 agents, 1 name, orderly, children and the end of processes",
            Model { programs: false, ..orderly },
            550_615,
        ),
        (
            "3 agents, 1 name, orderly, programs",
            Model { forks: false, exits: false, ..orderly },
            395_107,
        ),
        ("3 agents, 2 names, orderly", Model { crashes: false, ..TWO_NAMES }, 1_514_269),
    ];

    for (what, model, states) in models {
        let found = explore(what, &model, &[closing_leaves_nothing]);

        assert_eq!(found.counterexample, None);
        assert_eq!(found.states, states, "as many as `docs/registry.md` says");
    }
}

#[test]
fn what_a_program_being_started_has_is_left_by_a_close_that_cannot_give_it_up_by_hand() {
    let model = Model { crashes: false, exits: false, ..ONE_NAME };
    let fault = fault("programs beside children", &model, &[closing_leaves_nothing]);

    // The exception that `docs/registry.md` makes between `fork` and `exec`, and no other.
    assert!(fault.is_some_and(|told| told.contains("Start {") && told.contains("Fork {")));
}

/// Two agents find whatever mistakes there are, but for one.
fn mistaken(mistake: Mistake) -> Model {
    Model { agents: 2, mistake: Some(mistake), ..ONE_NAME }
}

#[test]
fn an_opener_that_does_not_look_at_the_name_again_can_get_a_removed_object() {
    let fault = fault("mistake", &mistaken(Mistake::TrustsItsLock), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a live handle's name does not lead")));
}

#[test]
fn an_opener_that_takes_whatever_lock_it_gets_can_wake_the_dead() {
    let fault = fault("mistake", &mistaken(Mistake::HoldsTheDead), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a dead entry became a live one")));
}

#[test]
fn a_removal_without_a_claim_can_take_a_name_from_its_holder() {
    let fault = fault("mistake", &mistaken(Mistake::RemovesUnclaimed), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_removal_without_a_look_at_the_name_can_take_another_object() {
    let fault = fault("mistake", &mistaken(Mistake::RemovesWhateverIsThere), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_claim_that_ends_before_the_removal_protects_nobody() {
    let fault = fault("mistake", &mistaken(Mistake::ClaimsTooShortly), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_close_that_claims_before_it_lets_go_can_leave_a_file() {
    let model =
        Model { crashes: false, programs: false, ..mistaken(Mistake::ClaimsBeforeLettingGo) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}

#[test]
fn a_close_without_a_look_leaves_a_file() {
    let model = Model { crashes: false, programs: false, ..mistaken(Mistake::ClosesWithoutALook) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}

#[test]
fn a_close_that_lets_go_of_a_shared_lock_takes_the_name_from_an_heir() {
    let fault = fault("mistake", &mistaken(Mistake::LetsGoForOthers), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a live handle's name does not lead")));
}

#[test]
fn a_creator_that_links_before_it_locks_can_lose_its_object() {
    let model = Model { readers: false, ..mistaken(Mistake::LinksBeforeLocking) };
    let fault = fault("mistake", &model, &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_listing_that_claims_what_it_looks_at_can_make_a_close_leave_its_file() {
    let model = Model { crashes: false, programs: false, ..mistaken(Mistake::ListsByClaiming) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}
