//! Names as the kernel of Windows has them: shared with every other program.

#![expect(unsafe_code, reason = "the part of a program without this library")]

use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};

use filemap::{
    Access, Error, ErrorKind, Event, FileMapping, Mutex, PositionedIo, Protection, Registry,
};
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_WRITE, MapViewOfFile, OpenFileMappingW, PAGE_READONLY,
    PAGE_READWRITE, UnmapViewOfFile,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, OpenEventW, SYNCHRONIZATION_SYNCHRONIZE, SetEvent,
};

use crate::support::{self, Place, kind};

/// Runs `act` in a process that has the system's own registry, with a name that is its own.
fn among_all(test: &str, act: impl FnOnce(&str) -> Result<(), Error>) -> Result<(), Error> {
    if support::role().is_some() {
        return act(&format!("filemap test {}", std::process::id()));
    }
    let place = Place::new();
    let mut command = place.command(test, "names");
    command.env_remove("FILEMAP_DIR");
    support::Second::start(command).finish();
    Ok(())
}

fn wide(name: &str) -> Vec<u16> {
    name.encode_utf16().chain([0]).collect()
}

/// Memory that another program has made.
fn foreign(name: &str, protection: u32, size: u32) -> OwnedHandle {
    // SAFETY: the name ends with a NUL, and nothing else is referred to.
    let made = unsafe {
        let none = std::ptr::null();
        CreateFileMappingW(INVALID_HANDLE_VALUE, none, protection, 0, size, wide(name).as_ptr())
    };
    assert!(!made.is_null(), "{}", std::io::Error::last_os_error());
    // SAFETY: made by the call above.
    unsafe { OwnedHandle::from_raw_handle(made) }
}

#[test]
fn another_program_opens_what_has_a_name_here() -> Result<(), Error> {
    among_all("kernel::another_program_opens_what_has_a_name_here", |name| {
        for full in [name.to_owned(), format!("Local\\{name}"), format!("Global\\{name}")] {
            let made = FileMapping::options().name(&full).size(100).create_new()?;
            made.map(Access::Write)?.write_all_at(b"shared", 0)?;

            // SAFETY: the name ends with a NUL.
            let opened = unsafe { OpenFileMappingW(FILE_MAP_WRITE, 0, wide(&full).as_ptr()) };
            assert!(!opened.is_null(), "{full}: {}", std::io::Error::last_os_error());
            // SAFETY: made by the call above.
            let opened = unsafe { OwnedHandle::from_raw_handle(opened) };
            // SAFETY: the handle is open.
            let view = unsafe { MapViewOfFile(opened.as_raw_handle(), FILE_MAP_WRITE, 0, 0, 0) };
            // SAFETY: the view has a page.
            let seen = unsafe { view.Value.cast::<[u8; 6]>().read_volatile() };
            assert_eq!(&seen, b"shared");
            // SAFETY: mapped above, and not used any more.
            assert_ne!(unsafe { UnmapViewOfFile(view) }, 0);
        }
        Ok(())
    })
}

#[test]
fn what_another_program_named_is_opened_by_its_name() -> Result<(), Error> {
    among_all("kernel::what_another_program_named_is_opened_by_its_name", |name| {
        let theirs = foreign(name, PAGE_READWRITE, 10_000);

        let found = FileMapping::open(name)?;
        let second = FileMapping::options().name(name).size(1).create()?;
        let listed = Registry::system().list()?;
        let inspected = Registry::system().inspect(name)?;

        assert_eq!(found.size(), 12288);
        assert!(second.existed());
        // Wine maps any view of any section, and so tells of none what it allows.
        let protection =
            if support::wine() { Protection::ExecuteReadWrite } else { Protection::ReadWrite };
        assert_eq!(found.protection(), protection);
        found.map(Access::Write)?.write_all_at(b"x", 0)?;
        assert_eq!(second.map(Access::Read)?.read::<u8>(0)?, b'x');
        assert!(listed.iter().any(|entry| entry.name().base() == name));
        assert_eq!((inspected.size(), inspected.creator()), (Some(12288), 0));
        assert!(inspected.is_live() && inspected.permissions().is_none());
        drop((found, second));
        assert!(FileMapping::open(name).is_ok());
        drop(theirs);
        assert_eq!(kind(FileMapping::open(name)), ErrorKind::NotFound);
        Ok(())
    })
}

