//! A descriptor on its way from a process that has it as its standard input, through a socket.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// The end that files are handed to.
#[derive(Debug)]
pub(crate) struct Receiver(UnixListener);

impl Receiver {
    /// # Errors
    ///
    /// The system's, for example if the path is too long for a socket.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        UnixListener::bind(path).map(Self)
    }

    /// Waits for the next file, and returns it with its number.
    ///
    /// # Errors
    ///
    /// The system's, or that what came was no file and number.
    pub(crate) fn receive(&self) -> io::Result<(u32, File)> {
        let (stream, _) = self.0.accept()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut number = [0; 4];
        let mut parts = [IoSliceMut::new(&mut number)];
        let told = recvmsg(&stream, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let mut files = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(rights) => Some(rights),
            _ => None,
        });
        let file: Option<OwnedFd> = files.next().and_then(|mut rights| rights.next());
        match file {
            Some(file) if told.bytes == number.len() => {
                Ok((u32::from_le_bytes(number), File::from(file)))
            }
            _ => Err(io::Error::other("a message without a file")),
        }
    }
}

/// Hands standard input to a receiver, under a number.
///
/// # Errors
///
/// The system's.
pub(crate) fn hand_over_input(path: &Path, number: u32) -> io::Result<()> {
    let stream = UnixStream::connect(path)?;
    let input = rustix::stdio::stdin();
    let files = [input.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&files));
    let number = number.to_le_bytes();
    sendmsg(&stream, &[IoSlice::new(&number)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
