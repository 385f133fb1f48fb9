//! A program's bytes in memory, each at its place.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::SealFlags;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::sys::platform::error::during;
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::image::layout::{HEADERS, Layout};
use crate::sys::platform::image::shared::Shared;
use crate::sys::platform::page_size;
use crate::sys::platform::section::memory_file;
use crate::types::{Attributes, Error, ErrorKind, Operation, Result};

const MAGIC: [u8; 8] = *b"fmimage\n";

/// Bytes that are copied at a time.
const STEP: usize = 1 << 20;

/// A program that was laid out in memory, as its mapping and its views have it.
#[derive(Debug)]
pub(in crate::sys::platform) struct Image {
    pub(in crate::sys::platform) layout: Layout,
    /// The memory of its shared sections, if it has any.
    pub(in crate::sys::platform) shared: Option<Shared>,
    /// What the mapping says that its size is.
    pub(in crate::sys::platform) size: u64,
    pub(in crate::sys::platform) attributes: Attributes,
}

/// The last bytes of the memory: what the headers in it do not tell.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
struct Footer {
    /// What the mapping says that its size is.
    size: U64,
    /// Which file the program was read from.
    device: U64,
    inode: U64,
    born: U64,
    generation: U32,
    attributes: U32,
    /// Bytes in that file, and when it was last changed.
    file_len: U64,
    changed: U64,
    magic: [u8; 8],
}

/// Which program something belongs to: a file, as it was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition {
    pub(super) file: Identity,
    pub(super) file_len: u64,
    pub(super) changed: u64,
}

fn bad(why: &'static str, operation: Operation) -> Error {
    Error::new(ErrorKind::BadImage, operation).because(why)
}

impl Image {
    /// Reads a program from its file, and lays it out in memory of its own.
    ///
    /// `size` is what the mapping is to say; 0 is as much as the program takes.
    pub(in crate::sys::platform) fn read(
        file: BorrowedFd<'_>,
        size: u64,
        attributes: Attributes,
    ) -> Result<(OwnedFd, Arc<Self>)> {
        let operation = Operation::CreateMapping;
        let stat = file::regular(file, operation)?;
        let file_len = file::length(&stat);
        let headers = headers(file, file_len, operation)?;
        let layout = Layout::parse(&headers, file_len).map_err(|why| bad(why, operation))?;
        if size > layout.size {
            return Err(Error::new(ErrorKind::SizeTooLarge, operation)
                .because(format!("the program has {} bytes", layout.size)));
        }
        let size = if size == 0 { layout.size } else { size };
        let runs = !attributes.contains(Attributes::NO_EXECUTE);
        let memory = memory_file(runs, false)?;
        let end = layout.size + page_size() as u64;
        file::allowed(end, operation)?;
        rustix::fs::ftruncate(&memory, end).map_err(during(operation))?;
        copy_parts(file, memory.as_fd(), &layout)?;
        let identity = file::identity(file).map_err(during(operation))?;
        let footer = Footer {
            size: U64::new(size),
            device: U64::new(identity.device),
            inode: U64::new(identity.inode),
            born: U64::new(identity.born),
            generation: U32::new(identity.generation),
            attributes: U32::new(attributes.bits().into()),
            file_len: U64::new(file_len),
            changed: U64::new(file::changed(file)),
            magic: MAGIC,
        };
        let at = end - size_of::<Footer>() as u64;
        file::write_at(memory.as_fd(), at, footer.as_bytes(), operation).map_err(Error::nowhere)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&memory, seals).map_err(during(operation))?;
        let image = Self::of(&memory, operation)?
            .ok_or_else(|| bad("what was laid out cannot be read", operation))?;
        Ok((memory, image))
    }

    /// Finds the program in memory that was laid out for one; nothing, if it was not.
    pub(in crate::sys::platform) fn of(
        memory: &OwnedFd,
        operation: Operation,
    ) -> Result<Option<Arc<Self>>> {
        let sealed = rustix::fs::fcntl_get_seals(memory)
            .is_ok_and(|seals| seals.contains(SealFlags::WRITE | SealFlags::SHRINK));
        let len = file::length(&file::regular(memory.as_fd(), operation)?);
        let Some(at) = len.checked_sub(size_of::<Footer>() as u64).filter(|_| sealed) else {
            return Ok(None);
        };
        let mut footer = Footer::new_zeroed();
        let read = file::read_at(memory.as_fd(), at, footer.as_mut_bytes(), operation)?;
        if read < size_of::<Footer>() || footer.magic != MAGIC {
            return Ok(None);
        }
        let headers = headers(memory.as_fd(), len, operation)?;
        let attributes =
            u16::try_from(footer.attributes.get()).ok().and_then(Attributes::from_bits);
        let attributes = attributes
            .filter(|attributes| attributes.settled(true).is_ok_and(|it| it == *attributes))
            .filter(|attributes| attributes.contains(Attributes::IMAGE))
            .ok_or_else(|| bad("its attributes are not a program's", operation))?;
        let layout =
            Layout::parse(&headers, footer.file_len.get()).map_err(|why| bad(why, operation))?;
        let (size, fits) = (footer.size.get(), layout.size + page_size() as u64 == len);
        if !fits || size == 0 || size > layout.size {
            return Err(bad("its memory is not as long as the program", operation));
        }
        let edition = Edition {
            file: Identity {
                device: footer.device.get(),
                inode: footer.inode.get(),
                born: footer.born.get(),
                generation: footer.generation.get(),
            },
            file_len: footer.file_len.get(),
            changed: footer.changed.get(),
        };
        let shared = Shared::join(&edition, &layout, memory.as_fd())?;
        let layout = if attributes.contains(Attributes::NO_EXECUTE) {
            layout.without_code()
        } else {
            layout
        };
        Ok(Some(Arc::new(Self { layout, shared, size, attributes })))
    }
}

/// The start of a file, in which its headers are.
fn headers(file: BorrowedFd<'_>, file_len: u64, operation: Operation) -> Result<Vec<u8>> {
    let len = usize::try_from(file_len).unwrap_or(HEADERS).min(HEADERS);
    let mut headers = vec![0; len];
    let read = file::read_at(file, 0, &mut headers, operation)?;
    headers.truncate(read);
    Ok(headers)
}

/// Copies each part of a program to its place.
fn copy_parts(file: BorrowedFd<'_>, memory: BorrowedFd<'_>, layout: &Layout) -> Result<()> {
    let operation = Operation::CreateMapping;
    let mut held = Vec::new();
    for part in &layout.parts {
        let (mut from, mut to) = (part.bytes.start, part.place.start);
        while from < part.bytes.end {
            let step = usize::try_from(part.bytes.end - from).unwrap_or(STEP).min(STEP);
            held.resize(step, 0);
            if file::read_at(file, from, &mut held, operation)? < step {
                return Err(bad("the file became shorter while it was read", operation));
            }
            file::write_at(memory, to, &held, operation).map_err(Error::nowhere)?;
            from += step as u64;
            to += step as u64;
        }
    }
    Ok(())
}
