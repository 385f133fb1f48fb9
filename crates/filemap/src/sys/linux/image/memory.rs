//! A program's bytes in memory, each at its place.

use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::sys::AppendList;
use crate::sys::platform::error::during;
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::image::layout::{HEADERS, Layout};
use crate::sys::platform::memory_file::{self, IMAGE_MAGIC};
use crate::sys::platform::page_size;
use crate::sys::platform::registry::Entry;
use crate::sys::size::Size;
use crate::types::{Attributes, Error, ErrorKind, Operation, Result};

/// A program that was laid out in memory, as its mapping and its views have it.
#[derive(Debug, Clone)]
pub(in crate::sys::platform) struct Image {
    pub(super) layout: Arc<Layout>,
    pub(super) edition: Edition,
    /// What the mapping reports as its size.
    pub(in crate::sys::platform) size: u64,
    pub(in crate::sys::platform) attributes: Attributes,
    /// The memory of its shared sections, once that was joined; not set if it has none.
    pub(super) shared: Arc<AppendList<Arc<SharedSections>>>,
}

/// Which program something belongs to: a file's device, inode, birth, generation and length, and
/// when it was last changed.
pub(super) type Edition = [U64; 6];

/// Memory as large as the program, of which the shared sections are used.
#[derive(Debug)]
pub(in crate::sys::platform) struct SharedSections {
    pub(super) memory: OwnedFd,
    /// Its name, which lives as long as somebody has one of these.
    pub(super) _entry: Option<Entry>,
}

/// The last bytes of the memory: what the headers in it do not say.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone)]
#[repr(C)]
struct ImageFooter {
    /// What the mapping reports as its size.
    size: U64,
    edition: Edition,
    file_len: U64,
    attributes: U64,
    magic: [u8; 8],
}

fn bad(why: &'static str, operation: Operation) -> Error {
    Error::new(ErrorKind::BadImage, operation).because(why)
}

impl Image {
    /// Reads a program from its file, and lays it out in memory of its own.
    ///
    /// `size` is what the mapping is to report.
    pub(in crate::sys::platform) fn read(
        file: BorrowedFd<'_>,
        size: Size,
        attributes: Attributes,
    ) -> Result<(OwnedFd, Self)> {
        let operation = Operation::CreateMapping;
        let stat = file::regular(file, operation)?;
        let file_len = file::length(&stat);
        let headers = headers(file, file_len, operation)?;
        let layout = Layout::parse(&headers, file_len).map_err(|why| bad(why, operation))?;
        let size = match size {
            Size::Bytes(size) if size > layout.size => {
                return Err(Error::new(ErrorKind::SizeTooLarge, operation)
                    .because(format!("the program has {} bytes", layout.size)));
            }
            Size::Bytes(size) => size,
            Size::FileLength | Size::FollowsFile => layout.size,
        };
        let runs = !attributes.contains(Attributes::NO_EXECUTE);
        let memory = memory_file::create(runs, attributes)?;
        let end = layout.size + page_size() as u64;
        memory_file::set_len(memory.as_fd(), end)?;
        for part in &layout.parts {
            let to = (memory.as_fd(), part.place.start);
            if copy((file, part.bytes.clone()), to)? > 0 {
                return Err(bad("the file became shorter while it was read", operation));
            }
        }
        let Identity { device, inode, born, generation } =
            file::identity(file).map_err(during(operation))?;
        let edition =
            [device, inode, born, generation.into(), file_len, file::changed(file)].map(U64::new);
        let (size, file_len) = (U64::new(size), U64::new(file_len));
        let attributes = U64::new(attributes.bits().into());
        let footer = ImageFooter { size, edition, file_len, attributes, magic: IMAGE_MAGIC };
        let at = end - size_of::<ImageFooter>() as u64;
        file::write_at(memory.as_fd(), at, footer.as_bytes(), operation).map_err(Error::nowhere)?;
        memory_file::seal(memory.as_fd(), true)?;
        let image = Self::of(memory.as_fd(), operation)?
            .ok_or_else(|| bad("what was laid out cannot be read", operation))?;
        Ok((memory, image))
    }

    /// Returns the program that was laid out in memory, if one was.
    ///
    /// Its shared sections are not joined yet.
    pub(in crate::sys::platform) fn of(
        memory: BorrowedFd<'_>,
        operation: Operation,
    ) -> Result<Option<Self>> {
        let len = file::length(&file::regular(memory, operation)?);
        let Some(at) = len.checked_sub(size_of::<ImageFooter>() as u64) else { return Ok(None) };
        if !memory_file::is_image(memory, len, operation)? {
            return Ok(None);
        }
        let mut footer = ImageFooter::new_zeroed();
        if file::read_at(memory, at, footer.as_mut_bytes(), operation)? < size_of::<ImageFooter>() {
            return Ok(None);
        }
        let headers = headers(memory, len, operation)?;
        let attributes =
            u16::try_from(footer.attributes.get()).ok().and_then(Attributes::from_bits);
        let attributes = attributes
            .filter(|attributes| attributes.for_backing(true).is_ok_and(|it| it == *attributes))
            .filter(|attributes| attributes.contains(Attributes::IMAGE))
            .ok_or_else(|| bad("its attributes are not a program's", operation))?;
        let layout =
            Layout::parse(&headers, footer.file_len.get()).map_err(|why| bad(why, operation))?;
        let (size, fits) = (footer.size.get(), layout.size + page_size() as u64 == len);
        if !fits || size == 0 || size > layout.size {
            return Err(bad("its memory is not as long as the program", operation));
        }
        let (layout, edition) = (Arc::new(layout), footer.edition);
        Ok(Some(Self { layout, edition, size, attributes, shared: Arc::default() }))
    }
}

/// Returns the start of a file, in which its headers are.
fn headers(file: BorrowedFd<'_>, file_len: u64, operation: Operation) -> Result<Vec<u8>> {
    let len = usize::try_from(file_len).unwrap_or(HEADERS).min(HEADERS);
    let mut headers = vec![0; len];
    let read = file::read_at(file, 0, &mut headers, operation)?;
    headers.truncate(read);
    Ok(headers)
}

/// Copies bytes from a file to memory; returns how many were not there because the file ends before.
pub(super) fn copy(
    (file, range): (BorrowedFd<'_>, Range<u64>),
    (memory, mut place): (BorrowedFd<'_>, u64),
) -> Result<u64> {
    /// Bytes that are copied at a time.
    const STEP: usize = 1 << 20;
    let operation = Operation::CreateMapping;
    let (mut at, mut held) = (range.start, Vec::new());
    while at < range.end {
        let step = usize::try_from(range.end - at).unwrap_or(STEP).min(STEP);
        held.resize(step, 0);
        let read = file::read_at(file, at, &mut held, operation)?;
        file::write_at(memory, place, &held[..read], operation).map_err(Error::nowhere)?;
        (at, place) = (at + read as u64, place + read as u64);
        if read < step {
            break;
        }
    }
    Ok(range.end - at)
}