#[test]
fn a_read_only_mapping_of_another_program_is_not_written() -> Result<(), Error> {
    among_all("kernel::a_read_only_mapping_of_another_program_is_not_written", |name| {
        let _theirs = foreign(name, PAGE_READONLY, 4096);

        let found = FileMapping::open(name)?;

        let written = found.map(Access::Write).map(drop).map_err(|error| error.kind());
        // The handle has the right, and the mapping does not allow it; Wine does not look.
        let refused = Err(ErrorKind::ProtectionExceeded);
        assert_eq!(written, if support::wine() { Ok(()) } else { refused });
        Ok(())
    })
}

#[test]
fn a_name_that_an_event_has_is_no_mappings() -> Result<(), Error> {
    among_all("kernel::a_name_that_an_event_has_is_no_mappings", |name| {
        // SAFETY: the name ends with a NUL.
        let event = unsafe { CreateEventW(std::ptr::null(), 0, 0, wide(name).as_ptr()) };
        // SAFETY: made by the call above.
        let _event = unsafe { OwnedHandle::from_raw_handle(event) };

        let refused = FileMapping::open(name).expect_err("the name is an event's");
        assert_eq!(refused.kind(), ErrorKind::WrongObject);
        assert!(refused.to_string().ends_with("the name is that of an event"), "{refused}");
        let created = FileMapping::options().name(name).size(1).create();
        assert_eq!(kind(created), ErrorKind::WrongObject);
        Ok(())
    })
}

#[test]
fn an_event_of_another_program_is_listed_and_opened() -> Result<(), Error> {
    among_all("kernel::an_event_of_another_program_is_listed_and_opened", |name| {
        // SAFETY: the name ends with a NUL.
        let theirs = unsafe { CreateEventW(std::ptr::null(), 1, 0, wide(name).as_ptr()) };
        // SAFETY: made by the call above.
        let theirs = unsafe { OwnedHandle::from_raw_handle(theirs) };

        let listed = Registry::system().list()?;
        let inspected = Registry::system().inspect(name)?;
        let opened = Event::open(name)?;

        assert!(listed.iter().any(|entry| entry.name().base() == name));
        assert_eq!((inspected.size(), inspected.creator()), (None, 0));
        assert!(!opened.is_set()?);
        // SAFETY: the handle is open.
        assert_ne!(unsafe { SetEvent(theirs.as_raw_handle()) }, 0);
        assert!(opened.is_set()?);
        assert_eq!(kind(Mutex::open(name)), ErrorKind::WrongObject);
        Ok(())
    })
}

#[test]
fn a_handle_that_may_wait_alone_does_that() -> Result<(), Error> {
    among_all("kernel::a_handle_that_may_wait_alone_does_that", |name| {
        let made = Event::create(name)?;
        // SAFETY: the name ends with a NUL.
        let waits = unsafe { OpenEventW(SYNCHRONIZATION_SYNCHRONIZE, 0, wide(name).as_ptr()) };
        // SAFETY: made by the call above.
        let waits = Event::try_from(unsafe { OwnedHandle::from_raw_handle(waits) })?;

        made.set()?;
        waits.wait()?;
        assert!(!made.is_set()?);
        assert_eq!(kind(waits.set()), ErrorKind::AccessDenied);
        assert_eq!(waits.name().map(filemap::Name::base), Some(name));
        Ok(())
    })
}

#[test]
fn no_object_to_wait_for_is_in_a_mapping() -> Result<(), Error> {
    let mapping = FileMapping::create(65536, Protection::ReadWrite)?;
    assert_eq!(kind(Event::options().place(&mapping, 0)), ErrorKind::NotSupported);
    assert_eq!(kind(Mutex::options().open_at(&mapping, 4096)), ErrorKind::NotSupported);
    Ok(())
}

#[test]
fn names_of_a_registry_of_its_own_are_not_among_all_names() -> Result<(), Error> {
    among_all("kernel::names_of_a_registry_of_its_own_are_not_among_all_names", |name| {
        let place = tempfile::tempdir().unwrap();
        let apart = Registry::at(place.path());
        let _held = support::named(&apart, name)?;
        let known = support::named(&Registry::system(), &format!("{name} known"))?;

        let bases = |registry: &Registry| {
            let listed = registry.list()?;
            Ok::<_, Error>(
                listed.iter().map(|entry| entry.name().base().to_owned()).collect::<Vec<_>>(),
            )
        };

        assert_eq!(bases(&apart)?, [name]);
        let all = bases(&Registry::system())?;
        assert!(all.contains(&format!("{name} known")), "{all:?}");
        assert!(!all.iter().any(|base| base == name || base.starts_with("filemap.")), "{all:?}");
        assert_eq!(kind(FileMapping::open(name)), ErrorKind::NotFound);
        known.close()
    })
}
