//! Two gates before a view: what the handle may, and what the mapping allows.

#![expect(unsafe_code, reason = "code in a view is run, and bytes are touched that forbid it")]

use filemap::{Access, ErrorKind, FileMapping, PositionedIo, Protection, Rights, View};

use crate::support::{self, Outcome, Place, Second};

/// What each protection gives its creator, of `Access::ALL` in that order: a view or not.
const TABLE: [(Protection, [bool; 7]); 6] = [
    // no access, read, write, copy, and the last three with execution
    (Protection::ReadOnly, [true, true, false, true, false, false, false]),
    (Protection::ReadWrite, [true, true, true, true, false, false, false]),
    (Protection::WriteCopy, [true, true, false, true, false, false, false]),
    (Protection::ExecuteRead, [true, true, false, true, true, false, true]),
    (Protection::ExecuteReadWrite, [true, true, true, true, true, true, true]),
    (Protection::ExecuteWriteCopy, [true, true, false, true, true, false, true]),
];

const ALL_RIGHTS: [Rights; 8] = [
    Rights::empty(),
    Rights::READ,
    Rights::WRITE,
    Rights::EXECUTE,
    Rights::READ.union(Rights::WRITE),
    Rights::READ.union(Rights::EXECUTE),
    Rights::WRITE.union(Rights::EXECUTE),
    Rights::all(),
];

/// Checks that a view does what its access says, and nothing more.
fn assert_obeys(view: &View, access: Access) -> filemap::Result<()> {
    assert_eq!(view.access(), access);
    let mut seen = [0];
    let read = view.read_exact_at(&mut seen, 0);
    let written = view.write_all_at(b"w", 1);
    let filled = view.fill(2, 1, b'f');
    assert_eq!(read.is_ok(), access.can_read(), "{access}");
    assert_eq!(written.is_ok(), access.can_write(), "{access}");
    assert_eq!(filled.is_ok(), access.can_write(), "{access}");
    for refused in [read, written, filled].into_iter().filter_map(Result::err) {
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    }
    Ok(())
}

