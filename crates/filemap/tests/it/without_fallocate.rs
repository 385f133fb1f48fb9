//! Files that grow where the file system has no call for it, or a sandbox refuses it, which a filter
//! of system calls stands for.

#![expect(unsafe_code, reason = "a filter of system calls, which no safe interface has")]

use std::fs::{self, File};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{
    Access, ErrorKind, FileMapping, MappedFile, PositionedIo as _, Protection, Registry,
};

use crate::support::{Outcome, Place, emulated, role, rounds};

/// How `fallocate` fails: of a file system without it, of a kernel without it, and in sandboxes.
const REFUSALS: [(&str, libc::c_int); 3] =
    [("unsupported", libc::EOPNOTSUPP), ("unknown", libc::ENOSYS), ("forbidden", libc::EPERM)];

/// Has the kernel refuse `fallocate` to this process.
fn forget_fallocate(errno: libc::c_int) {
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let number = u32::try_from(libc::SYS_fallocate).expect("a small number");
    let refusal = libc::SECCOMP_RET_ERRNO | errno.cast_unsigned();
    let mut steps = [
        step(LOAD, 0, 0, 0),
        step(JUMP_IF_EQUAL, 0, 1, number),
        step(RETURN, 0, 0, refusal),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let len = u16::try_from(steps.len()).expect("a small number");
    let filter = libc::sock_fprog { len, filter: steps.as_mut_ptr() };
    // SAFETY: the call takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    let (mode, filter) = (libc::SECCOMP_MODE_FILTER, &raw const filter);
    // SAFETY: the filter and its steps live until the call returns.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, filter, 0, 0) }, 0);
}

/// Runs a test as a second process without `fallocate`.
fn without_fallocate(test: &str, act: impl FnOnce(&Place) -> Outcome) -> Outcome {
    if let Some(role) = role() {
        let errno = REFUSALS.into_iter().find_map(|(name, errno)| (name == role).then_some(errno));
        forget_fallocate(errno.expect("it is one of them"));
        return act(&Place::new());
    }
    if emulated() {
        println!("skipped: filters of system calls are of the emulator, which is emulated");
        return Ok(());
    }
    for (role, _) in REFUSALS {
        Place::new().child(test, role).finish();
    }
    Ok(())
}

#[test]
fn a_file_grows_to_the_length_that_is_asked_for() -> Outcome {
    const TEST: &str = "without_fallocate::a_file_grows_to_the_length_that_is_asked_for";
    without_fallocate(TEST, |place| {
        let content = place.file("file", b"content");
        let mapping = FileMapping::options().file(&content).size(100_000).create()?;
        assert_eq!((mapping.size(), content.metadata()?.len()), (100_000, 100_000));
        let file = MappedFile::open(place.path("file"))?;

        file.set_len(300_001)?;

        let bytes = fs::read(place.path("file"))?;
        assert_eq!((bytes.len(), &bytes[..7]), (300_001, &b"content"[..]));
        assert!(bytes[7..].iter().all(|byte| *byte == 0));
        assert_eq!(mapping.protection(), Protection::ReadWrite);
        Ok(())
    })
}

#[test]
fn who_grows_a_file_overwrites_nobodys_appends() -> Outcome {
    const TEST: &str = "without_fallocate::who_grows_a_file_overwrites_nobodys_appends";
    without_fallocate(TEST, |place| {
        let file = place.file("file", b"");
        let done = AtomicBool::new(false);
        let appended = thread::scope(|scope| -> Result<usize, Box<dyn std::error::Error>> {
            let appender = scope.spawn(|| -> std::io::Result<usize> {
                let mut log = File::options().append(true).open(place.path("file"))?;
                let mut appended = 0;
                while !done.load(Ordering::Relaxed) {
                    appended += log.write(b"x")?;
                }
                Ok(appended)
            });
            for _ in 0..rounds(200_000) {
                FileMapping::options().file(&file).size(file.metadata()?.len() + 1).create()?;
            }
            done.store(true, Ordering::Relaxed);
            Ok(appender.join().expect("a thread ends")?)
        })?;

        let bytes = fs::read(place.path("file"))?;
        assert_eq!(bytes.iter().filter(|byte| **byte == b'x').count(), appended);
        Ok(())
    })
}

#[test]
fn memory_and_numbers_do_without_setting_space_aside() -> Outcome {
    const TEST: &str = "without_fallocate::memory_and_numbers_do_without_setting_space_aside";
    without_fallocate(TEST, |place| {
        let registry = Registry::at(place.path("."));
        for options in
            [FileMapping::options(), FileMapping::options().registry(&registry).name("x")]
        {
            let view = options.size(10_000).create()?.map(Access::Write)?;
            view.write_all_at(b"content", 9_993)?;
            assert_eq!(view.read::<u8>(9_999)?, b't');
        }
        let file = MappedFile::open(place.path("numbers"))?;
        file.write(8, &41_u64)?;
        assert_eq!(file.atomic::<u64>(8)?.fetch_add(1)?, 41);
        for refused in [file.preallocate(0..4096), file.discard(0..4096)] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotSupported);
        }
        Ok(())
    })
}
