//! A handle as a descriptor: given away, inherited, and taken over.

#![expect(unsafe_code, reason = "an inherited descriptor is known by its number alone")]

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;

use filemap::{
    Access, Attributes, Backing, Error, ErrorKind, FileMapping, Lifetime, Operation,
    OwnedDescriptor, PositionedIo, Protection, Rights, page_size,
};
use rustix::fs::{
    MemfdFlags, Mode, OFlags, SealFlags, fchmod, fcntl_add_seals, ftruncate, memfd_create,
};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::support::{self, DEADLINE, Outcome, Place, Second, alone, eventually, named, read_all};

/// Tries to map a descriptor writable without this library, and undoes it.
fn map_writable(descriptor: impl AsFd) -> rustix::io::Result<()> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without an address the system picks a free range.
    let mapped = unsafe {
        mmap(std::ptr::null_mut(), page_size(), protection, MapFlags::SHARED, descriptor, 0)
    }?;
    // SAFETY: the range was just mapped, and nobody knows it.
    unsafe { munmap(mapped, page_size()) }
}

/// Takes over what stands as this process's standard input.
fn standard_input() -> std::io::Result<FileMapping> {
    Ok(FileMapping::try_from(std::io::stdin().as_fd().try_clone_to_owned()?)?)
}

#[test]
fn unnamed_memory_becomes_a_descriptor_and_comes_back() -> Outcome {
    for protection in Protection::ALL {
        let mapping = FileMapping::options().size(10_000).protection(protection).create()?;
        let before = (mapping.size(), mapping.attributes());
        let view = protection.is_writable().then(|| mapping.map(Access::Write)).transpose()?;
        if let Some(view) = &view {
            view.write_all_at(b"kept", 9_000)?;
        }

        let descriptor = OwnedDescriptor::from(mapping);
        let back = FileMapping::try_from(descriptor)?;

        assert_eq!((back.size(), back.attributes()), before);
        assert_eq!(back.rights(), protection.rights(), "{protection}");
        assert_eq!(back.backing(), Backing::Memory);
        assert!(back.existed());
        let seen = back.map(Access::Read)?.read::<[u8; 4]>(9_000)?;
        assert_eq!(&seen, if view.is_some() { b"kept" } else { b"\0\0\0\0" });
    }
    Ok(())
}

#[test]
fn a_file_comes_back_from_its_descriptor_as_a_whole() -> Outcome {
    let place = Place::new();
    let file = place.file("content", b"content");
    let part = FileMapping::options().file(&file).size(3).create()?;

    let back = FileMapping::try_from(OwnedDescriptor::from(part))?;

    assert_eq!(back.size(), 7);
    assert_eq!(back.protection(), Protection::ReadWrite);
    assert!(matches!(back.backing(), Backing::File { .. }));
    back.map(Access::Write)?.write_all_at(b"C", 0)?;
    assert_eq!(read_all(&file), b"Content");
    Ok(())
}

#[test]
fn a_descriptor_of_any_file_becomes_a_mapping_of_what_it_was_opened_for() -> Outcome {
    let place = Place::new();
    let writable = place.file("content", b"content");
    let readable = File::open(place.path("content"))?;
    let appending = File::options().read(true).append(true).open(place.path("content"))?;

    for (file, protection) in [
        (writable, Protection::ReadWrite),
        (readable, Protection::ReadOnly),
        (appending, Protection::ReadOnly),
    ] {
        let mapping = FileMapping::try_from(OwnedFd::from(file))?;

        assert_eq!(mapping.protection(), protection);
        assert_eq!(mapping.rights(), protection.rights());
        assert_eq!(mapping.map(Access::Read)?.read::<[u8; 7]>(0)?, *b"content");
        assert_eq!(mapping.map(Access::Write).is_ok(), protection.is_writable());
    }
    Ok(())
}

#[test]
fn memory_of_other_programs_becomes_a_mapping() -> Outcome {
    let foreign = memfd_create("foreign", MemfdFlags::CLOEXEC)?;
    rustix::io::write(&foreign, b"content")?;

    let mapping = FileMapping::try_from(foreign.try_clone()?)?;
    mapping.map(Access::Write)?.write_all_at(b"C", 0)?;

    assert_eq!(mapping.size(), 7);
    let mut seen = [0; 7];
    rustix::io::pread(&foreign, &mut seen, 0)?;
    assert_eq!(&seen, b"Content");
    Ok(())
}

