//! Threads that do everything at once that threads may do, in one process.
//!
//! For `ThreadSanitizer`: `cargo xtask test --sanitizer`. It sees each access of the library to memory
//! of its own, and reports those that no synchronization orders. Copies of mapped bytes are assembly,
//! which it does not see: races there are what a mapping is for. Without it this is a short storm.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, Flush, MappedFile, PageAccess, PositionedIo,
    Registry, View, page_size,
};

/// Threads of each kind.
const THREADS: Range<u64> = 0..2;

/// Where the threads count together, in bytes of a mapping; the rest of its page is nobody's.
const COUNT: usize = 64;

fn rounds() -> u32 {
    if cfg!(filemap_sanitizer) { 200 } else { 100 }
}

/// Views of one mapping: made, dropped, read, written, filled, searched, and numbers in them.
fn views(mapping: &FileMapping, shared: &View, seed: u64) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..rounds() {
        let own = mapping.map(Access::Write)?;
        for view in [&own, shared] {
            let at = random.usize(page_size()..view.len() - 5000);
            let mut buf = vec![0; random.usize(1..5000)];
            view.write_all_at(&buf, at as u64)?;
            view.read_exact_at(&mut buf, at as u64)?;
            view.fill(at, buf.len(), 7)?;
            view.find(at.., &[9, 9])?;
            view.copy_from(at, &own, 0, 100)?;
        }
        shared.atomic::<u64>(COUNT)?.fetch_add(1)?;
    }
    Ok(())
}

/// Pages that are committed, protected and touched by threads that know nothing of each other.
fn pages(view: &View, seed: u64) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..rounds() {
        let at = random.usize(..view.len() / page_size()) * page_size();
        let pages = at..at + page_size();
        view.commit(pages.clone(), PageAccess::Write)?;
        if random.bool() {
            view.protect(pages.clone(), PageAccess::Read)?;
        }
        // What another thread has made of the page is what it allows.
        for touched in [view.write_all_at(b"x", at as u64), view.read_exact_at(&mut [0], at as u64)]
        {
            if let Err(error) = touched {
                assert!(
                    matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::NotCommitted),
                    "{error}"
                );
            }
        }
        view.pages_at(at)?;
    }
    Ok(())
}

/// A view of reserved pages whose table is made by whoever is first.
fn first_changes(mapping: &FileMapping) -> Result<(), Error> {
    for _ in 0..rounds() / 4 {
        let view = mapping.map(Access::Write)?;
        thread::scope(|scope| {
            let changes = THREADS.map(|_| {
                scope.spawn(|| {
                    view.protect(..page_size(), PageAccess::Read)?;
                    view.read_exact_at(&mut [0; 100], 0)
                })
            });
            changes.for_each(|change| {
                change.join().expect("it ends").expect("a page can be protected");
            });
        });
    }
    Ok(())
}

/// A file that grows, is cut, read and written: through a map of it all, or through windows.
fn file(file: &MappedFile, seed: u64) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..rounds() {
        let at = random.u64(..4 << 20);
        file.write_all_at(&[7; 100], at)?;
        // As far as nobody has cut it.
        file.read_at(&mut [0; 100], at)?;
        file.write(at & !7, &7_u64)?;
        file.fill(at, 5000, 1)?;
        match round % 50 {
            0 => file.set_len(at)?,
            // Somebody else has cut it.
            25 => match file.flush(Flush::Written) {
                Err(error) if error.kind() != ErrorKind::Lost => return Err(error),
                _ => {}
            },
            _ => {}
        }
    }
    Ok(())
}

/// Names that are made, found, duplicated and closed.
fn names(registry: &Registry, seed: u64) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..rounds() {
        let name = format!("name-{}", random.u8(..3));
        let made = FileMapping::options().registry(registry).name(&name).size(4096).create()?;
        let found = registry.open(&name)?;
        found.map(Access::Write)?.write_all_at(b"x", 0)?;
        drop(made.try_clone()?);
        registry.list()?;
    }
    Ok(())
}

#[test]
fn threads_share_everything_that_they_may() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let path = |name: &str| place.path().join(name);
    fs::write(path("file"), vec![1; 1 << 20])?;
    let registry = &Registry::at(place.path());
    let opened = fs::File::options().read(true).write(true).open(path("file"))?;
    let mapping = &FileMapping::options().file(&opened).create()?;
    let shared = &mapping.map(Access::Write)?;
    let reserved = FileMapping::options().size(1 << 20).attributes(Attributes::RESERVE).create()?;
    let reserved = &reserved.map(Access::Write)?;
    let open = |path: &Path| MappedFile::options().window(1 << 16).windows(3).open(path);
    let (whole, windows) = (&MappedFile::open(path("whole"))?, &open(&path("windows"))?);

    thread::scope(|scope| {
        let mut all = Vec::new();
        for seed in THREADS {
            all.push(scope.spawn(move || views(mapping, shared, seed)));
            all.push(scope.spawn(move || pages(reserved, seed)));
            all.push(scope.spawn(move || file(whole, seed)));
            all.push(scope.spawn(move || file(windows, seed)));
            all.push(scope.spawn(move || names(registry, seed)));
        }
        all.push(scope.spawn(move || first_changes(mapping)));
        all.into_iter().try_for_each(|one| one.join().expect("a thread ends"))
    })?;

    let counted = THREADS.count() as u64 * u64::from(rounds());
    assert_eq!(shared.read::<u64>(COUNT)?, counted + 0x0101_0101_0101_0101);
    Ok(())
}
