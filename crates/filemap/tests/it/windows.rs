//! Sliding windows: the same answers as one map, with less of the file mapped.

#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::sync::Barrier;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use filemap::{Error, ErrorKind, FileMapping, MappedFile, PositionedIo};
use proptest::prelude::*;

#[cfg(target_os = "linux")]
use crate::growth::mapped_of;
#[cfg(target_os = "linux")]
use crate::support;
use crate::support::Place;

const WINDOW: usize = 65536;

/// The file, through `count` windows of 64 KiB.
fn through_windows(path: &Path, count: usize) -> Result<MappedFile, Error> {
    MappedFile::options().window(WINDOW).windows(count).open(path)
}

/// Bytes that tell where they are.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(byte_at).collect()
}

fn byte_at(at: usize) -> u8 {
    u8::try_from((at + at / WINDOW) % 251).expect("what is below 251 fits")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_give_the_same_answers_as_one_map(
        count in 1_usize..5,
        reads in prop::collection::vec((0_u64..700_000, 0_usize..200_000), 1..30),
    ) {
        let place = Place::new();
        place.file("file", &content(600_001));
        let whole = MappedFile::open(place.path("file"))?;
        let windows = through_windows(&place.path("file"), count)?;

        for (at, len) in reads {
            let (mut one, mut other) = (vec![0; len], vec![0; len]);
            prop_assert_eq!(whole.read_at(&mut one, at)?, windows.read_at(&mut other, at)?);
            prop_assert!(one == other, "{} bytes at {}", len, at);
            let (one, other) = (whole.read::<[u8; 100]>(at), windows.read::<[u8; 100]>(at));
            prop_assert_eq!(one.map_err(|error| error.kind()), other.map_err(|error| error.kind()));
        }
    }
}

#[test]
fn a_range_across_window_borders_is_one_range() -> Result<(), Error> {
    let place = Place::new();
    let mut expected = content(5 * WINDOW + 1000);
    place.file("file", &expected);

    for count in 1..=4 {
        let file = through_windows(&place.path("file"), count)?;
        for border in [WINDOW, 2 * WINDOW, 5 * WINDOW] {
            let at = border - 3;
            file.write_all_at(b"abcdef", at as u64)?;
            expected[at..at + 6].copy_from_slice(b"abcdef");
            assert_eq!(file.read::<[u8; 6]>(at as u64)?, *b"abcdef");
        }
        let long = content(3 * WINDOW + 10);
        file.write_all_at(&long, WINDOW as u64 - 5)?;
        expected[WINDOW - 5..4 * WINDOW + 5].copy_from_slice(&long);
        file.fill(4 * WINDOW as u64 - 9, 18, 7)?;
        expected[4 * WINDOW - 9..4 * WINDOW + 9].fill(7);

        let mut seen = vec![0; expected.len()];
        file.read_exact_at(&mut seen, 0)?;
        assert!(seen == expected, "{count} windows");
        assert!(fs::read(place.path("file")).unwrap() == expected, "{count} windows");
    }
    Ok(())
}

#[test]
fn a_file_grows_through_windows_as_through_one_map() -> Result<(), Error> {
    let place = Place::new();
    let file = through_windows(&place.path("file"), 2)?;
    let other = through_windows(&place.path("file"), 1)?;
    assert_eq!(other.read_at(&mut [0; 10], 0)?, 0);

    file.write_all_at(b"grown", WINDOW as u64 - 2)?;
    let mut seen = [0; 10];
    assert_eq!(other.read_at(&mut seen, WINDOW as u64 - 2)?, 5);
    assert_eq!(&seen[..5], b"grown");

    // 8 TiB on.
    other.write_all_at(b"far", 1 << 43)?;
    assert_eq!(file.len()?, (1 << 43) + 3);
    assert_eq!(file.read::<[u8; 3]>(1 << 43)?, *b"far");
    if cfg!(windows) {
        // What somebody else has mapped is kept.
        let refused = file.set_len(WINDOW as u64).unwrap_err();
        assert_eq!((refused.kind(), refused.win32_code()), (ErrorKind::FileMapped, 1224));
    }
    drop(other);
    file.set_len(WINDOW as u64)?;
    assert_eq!(file.read_at(&mut seen, WINDOW as u64 - 2)?, 2);
    Ok(())
}