#[test]
fn reserved_memory_of_any_size_comes_back_from_its_descriptor() -> Outcome {
    let page = page_size() as u64;
    for pages in [1, 2, 3, page - 1, page, page + 1, 3 * page, (1 << 33) - 1] {
        let size = pages * page;
        let options = FileMapping::options().size(size).attributes(Attributes::RESERVE);
        let descriptor = OwnedDescriptor::from(options.create()?);
        let len = rustix::fs::fstat(&descriptor)?.st_size.try_into()?;
        let back = FileMapping::try_from(descriptor)?;

        assert_eq!((back.size(), back.attributes()), (size, Attributes::RESERVE), "{pages} pages");
        let foreign = FileMapping::try_from(marked_as_reserved(len)?)?;
        assert_eq!(foreign.size(), size, "{pages} pages");
        let longer = FileMapping::try_from(marked_as_reserved(len + page)?);
        assert_ne!(longer.map(|mapping| mapping.size()).ok(), Some(size), "{pages} pages");
    }
    let alone = FileMapping::try_from(marked_as_reserved(page)?);
    assert_eq!(alone.unwrap_err().kind(), ErrorKind::WrongObject);
    Ok(())
}

/// Makes memory of `len` bytes that has the mark of reserved memory.
fn marked_as_reserved(len: u64) -> rustix::io::Result<OwnedFd> {
    let made = memfd_create("foreign", MemfdFlags::CLOEXEC)?;
    fchmod(&made, Mode::RUSR | Mode::WUSR | Mode::SVTX)?;
    ftruncate(&made, len)?;
    Ok(made)
}

#[test]
fn memory_sealed_against_writing_gives_no_writable_view_anywhere() -> Outcome {
    let sealed = memfd_create("sealed", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::io::write(&sealed, &vec![1; page_size()])?;
    fcntl_add_seals(&sealed, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW)?;
    let mapping = FileMapping::try_from(sealed)?;
    let free = {
        let size = u64::try_from(page_size())?;
        let view = FileMapping::create(size, Protection::ReadOnly)?.map(Access::Read)?;
        view.as_ptr().addr()
    };

    let anywhere = mapping.map(Access::Write).unwrap_err();
    let at_address = mapping.view(Access::Write).address(free).map().unwrap_err();

    assert_eq!((anywhere.kind(), anywhere.win32_code()), (ErrorKind::AccessDenied, 5));
    // Another thread may have taken the address meanwhile, and then that is the reason.
    let still_free = mapping.view(Access::Copy).address(free).map().is_ok();
    assert!(
        !still_free || at_address.kind() == ErrorKind::AccessDenied,
        "the address is free, the seal is the reason: {at_address}"
    );
    assert_eq!(mapping.map(Access::Copy)?.read::<u8>(0)?, 1);
    Ok(())
}

#[test]
fn descriptors_that_are_not_files_are_refused_by_what_they_are() -> Outcome {
    let (pipe, _other_end) = std::io::pipe()?;
    let (socket, _peer) = UnixStream::pair()?;
    let table: [(OwnedFd, &str); 4] = [
        (pipe.into(), "a pipe"),
        (socket.into(), "a socket"),
        (File::open(std::env::temp_dir())?.into(), "a directory"),
        (File::options().read(true).write(true).open("/dev/null")?.into(), "a device"),
    ];

    for (descriptor, what) in table {
        let refused = FileMapping::try_from(descriptor).unwrap_err();

        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::WrongObject, 6));
        assert_eq!(refused.operation(), Operation::AdoptDescriptor);
        assert!(refused.to_string().contains(what), "{refused}");
    }
    Ok(())
}

#[test]
fn descriptors_that_cannot_be_read_are_refused() -> Outcome {
    let place = Place::new();

    for len in [10, 100_000] {
        drop(place.file("content", &vec![1; len]));
        let write_only = File::options().write(true).open(place.path("content"))?;
        let append_only = File::options().append(true).open(place.path("content"))?;
        // Not by the standard library, which takes this for an access where the C library does.
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let path_only: File = rustix::fs::open(place.path("content"), flags, Mode::empty())?.into();

        for file in [write_only, append_only, path_only] {
            let refused = FileMapping::try_from(OwnedFd::from(file)).unwrap_err();

            let found = (refused.kind(), refused.win32_code());
            assert_eq!(found, (ErrorKind::AccessDenied, 5), "{len} bytes: {refused}");
            assert!(refused.to_string().contains("reading"), "{refused}");
        }
    }
    Ok(())
}