fn assert_table(mapping: &FileMapping, views: [bool; 7]) -> filemap::Result<()> {
    for (access, given) in Access::ALL.into_iter().zip(views) {
        match mapping.map(access) {
            Ok(view) => {
                assert!(given, "{}: {access}", mapping.protection());
                assert_obeys(&view, access)?;
            }
            Err(error) => {
                assert!(!given, "{}: {error}", mapping.protection());
                let found = (error.kind(), error.win32_code());
                assert_eq!(found, (ErrorKind::AccessDenied, 5), "{error}");
                let text = error.to_string();
                assert!(text.contains(&access.to_string()), "names the access: {text}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_creators_views_of_memory_are_those_of_the_table() -> Outcome {
    let place = Place::new();
    assert_eq!(TABLE.map(|(protection, _)| protection), Protection::ALL);

    for (protection, views) in TABLE {
        let begun = FileMapping::options().size(100).protection(protection);
        assert_table(&begun.clone().create()?, views)?;
        let name = protection.to_string();
        assert_table(&begun.registry(&place.registry).name(&name).create()?, views)?;
    }
    Ok(())
}

#[test]
fn a_creators_views_of_a_file_are_those_of_the_table() -> Outcome {
    let place = Place::new();

    for (protection, views) in TABLE {
        let file = place.file("content", b"content");
        let begun = FileMapping::options().file(&file).protection(protection);
        assert_table(&begun.clone().create()?, views)?;
        let name = protection.to_string();
        assert_table(&begun.registry(&place.registry).name(&name).create()?, views)?;

        let expected: &[u8] = if protection.is_writable() { b"cwftent" } else { b"content" };
        assert_eq!(support::read_all(&file), expected, "{protection}");
    }
    Ok(())
}

#[test]
fn rights_are_asked_before_the_protection_at_every_handle() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");

    for protection in Protection::ALL {
        let begun = FileMapping::options().registry(&place.registry).protection(protection);
        // A name of its own each time: another thread's child may hold the last one a moment
        // longer, between its fork and its exec.
        let [memory_name, file_name] = ["memory", "file"].map(|of| format!("{protection} {of}"));
        let memory = begun.clone().name(&memory_name).size(7).create()?;
        let over_file = begun.name(&file_name).file(&file).create()?;
        for rights in ALL_RIGHTS {
            let handles = [
                place.registry.open_with(&memory_name, rights)?,
                place.registry.open_with(&file_name, rights)?,
                memory.duplicate(rights)?,
                over_file.duplicate(rights)?,
            ];
            for (handle, access) in
                handles.iter().flat_map(|handle| Access::ALL.map(|access| (handle, access)))
            {
                let expected = match () {
                    () if !rights.contains(access.needs()) => Some((ErrorKind::AccessDenied, 5)),
                    () if !protection.permits(access) => Some((ErrorKind::ProtectionExceeded, 87)),
                    () => None,
                };

                let mapped = handle.map(access);

                let found = mapped.as_ref().err().map(|error| (error.kind(), error.win32_code()));
                assert_eq!(found, expected, "{protection}, {rights}, {access}: {mapped:?}");
                assert_eq!(handle.rights(), rights);
            }
        }
    }
    Ok(())
}

#[test]
fn a_handle_that_may_only_write_maps_writable_views_that_read() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);
    let _made = begun.create()?;
    let writer = place.registry.open_with("x", Rights::WRITE)?;

    let view = writer.map(Access::Write)?;
    view.write_all_at(b"seen", 0)?;

    assert_eq!(view.read::<[u8; 4]>(0)?, *b"seen");
    for access in [Access::NoAccess, Access::Read, Access::Copy, Access::ExecuteWrite] {
        let refused = writer.map(access).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
    }
    Ok(())
}

#[test]
fn the_right_to_write_does_not_lift_a_read_only_protection() -> Outcome {
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).name("x").size(100);
    let _made = begun.protection(Protection::ReadOnly).create()?;

    let writer = place.registry.open_with("x", Rights::WRITE)?;
    let refused = writer.map(Access::Write).unwrap_err();

    assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::ProtectionExceeded, 87));
    assert!(refused.to_string().contains("read-only"), "names the protection: {refused}");
    Ok(())
}

#[test]
fn opening_by_name_alone_gives_all_rights_of_the_protection() -> Outcome {
    let place = Place::new();

    for (protection, views) in TABLE {
        let name = protection.to_string();
        let begun = FileMapping::options().registry(&place.registry).name(&name).size(100);
        let _made = begun.protection(protection).create()?;
        let found = place.registry.open(&name)?;

        assert_eq!(found.protection(), protection);
        assert_eq!(found.rights(), protection.rights());
        assert_table(&found, views)?;
    }
    Ok(())
}

#[test]
fn a_duplicate_with_fewer_rights_does_less_and_the_first_as_much_as_before() -> Outcome {
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;

    let reader = mapping.duplicate(Rights::READ)?;
    let nothing = mapping.duplicate(Rights::empty())?;

    mapping.map(Access::Write)?.write_all_at(b"both", 0)?;
    assert_eq!(reader.map(Access::Read)?.read::<[u8; 4]>(0)?, *b"both");
    assert_eq!(reader.map(Access::Write).unwrap_err().kind(), ErrorKind::AccessDenied);
    assert!(reader.map(Access::NoAccess).is_ok());
    assert_eq!(nothing.map(Access::NoAccess).unwrap_err().kind(), ErrorKind::AccessDenied);
    Ok(())
}

#[test]
fn a_duplicate_may_get_the_rights_back_that_the_protection_allows() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");

    for mapping in [
        FileMapping::create(7, Protection::ReadWrite)?,
        FileMapping::options().file(&file).create()?,
    ] {
        let reader = mapping.duplicate(Rights::READ)?;
        let writer = reader.duplicate(Rights::READ | Rights::WRITE)?;

        writer.map(Access::Write)?.write_all_at(b"again", 0)?;

        assert_eq!(reader.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"again");
        let refused = writer.map(Access::ExecuteWrite).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AccessDenied);
    }
    Ok(())
}