// What is mapped is told by `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn no_more_than_the_windows_is_mapped() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", &content(40 * WINDOW));
    let path = place.path("file");
    let file = through_windows(&path, 3)?;

    for at in (0..40).chain((0..40).rev()).map(|index| index * WINDOW) {
        assert_eq!(file.read::<u8>(at as u64)?, byte_at(at));
        assert!(mapped_of(&path) <= 3 * WINDOW as u64, "{} bytes", mapped_of(&path));
    }

    assert!(mapped_of(&path) > 0);
    file.close()?;
    assert_eq!(mapped_of(&path), 0);
    Ok(())
}

#[test]
fn more_threads_than_windows_read_and_write_what_is_theirs() -> Result<(), Error> {
    const THREADS: u8 = 8;
    let place = Place::new();
    let file = through_windows(&place.path("file"), 2)?;
    file.set_len(6 * WINDOW as u64)?;
    let together = Barrier::new(THREADS.into());

    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (file, together) = (&file, &together);
                scope.spawn(move || -> Result<(), Error> {
                    together.wait();
                    for round in 0..3000_u64 {
                        // Stripes of eight bytes, one for each thread, in all windows.
                        let stripe = round * 7919 % (6 * WINDOW as u64 / 64);
                        let at = stripe * 64 + u64::from(number) * 8;
                        let mark = [number + 1; 8];
                        file.write_all_at(&mark, at)?;
                        assert_eq!(file.read::<[u8; 8]>(at)?, mark);
                    }
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })?;

    let seen = fs::read(place.path("file")).unwrap();
    for (stripe, bytes) in seen.chunks(8).enumerate() {
        let owner = stripe % 8 + 1;
        let is_theirs = bytes.iter().all(|byte| usize::from(*byte) == owner);
        assert!(is_theirs || bytes == [0; 8], "{bytes:?} in a stripe of {owner}");
    }
    assert!(seen.iter().filter(|byte| **byte != 0).count() >= 3000 * 64);
    Ok(())
}

// Also while many threads miss at once, and what is mapped is told by `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_miss_at_random_have_no_more_mapped_than_the_windows() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", &content(40 * WINDOW));
    let path = place.path("file");
    let file = through_windows(&path, 3)?;
    let running = AtomicUsize::new(4);

    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                let (file, running) = (&file, &running);
                scope.spawn(move || {
                    let read = read_at_random(file, seed);
                    running.fetch_sub(1, Ordering::Relaxed);
                    read
                })
            })
            .collect();
        while running.load(Ordering::Relaxed) > 0 && !threads.iter().all(|one| one.is_finished()) {
            // The system tells it page by page, and a map that moves meanwhile is told twice.
            let mapped = (0..3).map(|_| mapped_of(&path)).min();
            assert!(mapped <= Some(3 * WINDOW as u64), "{mapped:?} bytes");
        }
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })
}

/// Reads all over a file of 40 windows, and for a while in a few of them.
#[cfg(target_os = "linux")]
fn read_at_random(file: &MappedFile, seed: u64) -> Result<(), Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..8 {
        let windows = if round % 2 == 0 { 0..40 } else { 5 * round..5 * round + 3 };
        for _ in 0..2000 {
            let at = random.usize(windows.start * WINDOW..windows.end * WINDOW - 100);
            let seen = file.read::<[u8; 100]>(at as u64)?;
            assert!(seen.iter().enumerate().all(|(step, byte)| *byte == byte_at(at + step)));
        }
    }
    Ok(())
}

#[test]
fn a_miss_and_a_map_see_each_others_bytes() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", &content(16 * WINDOW));
    let whole = MappedFile::open(place.path("file"))?;
    let windows = through_windows(&place.path("file"), 2)?;
    let mut random = fastrand::Rng::with_seed(1);

    for round in 0..10_000_u64 {
        let at = random.u64(..16 * WINDOW as u64 - 24);
        let mark: [u8; 24] = std::array::from_fn(|_| random.u8(..));
        let (from, to) = if round % 2 == 0 { (&whole, &windows) } else { (&windows, &whole) };
        from.write_all_at(&mark, at)?;
        assert_eq!(to.read::<[u8; 24]>(at)?, mark, "at {at}");
    }
    Ok(())
}