#[test]
fn descriptors_of_nothing_at_all_are_refused() -> Outcome {
    let place = Place::new();
    let empty: [OwnedFd; 2] =
        [place.file("empty", b"").into(), memfd_create("empty", MemfdFlags::CLOEXEC)?];

    for descriptor in empty {
        let refused = FileMapping::try_from(descriptor).unwrap_err();

        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::EmptyFile, 1006));
    }
    Ok(())
}

#[test]
fn the_lent_descriptor_is_the_memory_itself_and_cannot_be_shortened() -> Outcome {
    let mapping = FileMapping::create(10_000, Protection::ReadWrite)?;

    let shortened = ftruncate(&mapping, 0);
    let lengthened = ftruncate(&mapping, 1 << 20);
    rustix::io::pwrite(&mapping, b"by number", 5)?;

    assert_eq!((shortened, lengthened), (Err(Errno::PERM), Err(Errno::PERM)));
    assert_eq!(mapping.map(Access::Read)?.read::<[u8; 9]>(5)?, *b"by number");
    Ok(())
}

#[test]
fn a_read_only_duplicate_cannot_be_mapped_writable_by_anybody() -> Outcome {
    let place = Place::new();
    let file = place.file("content", &vec![1; page_size()]);
    let size = u64::try_from(page_size())?;
    let named = FileMapping::options().registry(&place.registry).name("x").size(size);

    for mapping in [
        FileMapping::create(size, Protection::ReadWrite)?,
        FileMapping::options().file(&file).create()?,
        named.create()?,
    ] {
        let reader = mapping.duplicate(Rights::READ)?;

        assert_eq!(map_writable(&mapping), Ok(()));
        assert_eq!(map_writable(&reader), Err(Errno::ACCESS), "{reader:?}");
    }
    Ok(())
}

#[test]
fn memory_that_nobody_may_write_has_a_descriptor_that_cannot() -> Outcome {
    for protection in Protection::ALL.into_iter().filter(|protection| !protection.is_writable()) {
        let mapping = FileMapping::create(1, protection)?;

        assert_eq!(map_writable(&mapping), Err(Errno::ACCESS), "{protection}");
    }
    Ok(())
}

#[test]
fn a_child_takes_memory_over_as_its_standard_input() -> Outcome {
    if support::role().is_some() {
        let mapping = standard_input()?;
        let view = mapping.map(Access::Write)?;
        assert_eq!(view.read::<[u8; 4]>(7)?, *b"from");
        view.write_all_at(b"back", 7)?;
        return Ok(());
    }
    let place = Place::new();
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    view.write_all_at(b"from", 7)?;

    let test = "descriptors::a_child_takes_memory_over_as_its_standard_input";
    let mut command = place.command(test, "takes over");
    command.stdin(Stdio::from(OwnedDescriptor::from(mapping)));
    Second::start(command).finish();

    assert_eq!(view.read::<[u8; 4]>(7)?, *b"back");
    Ok(())
}

#[test]
fn a_named_descriptor_keeps_the_name_after_its_giver_closed() -> Outcome {
    if support::role().is_some() {
        let mapping = standard_input()?;
        assert_eq!(mapping.name().map(ToString::to_string).as_deref(), Some("Local\\given"));
        assert_eq!(mapping.rights(), Rights::READ | Rights::WRITE);
        assert_eq!(mapping.map(Access::Write)?.read::<[u8; 5]>(0)?, *b"given");
        support::say("holds");
        // The first process kills this one.
        thread::park_timeout(DEADLINE);
        return Ok(());
    }
    let place = Place::new();
    let file = place.file("content", b"given");
    let begun = FileMapping::options().registry(&place.registry).name("given");
    let test = "descriptors::a_named_descriptor_keeps_the_name_after_its_giver_closed";

    for begun in [begun.clone().size(5), begun.file(&file)] {
        let mapping = begun.create()?;
        mapping.map(Access::Write)?.write_all_at(b"given", 0)?;
        let mut command = place.command(test, "takes over");
        command.stdin(Stdio::from(OwnedDescriptor::from(mapping)));
        let mut second = Second::start(command);
        second.until("holds");

        let found = place.registry.open("given")?;
        assert_eq!(found.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"given");
        drop(found);
        assert!(place.registry.open("given").is_ok(), "the second process holds it alone");
        second.kill();

        eventually("the name dies with its last handle", || {
            place.registry.open("given").is_err_and(|error| error.kind() == ErrorKind::NotFound)
        });
    }
    Ok(())
}

