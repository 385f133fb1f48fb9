//! The limits of growth: of offsets, of processes, of disks.

#![cfg_attr(
    target_os = "linux",
    expect(clippy::expect_used, reason = "a test may stop at the first surprise")
)]

use std::fs;

use filemap::{Error, ErrorKind, Flush, MappedFile, PositionedIo};

use crate::support::Place;
#[cfg(target_os = "linux")]
use crate::support::{self, Second};

#[cfg(target_os = "linux")]
fn place_of_the_first() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("FILEMAP_DIR").expect("the first process says where"))
}

#[test]
fn offsets_that_no_file_has_are_refused_and_change_nothing() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;
    let most = i64::MAX.unsigned_abs();

    for error in [
        file.write_all_at(b"x", most).unwrap_err(),
        file.write_all_at(b"x", u64::MAX).unwrap_err(),
        file.write_all_at(b"xyz", u64::MAX - 1).unwrap_err(),
        file.fill(0, u64::MAX, 1).unwrap_err(),
        file.fill(u64::MAX, 2, 0).unwrap_err(),
        file.set_len(u64::MAX).unwrap_err(),
        file.set_len(most + 1).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.win32_code()), (ErrorKind::FileTooLarge, 223), "{error}");
        let text = error.to_string();
        assert!(text.contains(&place.path("file").display().to_string()), "{text}");
    }

    assert_eq!(fs::read(place.path("file")).unwrap(), b"content");
    assert_eq!(file.len()?, 7);
    Ok(())
}

// What is mapped is told by `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn reading_past_the_end_takes_no_address_space() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;

    assert_eq!(file.read_at(&mut [0; 10], 1 << 46)?, 0);
    assert_eq!(file.read_at(&mut [0; 10], u64::MAX)?, 0);

    let mapped = mapped_of(&place.path("file"));
    assert!(mapped <= 1 << 20, "{mapped} bytes are mapped for a file of 7");
    Ok(())
}

/// How many bytes of a file are mapped in this process.
#[cfg(target_os = "linux")]
pub(crate) fn mapped_of(path: &std::path::Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/maps").expect("the system tells what is mapped");
    let path = path.to_str().expect("the paths of tests are plain");
    let mut sum = 0;
    for line in maps.lines().filter(|line| line.ends_with(path)) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let (from, to) = range.expect("a line begins with a range");
        let number = |text| u64::from_str_radix(text, 16).expect("addresses are hexadecimal");
        sum += number(to) - number(from);
    }
    sum
}

// A limit of processes.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_file_sizes_is_an_error_and_no_signal() -> Result<(), Error> {
    if support::role().is_some() {
        use rustix::process::{Resource, Rlimit};
        let limit = Rlimit { current: Some(100_000), maximum: Some(100_000) };
        rustix::process::setrlimit(Resource::Fsize, limit).unwrap();
        let path = place_of_the_first().join("file");
        let file = MappedFile::open(&path)?;
        file.write_all_at(b"0123456789", 99_990)?;
        for error in [
            file.write_all_at(b"0123456789", 99_991).unwrap_err(),
            file.write_all_at(b"x", 1 << 40).unwrap_err(),
            file.fill(100_000, 10, b'x').unwrap_err(),
            file.fill(99_000, 1001, 0).unwrap_err(),
            file.set_len(100_001).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
        assert_eq!(file.len()?, 100_000);
        return Ok(());
    }
    let place = Place::new();

    place.child("growth::a_limit_on_file_sizes_is_an_error_and_no_signal", "grows").finish();

    let content = fs::read(place.path("file")).unwrap();
    assert_eq!(content.len(), 100_000);
    assert_eq!(content[99_990..], *b"0123456789");
    Ok(())
}

// A disk that a user can make.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_growth() -> Result<(), Error> {
    const TEST: &str = "growth::a_full_disk_is_an_error_of_growth";
    if support::role().is_some() {
        let path = place_of_the_first().join("disk").join("file");
        let file = MappedFile::open(&path)?;
        file.write_all_at(&[b'a'; 1000], 0)?;
        for error in [
            file.write_all_at(&vec![b'b'; 2 << 20], 1000).unwrap_err(),
            file.fill(1000, 2 << 20, b'c').unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.win32_code()), (ErrorKind::DiskFull, 112), "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
        let mut before = [0; 1000];
        file.read_exact_at(&mut before, 0)?;
        assert_eq!(before, [b'a'; 1000]);
        support::say("refused");
        return Ok(());
    }
    let place = Place::new();
    fs::create_dir(place.path("disk")).unwrap();
    // A disk of its own, in a namespace that ends with the child: nothing to take down.
    let mounted = "mount -t tmpfs -o size=1m none \"$FILEMAP_DIR/disk\" && exec \"$@\"";
    let namespaces = ["--mount", "--user", "--map-root-user"];
    use std::process::Command;
    let inside = |program: &Command| {
        let mut command = Command::new("unshare");
        command.args(namespaces).args(["sh", "-c", mounted, "sh"]).arg(program.get_program());
        command.args(program.get_args());
        for (key, value) in program.get_envs() {
            command.env(key, value.unwrap_or_default());
        }
        command
    };
    let mut nothing = Command::new("true");
    nothing.env("FILEMAP_DIR", place.dir.path());
    if !inside(&nothing).status().is_ok_and(|status| status.success()) {
        println!("skipped: no disk can be made full here: the system lets this user mount none");
        return Ok(());
    }

    let mut command = inside(&place.command(TEST, "grows"));
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut second = Second::start(command);

    second.until("refused");
    second.finish();
    Ok(())
}

#[test]
fn writes_that_are_flushed_are_written_as_any_others() -> Result<(), Error> {
    for flush in [Flush::Start, Flush::Written, Flush::Durable] {
        let place = Place::new();
        place.file("file", b"0123456789");
        let file = MappedFile::options().flush_writes(flush).open(place.path("file"))?;

        file.write_all_at(b"abcd", 8)?;
        file.write_all_at(b"!", 0)?;
        file.write_all_at(b"", 5)?;
        file.fill(2, 2, b'-')?;
        file.fill(1 << 21, 1, 0)?;
        file.write(100, &[1_u8, 2, 3])?;

        let content = fs::read(place.path("file")).unwrap();
        assert_eq!(content[..12], *b"!1--4567abcd", "{flush}");
        assert_eq!(content[98..104], [0, 0, 1, 2, 3, 0], "{flush}");
        assert_eq!(content.len(), (1 << 21) + 1, "{flush}");
    }
    Ok(())
}

#[test]
fn every_flush_of_every_range_is_granted() -> Result<(), Error> {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    for flush in [Flush::Start, Flush::Written, Flush::Durable] {
        file.flush(flush)?;
    }

    file.write_all_at(b"content", 100_000)?;

    for flush in [Flush::Start, Flush::Written, Flush::Durable] {
        file.flush(flush)?;
        for (offset, len) in [(0, 0), (1, 1), (99_999, 50), (5_000_000, 10), (u64::MAX, 0)] {
            file.flush_range(offset, len, flush)?;
        }
    }
    Ok(())
}

#[test]
fn a_flush_of_a_range_past_all_offsets_is_left_out() -> Result<(), Error> {
    let place = Place::new();
    place.file("file", b"content");
    let file = MappedFile::open(place.path("file"))?;

    for flush in [Flush::Start, Flush::Written, Flush::Durable] {
        file.flush_range(3, u64::MAX, flush)?;
        file.flush_range(u64::MAX, 5, flush)?;
        file.flush_range(3, i64::MAX.unsigned_abs(), flush)?;
    }
    Ok(())
}
