//! What the protocol promises, checked in every state that it can reach.

use filemap_protocol::model::{Mistake, Model};
use filemap_protocol::search::{
    Check, closing_leaves_nothing, collecting_leaves_nothing_dead, explore, nobody_is_stuck,
};

/// Three agents and one name, with all events.
const ONE_NAME: Model = Model {
    agents: 3,
    names: 1,
    readers: true,
    lists: true,
    withdraws: false,
    reaches: false,
    exits: true,
    forks: true,
    programs: true,
    crashes: true,
    hurries: true,
    mistake: None,
};

/// Three agents and two names, with the events that concern both: to hold both, to collect both, and
/// to lose both at once. What handles and listings of one name can do is in the other model.
const TWO_NAMES: Model =
    Model { names: 2, readers: false, lists: false, forks: false, programs: false, ..ONE_NAME };

/// Three agents and one name, with handles that take the name from their mapping.
const WITHDRAWALS: Model =
    Model { withdraws: true, readers: false, lists: false, programs: false, ..ONE_NAME };

/// Three agents and one name, whose memory only its holders have.
const HELD: Model = Model {
    reaches: true,
    withdraws: true,
    readers: false,
    lists: false,
    programs: false,
    ..ONE_NAME
};

/// What must hold in every state, whatever agents are killed. Each step itself checks that names lead
/// to their mappings, that dead names stay dead, and that only claimed files are removed.
const ALWAYS: [Check; 2] = [collecting_leaves_nothing_dead, nobody_is_stuck];

/// Searches a model, and returns what is wrong with it, if anything.
fn fault(what: &str, model: &Model, checks: &[Check]) -> Option<String> {
    explore(what, model, checks).counterexample
}

#[test]
fn three_processes_and_one_name_keep_every_promise_in_every_state() {
    let found = explore("3 agents, 1 name, everything", &ONE_NAME, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 968_809, "as many as `docs/registry.md` says");
}

#[test]
fn three_processes_and_two_names_keep_every_promise_in_every_state() {
    let found = explore("3 agents, 2 names", &TWO_NAMES, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 2_660_230, "as many as `docs/registry.md` says");
}

#[test]
fn only_a_holder_takes_the_name_from_a_live_handle() {
    let found = explore("3 agents, 1 name, withdrawals", &WITHDRAWALS, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 699_435, "as many as `docs/registry.md` says");
}

#[test]
fn two_who_withdraw_a_name_without_a_claim_can_take_it_from_another_mapping() {
    let mistake = Some(Mistake::WithdrawsUnclaimed);
    let fault = fault("mistake", &Model { mistake, ..WITHDRAWALS }, &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a holder took another mapping's name")));
}

#[test]
fn a_withdrawal_without_a_check_of_the_name_can_take_it_from_another_mapping() {
    let mistake = Some(Mistake::WithdrawsWhateverIsThere);
    let fault = fault("mistake", &Model { mistake, ..WITHDRAWALS }, &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a holder took another mapping's name")));
}

#[test]
fn memory_that_only_its_holders_have_is_found_by_everybody_who_finds_the_name() {
    let found = explore("3 agents, 1 name, memory of its holders", &HELD, &ALWAYS);

    assert_eq!(found.counterexample, None);
    assert_eq!(found.states, 774_751, "as many as `docs/registry.md` says");
}

#[test]
fn an_opener_that_locks_before_it_has_the_memory_can_keep_a_name_without_it() {
    let mistake = Some(Mistake::HoldsBeforeReaching);
    let fault = fault("mistake", &Model { mistake, ..HELD }, &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("an operation does not end")));
}

#[test]
fn closing_all_handles_leaves_no_entry() {
    let orderly = Model { crashes: false, ..ONE_NAME };
    // A program that is being started may still have a description that a close closes, and does not
    // remove the name. Unlocked descriptions are not among these.
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
        (
            "3 agents, 1 name, orderly, withdrawals",
            Model { crashes: false, ..WITHDRAWALS },
            466_609,
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
fn only_a_close_that_cannot_unlock_leaves_an_entry_to_a_program_being_started() {
    let model = Model { crashes: false, exits: false, ..ONE_NAME };
    let fault = fault("programs beside children", &model, &[closing_leaves_nothing]);

    // The exception that `docs/registry.md` makes between `fork` and `exec`, and no other.
    assert!(fault.is_some_and(|told| told.contains("Start {") && told.contains("Fork {")));
}

/// Two agents are enough to find each of the mistakes but one.
fn mistaken(mistake: Mistake) -> Model {
    Model { agents: 2, mistake: Some(mistake), ..ONE_NAME }
}

#[test]
fn an_opener_that_does_not_check_the_name_again_can_get_a_removed_mapping() {
    let fault = fault("mistake", &mistaken(Mistake::TrustsItsLock), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a live handle's name does not lead")));
}

#[test]
fn an_opener_that_locks_without_seeing_a_lock_can_revive_a_dead_name() {
    let fault = fault("mistake", &mistaken(Mistake::HoldsTheDead), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a dead entry became a live one")));
}

#[test]
fn a_removal_without_a_claim_can_take_a_name_from_its_holder() {
    let fault = fault("mistake", &mistaken(Mistake::RemovesUnclaimed), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_removal_without_a_check_of_the_name_can_remove_another_mapping() {
    let fault = fault("mistake", &mistaken(Mistake::RemovesWhateverIsThere), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_claim_that_ends_before_the_removal_protects_nobody() {
    let fault = fault("mistake", &mistaken(Mistake::ClaimsTooShortly), &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_close_that_claims_before_it_unlocks_can_leave_an_entry() {
    let model =
        Model { crashes: false, programs: false, ..mistaken(Mistake::ClaimsBeforeLettingGo) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}

#[test]
fn a_close_without_a_check_leaves_an_entry() {
    let model = Model { crashes: false, programs: false, ..mistaken(Mistake::ClosesWithoutALook) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}

#[test]
fn a_close_that_unlocks_a_shared_description_takes_the_name_from_a_child() {
    let fault = fault("mistake", &mistaken(Mistake::LetsGoForOthers), &ALWAYS);

    assert!(fault.is_some_and(|told| told.starts_with("a live handle's name does not lead")));
}

#[test]
fn a_creator_that_links_before_it_locks_can_lose_its_name() {
    let model = Model { readers: false, ..mistaken(Mistake::LinksBeforeLocking) };
    let fault = fault("mistake", &model, &ALWAYS);

    assert!(fault.is_some());
}

#[test]
fn a_listing_that_claims_entries_can_make_a_close_leave_one() {
    let model = Model { crashes: false, programs: false, ..mistaken(Mistake::ListsByClaiming) };
    let fault = fault("mistake", &model, &[closing_leaves_nothing]);

    assert!(fault.is_some_and(|told| told.starts_with("everything is closed, and a file is left")));
}