#[test]
fn rights_travel_with_the_descriptor_of_a_name() -> Outcome {
    if support::role().is_some() {
        let mapping = standard_input()?;
        assert_eq!(mapping.map(Access::Read)?.read::<[u8; 5]>(0)?, *b"given");
        let refused = mapping.map(Access::Write).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
        assert_eq!(mapping.rights(), Rights::READ);
        return Ok(());
    }
    let place = Place::new();
    let file = place.file("content", b"given");
    let begun = FileMapping::options().registry(&place.registry);
    let test = "descriptors::rights_travel_with_the_descriptor_of_a_name";

    for begun in [begun.clone().name("memory").size(5), begun.name("file").file(&file)] {
        let mapping = begun.create()?;
        mapping.map(Access::Write)?.write_all_at(b"given", 0)?;
        let reader = mapping.duplicate(Rights::READ)?;

        let mut command = place.command(test, "takes over");
        command.stdin(Stdio::from(OwnedDescriptor::from(reader)));
        Second::start(command).finish();
    }
    Ok(())
}

/// Device and inode of what a mapping's descriptor leads to, as a role.
fn identity(mapping: &FileMapping) -> rustix::io::Result<String> {
    let stat = rustix::fs::fstat(mapping)?;
    Ok(format!("{}:{}:{}", mapping.as_raw_fd(), stat.st_dev, stat.st_ino))
}

/// The numbers of this process's own descriptors that lead to what `role` says.
fn inherited(role: &str) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")?.flatten() {
        if let Ok(metadata) = fs::metadata(entry.path()) {
            let number = entry.file_name().to_string_lossy().into_owned();
            let it = format!("{}:{}", metadata.dev(), metadata.ino());
            if role.split_once(':').is_some_and(|(_, wanted)| wanted == it) {
                found.push(number);
            }
        }
    }
    Ok(found)
}

#[test]
fn handles_are_not_inherited_by_default() -> Outcome {
    if let Some(role) = support::role() {
        assert_eq!(inherited(&role)?, Vec::<String>::new());
        return Ok(());
    }
    let place = Place::new();
    let file = place.file("content", b"content");
    let named = FileMapping::options().registry(&place.registry);
    let read_only = named.clone().protection(Protection::ReadOnly);
    let switched = FileMapping::create(1, Protection::ReadWrite)?;
    switched.set_inheritable(true)?;
    switched.set_inheritable(false)?;
    let mappings = [
        switched,
        FileMapping::create(1, Protection::ReadWrite)?,
        FileMapping::create(1, Protection::ReadWrite)?.duplicate(Rights::READ)?,
        FileMapping::options().file(&file).create()?,
        FileMapping::try_from(OwnedFd::from(place.file("other", b"content")))?,
        named.clone().name("memory").size(1).create()?,
        read_only.name("read-only").size(1).create()?,
        named.name("file").file(&file).create()?,
        place.registry.open("memory")?,
        place.registry.open_with("file", Rights::READ)?,
    ];
    let view = mappings[3].map(Access::Write)?;

    for mapping in &mappings {
        let test = "descriptors::handles_are_not_inherited_by_default";
        place.child(test, &identity(mapping)?).finish();
    }
    view.flush(.., filemap::Flush::Start)?;
    Ok(())
}