// Windows cuts no file that is mapped.
#[cfg(target_os = "linux")]
#[test]
fn threads_over_few_windows_survive_a_neighbour_who_cuts_the_file() -> Result<(), Error> {
    let place = Place::new();
    let len = 12 * WINDOW as u64;
    place.file("file", &content(12 * WINDOW));
    let file = through_windows(&place.path("file"), 2)?;
    let neighbour = fs::File::options().write(true).open(place.path("file")).unwrap();
    let running = AtomicUsize::new(4);

    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                let (file, running) = (&file, &running);
                scope.spawn(move || -> Result<(), Error> {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let mut buf = [0; 100];
                    for _ in 0..5000 {
                        let at = random.usize(..12 * WINDOW);
                        let count = file.read_at(&mut buf, at as u64)?;
                        let good =
                            |(step, byte): (usize, &u8)| *byte == byte_at(at + step) || *byte == 0;
                        assert!(buf[..count].iter().enumerate().all(good), "at {at}");
                    }
                    running.fetch_sub(1, Ordering::Relaxed);
                    Ok(())
                })
            })
            .collect();
        while running.load(Ordering::Relaxed) > 0 && !threads.iter().all(|one| one.is_finished()) {
            neighbour.set_len(len / 3).expect("anybody may cut a file");
            neighbour.set_len(len).expect("anybody may make it longer");
        }
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })
}

#[test]
fn who_works_on_a_number_can_use_the_same_file_and_window_meanwhile() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", &content(4 * WINDOW));
    let file = through_windows(&place.path("file"), 1)?;

    let number = file.atomic::<u64>(8)?;
    number.store(1)?;
    assert_eq!(file.read::<u64>(8)?, 1);
    file.write(3 * WINDOW as u64, &2_u64)?;
    let other = file.atomic::<u64>(16)?;
    other.store(3)?;

    assert_eq!((number.load()?, other.load()?), (1, 3));
    assert_eq!(file.read::<u64>(3 * WINDOW as u64)?, 2);
    drop((number, other));
    assert_eq!(file.read::<u64>(8)?, 1);
    Ok(())
}

#[test]
fn memory_is_read_through_windows_to_its_last_byte() -> Result<(), Error> {
    let place = Place::new();
    let size = 2 * WINDOW as u64 + 4096;
    let _memory = FileMapping::options().registry(&place.registry).name("m").size(size).create()?;
    let options = MappedFile::options().registry(&place.registry).window(WINDOW).windows(1);
    let file = options.open_by_name("m")?;

    file.write_all_at(&content(5000), size - 5000)?;

    let mut seen = vec![0; 6000];
    assert_eq!(file.read_at(&mut seen, size - 5000)?, 5000);
    assert!(seen[..5000] == content(5000));
    assert_eq!(file.write_all_at(b"ab", size - 1).unwrap_err().kind(), ErrorKind::NotSupported);
    Ok(())
}

#[cfg(feature = "objects")]
#[test]
fn objects_lie_across_windows() -> Result<(), Error> {
    let place = Place::new();
    let path = place.path("file");
    let object: Vec<u64> = (0..40_000).map(|number| number * number).collect();
    let windows = through_windows(&path, 1)?;
    let whole = MappedFile::open(&path)?;

    let size = windows.write_object(WINDOW as u64 - 7, &object)?;

    assert_eq!(size, whole.object_size(&object)?);
    assert_eq!(whole.read_object::<Vec<u64>>(WINDOW as u64 - 7)?, object);
    assert_eq!(windows.read_object::<Vec<u64>>(WINDOW as u64 - 7)?, object);
    let written = fs::read(&path).unwrap();
    let alone = MappedFile::open(place.path("alone"))?;
    alone.write_object(WINDOW as u64 - 7, &object)?;
    assert!(written == fs::read(place.path("alone")).unwrap(), "the bytes are the same");
    Ok(())
}

