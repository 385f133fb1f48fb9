//! Names that a holder takes from a live mapping.

use std::fs;

use filemap::{Access, Error, ErrorKind, FileMapping, PositionedIo as _, Registry, Rights, Scope};

use crate::support::{self, Place, is_free, kind, named};

#[test]
fn a_withdrawn_name_is_free_at_once_and_its_handles_keep_the_mapping() -> Result<(), Error> {
    let place = Place::new();
    let first = named(&place.registry, "x")?;
    let other = place.registry.open("x")?;
    first.map(Access::Write)?.write_all_at(b"first", 0)?;

    first.withdraw_name()?;

    assert!(first.is_withdrawn() && other.is_withdrawn());
    assert!(is_free(&place.registry, "x"));
    assert_eq!(place.leftovers(), [""; 0]);
    let second = named(&place.registry, "x")?;
    assert!(!second.existed() && !second.is_withdrawn());
    second.map(Access::Write)?.write_all_at(b"again", 0)?;
    drop(first);
    assert_eq!(other.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"first");
    let third = other.try_clone()?;
    drop((other, third));
    assert_eq!(place.registry.open("x")?.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"again");
    Ok(())
}

#[test]
fn a_name_that_another_mapping_has_by_now_is_left_alone() -> Result<(), Error> {
    let place = Place::new();
    let first = named(&place.registry, "x")?;
    first.withdraw_name()?;
    first.withdraw_name()?;
    let second = named(&place.registry, "x")?;

    first.withdraw_name()?;

    assert!(!second.is_withdrawn());
    assert!(named(&place.registry, "x")?.existed());
    FileMapping::create(1, filemap::Protection::ReadWrite)?.withdraw_name()
}

#[test]
fn a_handle_that_may_not_write_cannot_withdraw() -> Result<(), Error> {
    let place = Place::new();
    let _made = named(&place.registry, "x")?;
    let reader = place.registry.open_with("x", Rights::READ)?;

    let refused = reader.withdraw_name().unwrap_err();

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    assert!(refused.to_string().starts_with("could not withdraw the name of"), "{refused}");
    assert!(!reader.is_withdrawn());
    Ok(())
}

#[test]
fn a_name_over_a_file_is_withdrawn_and_the_file_stays() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let options = FileMapping::options().registry(&place.registry).name("x");
    let made = options.file(&file).create()?;

    made.withdraw_name()?;

    assert_eq!(kind(place.registry.open("x")), ErrorKind::NotFound);
    assert_eq!(made.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"hello");
    assert_eq!(fs::read(place.path("notes")).unwrap(), b"hello");
    Ok(())
}

#[test]
fn a_process_that_is_killed_after_a_withdrawal_leaves_nothing() -> Result<(), Error> {
    const TEST: &str = "withdrawals::a_process_that_is_killed_after_a_withdrawal_leaves_nothing";
    if support::role().is_some() {
        let mapping = named(&Registry::system(), "x")?;
        mapping.withdraw_name()?;
        support::say("withdrawn");
        support::hear();
        return Ok(());
    }
    let place = Place::new();
    let mut holder = place.child(TEST, "withdraws");
    holder.until("withdrawn");
    assert!(place.registry.path(Scope::Local)?.is_some());
    assert_eq!(place.leftovers(), [""; 0]);

    let withdrawn = place.registry.withdrawn()?;

    let names: Vec<_> = withdrawn.iter().map(|entry| entry.name().to_string()).collect();
    assert_eq!(names, ["Local\\x"]);
    assert!(withdrawn[0].is_withdrawn() && withdrawn[0].is_live());
    let holders = withdrawn[0].holders()?;
    let holders: Vec<_> = holders.iter().map(|one| (one.pid(), one.handles())).collect();
    assert_eq!(holders, [(holder.process.id(), 1)]);
    holder.kill();
    assert_eq!(place.registry.withdrawn()?.len(), 0);
    assert_eq!(place.leftovers(), [""; 0]);
    Ok(())
}

#[test]
fn an_entry_that_another_program_removed_shows_as_withdrawn() -> Result<(), Error> {
    let place = Place::new();
    let made = named(&place.registry, "x")?;
    fs::remove_file(place.registry.inspect("x")?.entry()).unwrap();

    assert!(made.is_withdrawn());
    assert_eq!(place.registry.withdrawn()?.len(), 1);
    Ok(())
}