#[test]
fn an_inheritable_handle_has_the_same_number_in_the_child() -> Outcome {
    if let Some(role) = support::role() {
        let (number, _) = role.split_once(':').ok_or("the role begins with a number")?;
        assert_eq!(inherited(&role)?, [number]);
        // SAFETY: the first process left this descriptor open for this one alone.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number.parse()?) };
        let mapping = FileMapping::try_from(descriptor)?;
        assert_eq!(mapping.map(Access::Read)?.read::<[u8; 4]>(0)?, *b"heir");
        match mapping.name() {
            Some(name) => assert_eq!(name.to_string(), "Local\\inherited"),
            None => mapping.map(Access::Write)?.write_all_at(b"seen", 0)?,
        }
        return Ok(());
    }
    let place = Place::new();
    let begun = FileMapping::options().registry(&place.registry).size(100);
    let test = "descriptors::an_inheritable_handle_has_the_same_number_in_the_child";

    for begun in [begun.clone(), begun.name("inherited")] {
        let mapping = begun.create()?;
        let view = mapping.map(Access::Write)?;
        view.write_all_at(b"heir", 0)?;

        mapping.set_inheritable(true)?;
        place.child(test, &identity(&mapping)?).finish();
        mapping.set_inheritable(false)?;

        let seen: &[u8; 4] = if mapping.name().is_some() { b"heir" } else { b"seen" };
        assert_eq!(&view.read::<[u8; 4]>(0)?, seen);
    }
    Ok(())
}

#[test]
fn an_inherited_read_only_handle_cannot_write() -> Outcome {
    if let Some(role) = support::role() {
        let (number, _) = role.split_once(':').ok_or("the role begins with a number")?;
        // SAFETY: the first process left this descriptor open for this one alone.
        let mapping = FileMapping::try_from(unsafe { OwnedFd::from_raw_fd(number.parse()?) })?;
        let refused: Error = mapping.map(Access::Write).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::AccessDenied, 5));
        assert!(mapping.map(Access::Read).is_ok());
        return Ok(());
    }
    let place = Place::new();
    let mapping = FileMapping::create(100, Protection::ReadWrite)?;
    let reader = mapping.duplicate(Rights::READ)?;

    reader.set_inheritable(true)?;

    let test = "descriptors::an_inherited_read_only_handle_cannot_write";
    place.child(test, &identity(&reader)?).finish();
    Ok(())
}

#[test]
fn a_handles_number_is_its_descriptors() -> Outcome {
    let place = Place::new();
    let unnamed = FileMapping::create(4096, Protection::ReadWrite)?;
    let named = named(&place.registry, "x")?;

    for mapping in [unnamed, named] {
        let number = mapping.as_raw_fd();

        assert_eq!(number, mapping.as_raw_fd());
        assert_eq!(OwnedDescriptor::from(mapping).as_raw_fd(), number);
    }
    Ok(())
}

#[test]
fn a_name_takes_two_descriptors_and_its_views_take_none() -> Result<(), Error> {
    let count = || fs::read_dir("/proc/self/fd").expect("they are listed").count();
    alone("descriptors::a_name_takes_two_descriptors_and_its_views_take_none", |registry| {
        let begun = FileMapping::options().registry(registry).size(100_000);
        // The first use opens the registry's directories.
        drop(begun.clone().name("first").create()?.map(Access::Write)?);
        let file = tempfile::tempfile().expect("a file can be made");
        let before = count();

        for begun in [
            begun.clone().name("memory"),
            begun.clone().name("held").lifetime(Lifetime::Holders),
            begun.clone().name("file").file(&file),
        ] {
            let mapping = begun.create_new()?;
            assert_eq!(count(), before + 2);
            let (first, second) =
                (mapping.map(Access::Write)?, mapping.map_range(Access::Read, 65_536..)?);
            assert_eq!(count(), before + 2);

            drop(mapping);
            assert_eq!(count(), before + 1, "for what a view asks of the object itself");
            first.write(70_000, &7_u8)?;
            first.flush(.., filemap::Flush::Durable)?;
            assert_eq!(second.read::<u8>(70_000 - 65_536)?, 7);
            drop((first, second));
            assert_eq!(count(), before);
        }

        // Whoever has views may give the descriptor away that keeps the name.
        let mapping = begun.name("given").create_new()?;
        let view = mapping.map(Access::Write)?;
        let given = OwnedDescriptor::from(mapping);
        assert_eq!(count(), before + 2);
        view.discard(..)?;
        assert!(registry.open("given").is_ok());
        drop((FileMapping::try_from(given)?, view));
        assert_eq!(count(), before);
        Ok(())
    })
}
