//! Views by the rules of the system's own call, and their resizing.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "advice of the kernel by its number")]

use std::fs::File;
use std::os::fd::AsRawFd as _;

use filemap::{
    Access, ErrorKind, FileMapping, Flush, PositionedIo, Protection, SystemAdvice, View, page_size,
};

use crate::support::{Outcome, emulated};

#[test]
fn plain_memory_is_private_or_shared_and_takes_the_systems_flags() -> Outcome {
    for access in [Access::Write, Access::Copy, Access::ExecuteWrite, Access::Read] {
        let view = View::options(access, 5000).flags(libc::MAP_POPULATE).map()?;
        assert_eq!((view.len(), view.access(), view.read::<u8>(4999)?), (5000, access, 0));
        assert_eq!(view.write(0, &1_u8).is_ok(), access.can_write());
    }
    let refused = View::options(Access::NoAccess, 4096).map()?.read::<u8>(0);
    assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::AccessDenied));
    Ok(())
}

#[test]
fn a_plain_view_of_a_file_loses_pages_as_every_view() -> Outcome {
    let page = page_size();
    let file = tempfile::tempfile()?;
    file.set_len(3 * page as u64)?;
    let options = View::options(Access::Write, 2 * page).file(&file).offset(page as u64);
    for (view, has_descriptor) in
        [(options.clone().map()?, true), (options.without_descriptor().map()?, false)]
    {
        assert_eq!(view.as_raw_fd() >= 0, has_descriptor);
        view.write_all_at(b"bytes", page as u64)?;
        view.flush(.., Flush::Durable)?;
        file.set_len(page as u64)?;

        let lost = view.read::<u8>(page).expect_err("the page is gone");
        assert_eq!(lost.kind(), ErrorKind::Lost);
        assert_eq!(lost.loss().map(|loss| loss.offset), Some(2 * page as u64));
        file.set_len(3 * page as u64)?;
        assert_eq!(view.read::<u8>(page)?, 0);
    }
    Ok(())
}

#[test]
fn a_device_is_mapped_and_what_cannot_be_is_refused() -> Outcome {
    let zeros = File::options().read(true).write(true).open("/dev/zero")?;
    let view = View::options(Access::Write, 8192).file(&zeros).map()?;
    view.write(5000, &7_u8)?;
    assert_eq!((view.read::<u8>(5000)?, view.read::<u8>(0)?), (7, 0));
    view.flush(.., Flush::Durable)?;

    let null = File::options().read(true).write(true).open("/dev/null")?;
    let pair = File::open("/proc/self")?;
    let read_only = File::open("/dev/zero")?;
    for (refused, kind) in [
        (View::options(Access::Write, 4096).file(&null), ErrorKind::WrongObject),
        (View::options(Access::Read, 4096).file(&pair), ErrorKind::WrongObject),
        (View::options(Access::Write, 4096).file(&read_only), ErrorKind::AccessDenied),
        (View::options(Access::Read, 4096).file(&zeros).offset(1), ErrorKind::InvalidArgument),
        (View::options(Access::Write, 0), ErrorKind::ZeroSize),
        (View::options(Access::Write, usize::MAX), ErrorKind::OutOfMemory),
    ] {
        assert_eq!(refused.map().map_err(|error| error.kind()).err(), Some(kind));
    }
    Ok(())
}

#[test]
fn a_plain_view_takes_no_place_of_another() -> Outcome {
    for flags in [libc::MAP_FIXED, libc::MAP_FIXED_NOREPLACE] {
        let refused = View::options(Access::Write, 4096).flags(flags).map();
        assert_eq!(refused.map_err(|error| error.kind()).err(), Some(ErrorKind::InvalidArgument));
    }
    Ok(())
}

#[test]
fn private_memory_grows_and_shrinks_and_shared_memory_shrinks() -> Outcome {
    let page = page_size();
    let mut private = View::options(Access::Copy, page).map()?;
    private.write_all_at(b"kept", 10)?;
    for len in [100 * page + 1, 20 * page, 1, 50 * page] {
        private.resize(len)?;
        assert_eq!((private.len(), private.read::<u8>(len - 1).is_ok()), (len, true));
        assert!(private.read::<u8>(len).is_err());
    }
    assert_eq!(private.read::<[u8; 4]>(10)?, *b"kept");

    let mut shared = View::options(Access::Write, 4 * page).map()?;
    shared.resize(page)?;
    let refused = shared.resize(2 * page).map_err(|error| error.kind());
    assert_eq!((refused, shared.len()), (Err(ErrorKind::NotSupported), page));
    let refused = shared.resize(0).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::ZeroSize));
    Ok(())
}

#[test]
fn a_view_of_a_file_follows_its_new_length() -> Outcome {
    let page = page_size();
    let file = tempfile::tempfile()?;
    file.set_len(page as u64)?;
    let mut view = View::options(Access::Write, page).file(&file).map()?;
    filemap::set_file_len(&file, 10 * page as u64)?;
    view.resize(10 * page)?;
    view.write(10 * page - 1, &9_u8)?;
    let mut last = [0];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut last, 10 * page as u64 - 1)?;
    assert_eq!(last, [9]);

    // Past the file's end the pages are lost, as in every view that is too long.
    view.resize(12 * page)?;
    let lost = view.write(11 * page, &1_u8).map_err(|error| error.kind());
    assert_eq!(lost, Err(ErrorKind::Lost));
    Ok(())
}

#[test]
fn a_view_of_a_mapping_does_not_grow_past_it() -> Outcome {
    let mapping = FileMapping::create(5000, Protection::ReadWrite)?;
    let mut view = mapping.map(Access::Write)?;
    view.write(99, &1_u8)?;
    let refused = view.resize(5001).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::NotSupported));
    view.resize(100)?;
    assert_eq!((view.len(), view.read::<u8>(99)?), (100, 1));
    Ok(())
}

#[test]
fn advice_of_the_kernel_is_given_by_its_number() -> Outcome {
    let page = page_size();
    let view = View::options(Access::Copy, 3 * page).map()?;
    view.fill(0, 3 * page, 1)?;
    // SAFETY: the pages stay mapped, and read as zeros.
    let drop_pages = unsafe { SystemAdvice::new(libc::MADV_DONTNEED) };
    view.advise_as(page..2 * page, drop_pages)?;
    assert_eq!((view.read::<u8>(0)?, view.read::<u8>(page)?), (1, 0));
    if emulated() {
        println!("skipped: an emulated system refuses no advice");
        return Ok(());
    }
    // SAFETY: no system knows the number.
    let unknown = unsafe { SystemAdvice::new(12345) };
    let refused = view.advise_as(.., unknown).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::InvalidArgument));
    Ok(())
}
