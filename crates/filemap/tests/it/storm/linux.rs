//! What only Linux has: handles that are sent over a socket, forks, processes that are stopped.

#![expect(unsafe_code, reason = "forks and signals are the C library's")]

use std::fs;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use filemap::{FileMapping, OwnedDescriptor};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::Weather;
use crate::support::{self, Place};

/// Steps of a forked child, which has no other end.
const CHILD: u64 = 20;

pub(super) const FORKS: bool = true;
pub(super) const PASSES: bool = true;

/// A socket that is connected to itself, and the standard input of each process.
pub(super) struct Mail(UnixDatagram);

impl Mail {
    pub(super) fn new(place: &Place) -> Self {
        let mail = UnixDatagram::bind(place.path("mail")).expect("a socket can be had");
        mail.connect(place.path("mail")).expect("it can be connected to itself");
        Self(mail)
    }

    pub(super) fn reaches(&self, command: &mut Command) {
        let mail = self.0.try_clone().expect("a descriptor can be had");
        command.stdin(Stdio::from(OwnedFd::from(mail)));
    }
}

/// Puts a handle into the mail; tells whether there was room.
pub(super) fn send(descriptor: OwnedDescriptor) -> bool {
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut extra = SendAncillaryBuffer::new(&mut space);
    assert!(extra.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    match rustix::net::sendmsg(rustix::stdio::stdin(), &[IoSlice::new(b"x")], &mut extra, flags) {
        Ok(_) => true,
        Err(Errno::AGAIN | Errno::NOBUFS | Errno::TOOMANYREFS) => false,
        Err(errno) => panic!("a handle cannot be passed on: {errno}"),
    }
}

/// Takes a handle out of the mail, if there is one.
pub(super) fn receive() -> Option<OwnedDescriptor> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut extra = RecvAncillaryBuffer::new(&mut space);
    let (mut letter, flags) = ([0], RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC);
    let mail = rustix::stdio::stdin();
    match rustix::net::recvmsg(mail, &mut [IoSliceMut::new(&mut letter)], &mut extra, flags) {
        Ok(_) => {}
        Err(Errno::AGAIN) => return None,
        Err(errno) => panic!("the mail cannot be read: {errno}"),
    }
    let descriptor = extra.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    Some(descriptor.expect("a letter has a handle"))
}

/// Returns true if two handles are of one object.
pub(super) fn is_same(one: &FileMapping, other: &FileMapping) -> bool {
    let inode_of = |mapping: &FileMapping| {
        let number = mapping.as_raw_fd();
        fs::metadata(format!("/proc/self/fd/{number}")).map(|found| found.ino())
    };
    inode_of(one).expect("it is open") == inode_of(other).expect("it is open")
}

/// Leaves it to the kernel to wait for forked children.
pub(super) fn forget_children() {
    // SAFETY: nobody waits for the children of this process, so the kernel does.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Forks a child that has all the handles, and takes a few steps of its own with them.
pub(super) fn fork(weather: &mut Weather) {
    weather.done.forks += 1;
    weather.state = weather.state.wrapping_add(2);
    // SAFETY: the process has no other thread that does anything; the child takes steps and
    // ends, and returns from here in no case.
    let number = unsafe { libc::fork() };
    assert!(number >= 0, "a process can be forked");
    if number > 0 {
        return;
    }
    weather.state ^= u64::from(std::process::id()) << 20;
    let steps = std::panic::AssertUnwindSafe(|| (0..CHILD).try_for_each(|_| weather.step()));
    if !matches!(std::panic::catch_unwind(steps), Ok(Ok(()))) {
        support::say("lost by a forked child");
    }
    // SAFETY: ends the child at once, without what belongs to its parent.
    unsafe { libc::_exit(0) }
}

/// Stops a child that was not waited for; tells whether that can be done.
pub(super) fn stop(number: u32) -> bool {
    // SAFETY: a signal to a child that was not waited for, so the number is its own.
    assert_eq!(unsafe { libc::kill(child(number), libc::SIGSTOP) }, 0);
    true
}

/// Lets a child go on that was stopped.
pub(super) fn go_on(number: u32) {
    // SAFETY: as in `stop`.
    assert_eq!(unsafe { libc::kill(child(number), libc::SIGCONT) }, 0);
}

fn child(number: u32) -> libc::pid_t {
    libc::pid_t::try_from(number).expect("a number")
}
