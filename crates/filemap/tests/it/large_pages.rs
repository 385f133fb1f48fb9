//! Large pages on request, and where long views lie for their sake.

use std::fs;

use filemap::{Access, Advice, FileMapping, PositionedIo, Protection};

use crate::advice::told;
use crate::support::{Outcome, Place, emulated, eventually};
use crate::view::{address, content};

/// Bytes in a large page; nothing, with a word about it, where there are none to be seen.
fn large() -> Option<usize> {
    if emulated() {
        println!("skipped: the emulator has addresses of its own");
        return None;
    }
    let told = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").ok();
    let size = told.and_then(|told| told.trim().parse().ok());
    if size.is_none() {
        println!("skipped: this kernel makes no large pages");
    }
    size
}

/// Returns true if the kernel knows `MADV_COLLAPSE`.
fn gathers() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(1))
}

#[test]
fn a_long_view_lies_among_large_pages_as_its_range_does_in_the_file() -> Outcome {
    let Some(large) = large() else { return Ok(()) };
    let place = Place::new();
    let file = place.file("long", b"x");
    let size = 5 * large as u64;
    let on_disk = FileMapping::options().file(&file).size(size).create()?;
    let memory = FileMapping::create(size, Protection::ReadWrite)?;

    let mut views = Vec::new();
    for mapping in [&on_disk, &memory] {
        for offset in [0, 4096, 65536, large as u64 + 12_288, 3 * large as u64 + 7] {
            let view = mapping.map_range(Access::Write, offset..)?;
            let among = usize::try_from(offset % large as u64)?;
            assert_eq!(address(&view) % large, among, "at {offset}");
            // Several at once, each at a place of its own.
            view.write(0, &offset)?;
            views.push((offset, view));
        }
        for (offset, view) in &views {
            assert_eq!(view.read::<u64>(0)?, *offset);
        }
        views.clear();
    }
    Ok(())
}

#[test]
fn memory_is_moved_into_large_pages_where_something_is_in_it_and_keeps_its_bytes() -> Outcome {
    let Some(large) = large() else { return Ok(()) };
    if !gathers() {
        println!("skipped: a kernel before 6.1 does not move pages when asked to");
        return Ok(());
    }
    let mapping = FileMapping::create(9 * large as u64, Protection::ReadWrite)?;
    let view = mapping.map(Access::Write)?;
    let bytes = content(8 * large);
    view.write_all_at(&bytes, 0)?;

    view.advise(.., Advice::LargePages)?;

    let mut seen = vec![0; bytes.len()];
    view.read_exact_at(&mut seen, 0)?;
    assert!(seen == bytes);
    let mut kilobytes = 0;
    // Whether there is a large page for each is the kernel's, and another moment may be a better
    // one; none at all of eight for long would be ours.
    eventually("something is in large pages", || {
        if view.advise(.., Advice::LargePages).is_err() {
            return true;
        }
        kilobytes = told(&view, "ShmemPmdMapped").ok().flatten().unwrap_or(0);
        kilobytes > 0
    });
    assert!(kilobytes >= large as u64 >> 10, "{kilobytes} kB are in large pages");
    let hole = mapping.residency(8 * large as u64..)?;
    assert_eq!((hole.in_memory(), hole.in_holes()), (0, large as u64), "a hole stays one");
    Ok(())
}
