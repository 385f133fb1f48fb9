//! A file that a process serves (FUSE), and of which it can give no more than the beginning.

#![expect(unsafe_code, reason = "a call that mounts a file system")]

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::support::patterned;

/// A file that is mounted over another one until this is dropped.
pub(crate) struct Served<'path>(&'path Path);

/// What the kernel asks for, by its number.
mod ask {
    pub(super) const GETATTR: u32 = 3;
    pub(super) const OPEN: u32 = 14;
    pub(super) const READ: u32 = 15;
    pub(super) const RELEASE: u32 = 18;
    pub(super) const FLUSH: u32 = 25;
    pub(super) const INIT: u32 = 26;
    /// These want no answer.
    pub(super) const FORGET: [u32; 2] = [2, 42];
}

impl<'path> Served<'path> {
    /// Mounts a file of `len` bytes over `path`, of which those behind the first `good` cannot be read;
    /// `None` and a reason where that is not possible.
    pub(crate) fn over(path: &'path Path, len: u64, good: u64) -> Option<Self> {
        let Ok(server) = File::options().read(true).write(true).open("/dev/fuse") else {
            println!("skipped: this system serves no file systems of users");
            return None;
        };
        let options = format!("fd={},rootmode=100600,user_id=0,group_id=0\0", server.as_raw_fd());
        let target = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
        let kind = c"fuse".as_ptr();
        // SAFETY: all of them are texts that end with a NUL, and live until the call has read them.
        let mounted =
            unsafe { libc::mount(kind, target.as_ptr(), kind, 0, options.as_ptr().cast()) };
        assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
        thread::spawn(move || serve(server, len, good));
        Some(Self(path))
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let _ignored = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Answers until the file system is not mounted any more.
fn serve(mut server: File, len: u64, good: u64) {
    let mut question = vec![0; 1 << 20];
    while let Ok(count) = server.read(&mut question) {
        let word = |at: usize| u32::from_le_bytes(question[at..at + 4].try_into().expect("four"));
        let long = |at: usize| u64::from_le_bytes(question[at..at + 8].try_into().expect("eight"));
        assert!(count >= 40, "a question has a header");
        if ask::FORGET.contains(&word(4)) {
            continue;
        }
        let answer = match word(4) {
            // Version 7.31, which reads nothing ahead.
            ask::INIT => Ok(longs(&[31 << 32 | 7, 0, 0, 4096, 0, 0, 0, 0])),
            ask::GETATTR => Ok(attributes(len)),
            ask::OPEN => Ok(longs(&[1, 0])),
            ask::READ => {
                let (offset, size) = (long(48), u64::from(word(56)));
                let end = (offset + size).min(len);
                if end > good {
                    Err(libc::EIO)
                } else {
                    let size = usize::try_from(end.saturating_sub(offset)).expect("it fits");
                    Ok(patterned(offset, size))
                }
            }
            ask::FLUSH | ask::RELEASE => Ok(Vec::new()),
            _ => Err(libc::ENOSYS),
        };
        let (error, body) = answer.map_or_else(|errno| (-errno, Vec::new()), |body| (0, body));
        let mut reply = Vec::new();
        let size = u32::try_from(16 + body.len()).expect("a short answer");
        reply.extend(size.to_le_bytes());
        reply.extend(error.to_le_bytes());
        reply.extend(long(8).to_le_bytes());
        reply.extend(body);
        if server.write_all(&reply).is_err() {
            break;
        }
    }
}

fn longs(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// What there is to know of the file, which stays true for an hour.
fn attributes(len: u64) -> Vec<u8> {
    let mut answer = longs(&[3600, 0, 1, len, len / 512, 0, 0, 0]);
    let words: [u32; 10] = [0, 0, 0, 0o100_600, 1, 0, 0, 0, 4096, 0];
    answer.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    answer
}