#[test]
fn any_size_and_number_of_windows_will_do() -> Result<(), Error> {
    let place = Place::new();
    let expected = content(3 * WINDOW + 5);
    place.file("file", &expected);

    for (bytes, count) in
        [(0, 0), (1, 1), (65537, 2), (1 << 20, 100), (usize::MAX, 1), (WINDOW, usize::MAX)]
    {
        let options = MappedFile::options().window(bytes).windows(count);
        let file = options.open(place.path("file"))?;
        let mut seen = vec![0; expected.len()];

        file.read_exact_at(&mut seen, 0)?;

        assert!(seen == expected, "{count} windows of {bytes}");
    }
    Ok(())
}

/// In a second process: leaves it this much more address space than it has now.
// A limit of processes.
#[cfg(target_os = "linux")]
fn limit_address_space(room: u64) {
    use rustix::process::{Resource, Rlimit};
    let status = fs::read_to_string("/proc/self/status").expect("the system tells about processes");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let size = size.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let most = size.expect("the size of a process is a number of kilobytes") * 1024 + room;
    let limit = Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(Resource::As, limit).expect("limits can be lowered");
}

/// In a second process: writes and reads all over 4 GiB, forwards and backwards.
#[cfg(target_os = "linux")]
fn use_everywhere(path: &Path) -> Result<(), Error> {
    let file = MappedFile::open(path)?;
    for gigabyte in (0..40_u64).chain((0..40).rev()) {
        let at = gigabyte * (100 << 20) + 12_345;
        file.write_all_at(&gigabyte.to_le_bytes(), at)?;
        assert_eq!(file.read::<[u8; 8]>(at)?, gigabyte.to_le_bytes());
    }
    assert_eq!(file.len()?, 39 * (100 << 20) + 12_353);
    Ok(())
}

#[cfg(target_os = "linux")]
fn file_of_the_first() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("the first process says where"))
        .join("file")
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_larger_than_the_address_space_is_used_through_windows() -> Result<(), Error> {
    if support::role().is_some() {
        limit_address_space(3 << 29);
        return use_everywhere(&file_of_the_first());
    }
    let place = Place::new();
    let test = "windows::a_file_larger_than_the_address_space_is_used_through_windows";

    place.child(test, "uses").finish();

    assert_eq!(fs::metadata(place.path("file")).unwrap().len(), 39 * (100 << 20) + 12_353);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn room_for_two_windows_is_enough() -> Result<(), Error> {
    if support::role().is_some() {
        limit_address_space(160 << 20);
        return use_everywhere(&file_of_the_first());
    }
    let place = Place::new();

    place.child("windows::room_for_two_windows_is_enough", "uses").finish();

    assert_eq!(fs::metadata(place.path("file")).unwrap().len(), 39 * (100 << 20) + 12_353);
    Ok(())
}

// Musl's allocator makes a map for about each new size of an allocation, and without one the program
// ends.
#[cfg(all(target_os = "linux", not(target_env = "musl")))]
#[test]
fn a_file_is_used_where_the_process_can_have_no_more_maps() -> Result<(), Error> {
    use filemap::{Access, Protection};

    const TEST: &str = "windows::a_file_is_used_where_the_process_can_have_no_more_maps";
    if support::emulated() {
        println!("skipped: the limit of maps is met by what is emulated and by the emulator alike");
        return Ok(());
    }
    if support::role().is_some() {
        let memory = FileMapping::create(4096, Protection::ReadWrite)?;
        let path = file_of_the_first();
        let files = [MappedFile::open(&path)?, through_windows(&path, 2)?];
        let reader = MappedFile::options().read_only().open(&path)?;
        let mut views = Vec::with_capacity(1 << 17);
        let refused = loop {
            match memory.map(Access::Read) {
                Ok(view) => views.push(view),
                Err(error) => break error,
            }
            if views.len() == views.capacity() {
                println!("skipped: this kernel's limit of maps is not met by 131072 of them");
                return Ok(());
            }
        };
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory);
        let text = refused.to_string();
        assert!(text.contains(" maps, and vm.max_map_count allows "), "{text}");
        for file in &files {
            let mut seen = [0; 11];
            file.read_exact_at(&mut seen, 100_000)?;
            assert_eq!(seen.as_slice(), content(100_011).split_off(100_000));
            file.write_all_at(b"hello", 70_001)?;
            assert_eq!(file.read::<[u8; 5]>(70_001)?, *b"hello");
            file.write(70_008, &7_u64)?;
            assert_eq!(file.read::<u64>(70_008)?, 7);
            assert_eq!(reader.read::<u64>(70_008)?, 7);
            file.fill(70_008, 8, 0)?;
            assert_eq!(file.find(70_001.., b"hello")?, Some(70_001));
            // A number needs a map.
            let error = file.atomic::<u64>(8).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfMemory);
            let text = error.to_string();
            assert!(text.contains("/file: the process has "), "{text}");
        }
        drop(views);
        assert_eq!(files[1].atomic::<u64>(70_008)?.load()?, 0);
        return Ok(());
    }
    let place = Place::new();
    place.file("file", &content(200_000));

    place.child(TEST, "uses").finish();

    Ok(())
}