#[test]
fn a_duplicate_keeps_the_name() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let begun = FileMapping::options().registry(&place.registry).name("x");

    for begun in [begun.clone().size(100), begun.file(&file)] {
        let made = begun.create()?;
        let duplicate = made.duplicate(Rights::READ)?;
        let clone = duplicate.try_clone()?;
        drop(made);
        assert!(place.registry.open("x").is_ok());
        drop(duplicate);
        assert!(place.registry.open("x").is_ok());
        assert_eq!(clone.rights(), Rights::READ);

        drop(clone);

        support::eventually("the name is gone", || place.registry.open("x").is_err());
    }
    Ok(())
}

// Modes of files.
#[cfg(target_os = "linux")]
#[test]
fn fewer_rights_are_granted_whatever_the_file_says_by_now() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    if support::role().is_some() {
        support::without_privileges()?;
        let place = Place::new();
        let file = place.file("content", b"content");
        let mapping = FileMapping::options().file(&file).create()?;
        file.set_permissions(std::fs::Permissions::from_mode(0o000))?;

        let reader = mapping.duplicate(Rights::READ)?;

        assert!(reader.map(Access::Read).is_ok());
        assert_eq!(reader.map(Access::Write).unwrap_err().kind(), ErrorKind::AccessDenied);
        return Ok(());
    }
    let place = Place::new();
    let test = "protection::fewer_rights_are_granted_whatever_the_file_says_by_now";
    place.child(test, "duplicates").finish();
    Ok(())
}

// Modes of files.
#[cfg(target_os = "linux")]
#[test]
fn a_handle_whose_rights_exceed_the_protection_can_be_cloned() -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    if support::role().is_some() {
        support::without_privileges()?;
        let place = Place::new();
        let file = place.file("content", b"content");
        file.set_permissions(std::fs::Permissions::from_mode(0o444))?;
        let begun = FileMapping::options().registry(&place.registry).name("x").file(&file);
        let _made = begun.protection(Protection::ReadOnly).create()?;
        let found = place.registry.open_with("x", Rights::READ | Rights::WRITE)?;

        let clone = found.try_clone()?;

        assert_eq!(clone.rights(), found.rights());
        assert_eq!(clone.map(Access::Write).unwrap_err().kind(), ErrorKind::ProtectionExceeded);
        return Ok(());
    }
    let place = Place::new();
    let test = "protection::a_handle_whose_rights_exceed_the_protection_can_be_cloned";
    place.child(test, "clones").finish();
    Ok(())
}

/// A function that returns 42, as bytes for this processor.
#[cfg(target_arch = "x86_64")]
const CODE: &[u8] = &[0xb8, 42, 0, 0, 0, 0xc3];
#[cfg(target_arch = "aarch64")]
const CODE: &[u8] = &[0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6];

/// Calls the code at the start of a view.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn run(view: &View) -> i32 {
    let code = view.as_ptr();
    // SAFETY: the view begins with the bytes of a function of this type, which touches nothing
    // but the register of its result; if its pages forbid execution, the process dies as the
    // test wants it to.
    let function = unsafe { std::mem::transmute::<*mut u8, extern "C" fn() -> i32>(code) };
    function()
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn executable_views_run_code() -> Outcome {
    let place = Place::new();
    let file = place.file("code", &[0; 100]);
    let begun = FileMapping::options().protection(Protection::ExecuteReadWrite);
    let named = begun.clone().registry(&place.registry).name("code");

    for begun in [begun.clone().size(100), begun.file(&file), named.size(100)] {
        let mapping = begun.create()?;
        mapping.map(Access::ExecuteWrite)?.write_all_at(CODE, 0)?;

        for access in [Access::ExecuteRead, Access::ExecuteWrite, Access::ExecuteCopy] {
            assert_eq!(run(&mapping.map(access)?), 42, "{access}");
        }
    }
    Ok(())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn code_written_privately_runs_in_its_own_view_alone() -> Outcome {
    let mapping = FileMapping::create(100, Protection::ExecuteRead)?;

    let copy = mapping.map(Access::ExecuteCopy)?;
    copy.write_all_at(CODE, 0)?;

    assert_eq!(run(&copy), 42);
    assert_eq!(mapping.map(Access::ExecuteRead)?.read::<[u8; 4]>(0)?, [0; 4]);
    Ok(())
}

/// Starts this test again in `role`, and tells whether a touch of what is forbidden ends it.
fn dies_of_a_touch(test: &str, role: &str) -> std::io::Result<bool> {
    let place = Place::new();
    let mut second = Second::start(place.command(test, role));
    second.until("touches");
    let end = second.process.wait()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::ExitStatusExt as _;
        Ok(end.signal() == Some(rustix::process::Signal::SEGV.as_raw()))
    }
    #[cfg(windows)]
    // Wine ends it after a look by its debugger, with a code of its own; 101 would be a panic.
    Ok(match end.code() {
        Some(0 | 101) | None => false,
        Some(code) => {
            support::wine() || code == windows_sys::Win32::Foundation::EXCEPTION_ACCESS_VIOLATION
        }
    })
}

/// In a second process: leaves no image of it when it dies.
fn without_a_core() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    Ok(())
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn the_processor_itself_refuses_what_the_access_does_not_say() -> Outcome {
    if let Some(role) = support::role() {
        without_a_core()?;
        let mapping = FileMapping::create(100, Protection::ExecuteReadWrite)?;
        mapping.map(Access::Write)?.write_all_at(CODE, 0)?;
        let access = match &*role {
            "runs" => Access::Write,
            "stores" => Access::ExecuteRead,
            _ => Access::NoAccess,
        };
        let view = mapping.map(access)?;
        let first = view.as_ptr();
        support::say("touches");
        match &*role {
            "runs" => assert_eq!(run(&view), 42),
            // SAFETY: the store kills this process, as the test wants it to.
            "stores" => unsafe { first.write_volatile(1) },
            // SAFETY: as above, for a load.
            _ => assert_eq!(unsafe { first.read_volatile() }, CODE[0]),
        }
        return Ok(());
    }
    let test = "protection::the_processor_itself_refuses_what_the_access_does_not_say";

    for role in ["runs", "stores", "loads"] {
        assert!(dies_of_a_touch(test, role)?, "{role}");
    }
    Ok(())
}

/// The table of `docs/semantics.md`: which view each protection can give.
#[test]
fn each_protection_permits_the_views_of_the_table() {
    use Access::{Copy, ExecuteCopy, ExecuteRead, NoAccess, Read, Write};

    let expected: [(Protection, &[Access]); 6] = [
        (Protection::ReadOnly, &[NoAccess, Read, Copy]),
        (Protection::ReadWrite, &[NoAccess, Read, Write, Copy]),
        (Protection::WriteCopy, &[NoAccess, Read, Copy]),
        (Protection::ExecuteRead, &[NoAccess, Read, Copy, ExecuteRead, ExecuteCopy]),
        (Protection::ExecuteReadWrite, &Access::ALL),
        (Protection::ExecuteWriteCopy, &[NoAccess, Read, Copy, ExecuteRead, ExecuteCopy]),
    ];

    for (protection, views) in expected {
        let permitted: Vec<_> =
            Access::ALL.into_iter().filter(|access| protection.permits(*access)).collect();
        assert_eq!(permitted, {
            let mut views = views.to_vec();
            views.sort_by_key(|view| Access::ALL.iter().position(|each| each == view));
            views
        });
    }
}

#[test]
fn each_protection_is_parsed_from_its_own_word() {
    for protection in Protection::ALL {
        assert_eq!(protection.to_string().parse::<Protection>().unwrap(), protection);
    }
    assert_eq!("writable".parse::<Protection>().unwrap_err().kind(), ErrorKind::InvalidArgument);
}