// Files whose length is no promise are Linux'.
#[cfg(target_os = "linux")]
#[test]
fn what_a_length_of_0_conceals_is_read() -> Result<(), Error> {
    use std::io::Read as _;

    let version = fs::read("/proc/version").expect("every Linux has it");
    let file = MappedFile::options().read_only().open("/proc/version")?;

    let mut seen = vec![0; 1000];
    let count = file.read_at(&mut seen, 6)?;
    assert_eq!(seen[..count], version[6..]);
    let mut exact = [0; 5];
    file.read_exact_at(&mut exact, 0)?;
    assert_eq!(&exact, b"Linux");
    let mut whole = Vec::new();
    filemap::Cursor::new(&file).read_to_end(&mut whole).expect("it can be read");
    assert_eq!(whole, version);
    assert_eq!(file.read_exact_at(&mut seen, 0).unwrap_err().kind(), ErrorKind::EndOfFile);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_unmapped_is_unmapped_later() -> Result<(), Error> {
    use filemap::{Access, Protection, page_size};

    const TEST: &str = "windows::what_could_not_be_unmapped_is_unmapped_later";
    if support::emulated() {
        println!("skipped: the limit of maps is met by what is emulated and by the emulator alike");
        return Ok(());
    }
    if support::role().is_none() {
        Place::new().child(TEST, "unmaps").finish();
        return Ok(());
    }
    let page = page_size();
    let memory = FileMapping::create(3 * page as u64, Protection::ReadWrite)?;
    // The kernel makes one map of views that lie side by side.
    let whole = memory.map(Access::Read)?;
    let base = whole.as_ptr().addr();
    whole.unmap()?;
    let part = |index: usize| {
        let part = memory.view(Access::Read).offset((index * page) as u64).len(page);
        part.address(base + index * page).map()
    };
    let [first, middle, last] = [part(0)?, part(1)?, part(2)?];
    let other = FileMapping::create(1, Protection::ReadWrite)?;
    let mut views = Vec::with_capacity(1 << 17);
    while views.len() < views.capacity() {
        match other.map(Access::Read) {
            Ok(view) => views.push(view),
            Err(_) => break,
        }
    }
    let Err(refused) = middle.unmap() else {
        println!("skipped: the kernel needs no more maps for it");
        return Ok(());
    };
    assert_eq!(refused.kind(), ErrorKind::OutOfMemory);
    assert!(refused.to_string().contains("vm.max_map_count"), "{refused}");

    // There are fewer maps with each of them.
    drop(views);

    let maps = fs::read_to_string("/proc/self/maps").expect("the system tells about maps");
    let is_mapped = |at: usize| {
        maps.lines().any(|line| {
            let (start, rest) = line.split_once('-').unwrap_or_default();
            let end = rest.split(' ').next().unwrap_or_default();
            let number = |text| usize::from_str_radix(text, 16).unwrap_or(0);
            (number(start)..number(end)).contains(&at)
        })
    };
    assert_eq!([0, 1, 2].map(|index| is_mapped(base + index * page)), [true, false, true]);
    drop((first, last));
    Ok(())
}
