//! Objects in a file: a header that tells a whole object from all else, then a codec's bytes.
//!
//! ```text
//! byte   0       4         5       6       7      8        16            20           24
//!        | magic | version | codec | state | zero | length | payload CRC | header CRC | payload
//! ```
//!
//! Numbers are little-endian and the checksums are CRC-32C. The first 24 bytes keep this layout
//! in all versions, so that a later version is told from damage. The header's checksum covers
//! the 20 bytes before it.
//!
//! The state is one byte, because one byte cannot be written by half. It says "being written"
//! before any other byte changes and "complete" after all others are in place; whatever stops a
//! writer in between leaves an object that says so. The checksums are for what the state cannot
//! show: damage, and a reader that meets a writer.

use std::sync::atomic::Ordering;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::file::MappedFile;
use crate::file::codec::{Codec, Postcard, Sink};
use crate::file::scratch::{self, Scratch};
use crate::model::page_size;
use crate::types::{Error, ErrorKind, Operation, Result};

/// What objects need of a file.
pub(super) trait Bytes {
    /// Names the file for an error's text: "the file `scores`".
    fn subject(&self) -> String;

    /// Copies bytes out and tells how many there were before the file's end.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Copies bytes in, and makes the file longer where it ends too soon.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Looks up where the file ends; tells whether it became shorter than it was known to be.
    ///
    /// Through a map the last page of a file reads as zeros behind the end, and takes bytes that
    /// are no part of the file.
    fn became_shorter(&self) -> Result<bool>;

    /// Does the same before bytes up to `end` are written, if they may lie behind the file's end.
    fn look_before_writing(&self, end: u64) -> Result<()>;

    /// Tells whether the file is known to have all bytes up to `end`.
    fn has_settled(&self, end: u64) -> bool;

    /// Hears of an object that was written whole, to flush it if that was asked for.
    fn written(&self, offset: u64, len: u64) -> Result<()>;
}

/// The first byte is no text and no UTF-8, so that no text file looks like an object.
const MAGIC: [u8; 4] = *b"\x9AFMO";
const VERSION: u8 = 1;

const BEING_WRITTEN: u8 = 0x57;
const COMPLETE: u8 = 0xC6;

const HEADER: usize = size_of::<Header>();
const STATE_AT: u64 = 6;
const LENGTH_AT: usize = 8;

/// Objects fit a buffer of this size, or pass through it.
const STAGE: usize = scratch::LEN;
/// Payloads above this are checked where they lie before memory is reserved for them.
const UNCHECKED: u64 = 1024 * 1024;
/// Payloads are read in pieces of this size: they are still in the cache for their checksum.
const PIECE: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    magic: [u8; 4],
    version: u8,
    codec: u8,
    state: u8,
    zero: u8,
    length: U64,
    payload_checksum: U32,
    header_checksum: U32,
}

impl Header {
    /// Makes the header of a complete object.
    fn new<C: Codec>(length: u64, payload_checksum: u32) -> Self {
        let mut header = Self {
            magic: MAGIC,
            version: VERSION,
            codec: C::ID,
            state: COMPLETE,
            zero: 0,
            length: length.into(),
            payload_checksum: payload_checksum.into(),
            header_checksum: U32::ZERO,
        };
        header.header_checksum = header.checksum().into();
        header
    }

    fn checksum(&self) -> u32 {
        crc32c::crc32c(&self.as_bytes()[..HEADER - size_of::<U32>()])
    }

    /// Reads the header of a complete object of this codec, and tells precisely what else it is.
    fn read<C: Codec>(bytes: &impl Bytes, offset: u64) -> Result<Self> {
        let mut header = Self::new_zeroed();
        let found = bytes.read_at(offset, header.as_mut_bytes())?;
        let magic = found.min(MAGIC.len());
        if magic == 0 || header.magic[..magic] != MAGIC[..magic] {
            return Err(failed(ErrorKind::NoObject)
                .because(format!("there is no object at offset {offset}")));
        }
        if found < HEADER {
            return Err(truncated(offset));
        }
        if header.state == BEING_WRITTEN {
            return Err(failed(ErrorKind::TornObject).because(format!(
                "the object at offset {offset} is being written, or its writer never finished"
            )));
        }
        if header.header_checksum.get() != header.checksum() || header.state != COMPLETE {
            return Err(failed(ErrorKind::CorruptObject)
                .because(format!("the header of the object at offset {offset} is damaged")));
        }
        if header.version != VERSION || header.zero != 0 {
            return Err(failed(ErrorKind::ForeignObject).because(format!(
                "the object at offset {offset} is in version {} of the format, and {VERSION} is \
                 what is known here",
                header.version
            )));
        }
        if header.codec != C::ID {
            return Err(failed(ErrorKind::ForeignObject).because(format!(
                "the object at offset {offset} was written by codec {}, not by {} (codec {})",
                header.codec,
                C::NAME,
                C::ID
            )));
        }
        Ok(header)
    }
}

impl Bytes for MappedFile {
    fn subject(&self) -> String {
        Self::subject(self)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        Self::read_at(self, offset, buf)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.put(offset, bytes)
    }

    fn became_shorter(&self) -> Result<bool> {
        let known = self.known_len.load(Ordering::Relaxed);
        Ok(self.len()? < known)
    }

    fn look_before_writing(&self, end: u64) -> Result<()> {
        // As long as the last page is there, the file does not end before it; and whoever cuts a
        // file takes pages away at once. That is a load, and to ask for the length is a call.
        let known = self.known_len.load(Ordering::Relaxed);
        let last_page = known.saturating_sub(1) & !(page_size() as u64 - 1);
        if end <= last_page
            && let Some((view, at)) = self.whole_at(last_page)
            && view.value_at_once::<u8>(at).is_ok()
        {
            return Ok(());
        }
        self.became_shorter().map(drop)
    }

    fn has_settled(&self, end: u64) -> bool {
        end <= self.settled_len.load(Ordering::Relaxed)
    }

    fn written(&self, offset: u64, len: u64) -> Result<()> {
        self.flush_written(offset, len)
    }
}

impl MappedFile {
    /// Writes a value as an object and tells how many bytes it takes.
    ///
    /// It is encoded by [`Postcard`] straight into the file, after a header that tells a whole
    /// object from anything else. The offset is in bytes and may be any; the file grows where it
    /// ends too soon. What lay there is overwritten, and what lies behind stays: leave
    /// [`object_size`](Self::object_size) bytes of room.
    ///
    /// A thread that writes or reads objects keeps a buffer of 16 KiB for it, and needs no more to
    /// write one of any size.
    ///
    /// The writer needs the place to itself: two that write one object at once may leave it
    /// damaged, which a reader then notices. A reader that meets a writer gets
    /// [`ErrorKind::TornObject`] and may try again. The same is read where a writer was killed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnencodableObject`] if the codec cannot encode the value, and
    /// [`ErrorKind::InvalidRange`] if it would end past the largest offset: the file is then as
    /// it was. So it is if it cannot grow. If the value's `Serialize` fails only in the last of
    /// its runs, or the file fails, an object of more than 16 KiB stays marked as torn.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::MappedFile;
    ///
    /// # let path = std::env::temp_dir().join(format!("filemap-object-{}", std::process::id()));
    /// let file = MappedFile::open(&path)?;
    /// let used = file.write_object(7, &("Ada", 1815u16))?;
    /// let used_next = file.write_object(7 + used, &[1.5, 2.5])?;
    /// assert_eq!(file.len()?, 7 + used + used_next);
    ///
    /// let (name, year): (String, u16) = file.read_object(7)?;
    /// assert_eq!((name.as_str(), year), ("Ada", 1815));
    /// # drop(file);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), filemap::Error>(())
    /// ```
    pub fn write_object<T: Serialize + ?Sized>(&self, offset: u64, value: &T) -> Result<u64> {
        write::<Postcard, T>(self, offset, value)
    }

    /// Writes a value as an object in the encoding of the codec `C`.
    ///
    /// Like [`write_object`](Self::write_object) in everything else.
    ///
    /// # Errors
    ///
    /// Those of [`write_object`](Self::write_object).
    pub fn write_object_with<C: Codec, T: Serialize + ?Sized>(
        &self,
        offset: u64,
        value: &T,
    ) -> Result<u64> {
        write::<C, T>(self, offset, value)
    }

    /// Reads the object that begins at `offset`.
    ///
    /// The value is made of a private copy whose checksum was verified, so it is what somebody
    /// wrote, whoever writes meanwhile. It must be read as the type it was written as; see
    /// [`Postcard`]. Memory is not reserved before that many bytes were found, and found whole.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoObject`]: no object begins here.
    /// - [`ErrorKind::ForeignObject`]: another codec or a later version wrote it.
    /// - [`ErrorKind::TornObject`]: it is being written, or its writer died.
    /// - [`ErrorKind::TruncatedObject`]: the file ends inside it.
    /// - [`ErrorKind::CorruptObject`]: its bytes are not those that were written.
    /// - [`ErrorKind::MismatchedObject`]: it is whole, and not a `T`.
    /// - [`ErrorKind::OutOfMemory`]: there is no memory for its bytes.
    pub fn read_object<T: DeserializeOwned>(&self, offset: u64) -> Result<T> {
        read::<Postcard, T>(self, offset)
    }

    /// Reads an object that was written by the codec `C`.
    ///
    /// Like [`read_object`](Self::read_object) in everything else.
    ///
    /// # Errors
    ///
    /// Those of [`read_object`](Self::read_object).
    pub fn read_object_with<C: Codec, T: DeserializeOwned>(&self, offset: u64) -> Result<T> {
        read::<C, T>(self, offset)
    }

    /// Computes the bytes that [`write_object`](Self::write_object) will use for a value.
    ///
    /// The header is included; the bytes are counted and not built.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnencodableObject`] if the codec cannot encode the value.
    pub fn object_size<T: Serialize + ?Sized>(&self, value: &T) -> Result<u64> {
        size::<Postcard, T>(value)
    }

    /// Computes the bytes that [`write_object_with`](Self::write_object_with) will use.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnencodableObject`] if the codec cannot encode the value.
    pub fn object_size_with<C: Codec, T: Serialize + ?Sized>(&self, value: &T) -> Result<u64> {
        size::<C, T>(value)
    }
}

/// Computes the bytes that [`write()`] will use, header included.
fn size<C: Codec, T: Serialize + ?Sized>(value: &T) -> Result<u64> {
    match measure::<C, T>(value) {
        Ok(length) => Ok(length + HEADER as u64),
        Err(error) => Err(error.during(Operation::MeasureObject).about("a value")),
    }
}

/// Writes an object and tells its size, header included.
fn write<C: Codec, T: Serialize + ?Sized>(
    bytes: &impl Bytes,
    offset: u64,
    value: &T,
) -> Result<u64> {
    write_encoded::<C, T>(bytes, offset, value)
        .and_then(|size| bytes.written(offset, size).map(|()| size))
        .map_err(|error| error.during(Operation::WriteObject).or_about(|| bytes.subject()))
}

fn write_encoded<C: Codec, T: Serialize + ?Sized>(
    bytes: &impl Bytes,
    offset: u64,
    value: &T,
) -> Result<u64> {
    let mut object = Scratch::take();
    if let Some(length) = encode_whole::<C, T>(value, &mut object[HEADER..])? {
        let size = HEADER + length;
        bytes.look_before_writing(end_of(offset, size as u64)?)?;
        write_whole::<C>(bytes, offset, &mut object[..size])?;
        return Ok(size as u64);
    }
    drop(object);
    let length = measure::<C, T>(value)?;
    let size = length + HEADER as u64;
    let end = end_of(offset, size)?;
    bytes.look_before_writing(end)?;
    write_in_pieces::<C, T>(bytes, offset, value, length, end)?;
    Ok(size)
}

/// Where an object ends.
fn end_of(offset: u64, size: u64) -> Result<u64> {
    offset.checked_add(size).ok_or_else(|| {
        Error::new(ErrorKind::InvalidRange, Operation::WriteObject).because(format!(
            "an object of {size} bytes at offset {offset} would end past the largest offset"
        ))
    })
}

/// Reads an object back.
fn read<C: Codec, T: DeserializeOwned>(bytes: &impl Bytes, offset: u64) -> Result<T> {
    let read = match read_checked::<C, T>(bytes, offset) {
        // Not damaged, perhaps, but cut off.
        Err(error) if error.kind() == ErrorKind::CorruptObject && bytes.became_shorter()? => {
            read_checked::<C, T>(bytes, offset)
        }
        read => read,
    };
    read.map_err(|error| error.during(Operation::ReadObject).or_about(|| bytes.subject()))
}

/// Asks the codec for the payload's length, and leaves room for the header in the number.
fn measure<C: Codec, T: Serialize + ?Sized>(value: &T) -> Result<u64> {
    let length = C::size(value).map_err(unencodable::<C>)?;
    if length > u64::MAX - HEADER as u64 { Err(inconstant::<C>()) } else { Ok(length) }
}

/// Encodes a payload that fits a buffer, and tells its length; `None` if it does not fit.
///
/// In one run of the value's `Serialize`, where a measurement would be a second one.
fn encode_whole<C: Codec, T: Serialize + ?Sized>(
    value: &T,
    stage: &mut [u8],
) -> Result<Option<usize>> {
    let mut exceeds = false;
    let mut excess = |_: &[u8]| {
        exceeds = true;
        Err(inconstant::<C>())
    };
    let encoded = encode::<C, T>(value, Sink::new(stage, &mut excess));
    if exceeds { Ok(None) } else { encoded.map(Some) }
}

/// Copies an object into the file at once, whose payload lies behind the place for its header.
#[inline(never)]
fn write_whole<C: Codec>(bytes: &impl Bytes, offset: u64, object: &mut [u8]) -> Result<()> {
    let (head, payload) = object.split_at_mut(HEADER);
    let header = Header::new::<C>(payload.len() as u64, crc32c::crc32c(payload));
    head.copy_from_slice(Header { state: BEING_WRITTEN, ..header }.as_bytes());

    unseal(bytes, offset, offset + object.len() as u64)?;
    bytes.write_at(offset, object)?;
    bytes.write_at(offset + STATE_AT, &[COMPLETE])
}

/// Encodes an object of any size straight into the file, through a small buffer.
#[inline(never)]
fn write_in_pieces<C: Codec, T: Serialize + ?Sized>(
    bytes: &impl Bytes,
    offset: u64,
    value: &T,
    length: u64,
    end: u64,
) -> Result<()> {
    // One growth instead of one per piece; and where it fails, nothing is changed yet.
    grow(bytes, end)?;
    unseal(bytes, offset, end)?;
    let begun = Header { state: BEING_WRITTEN, ..Header::new::<C>(length, 0) };
    bytes.write_at(offset, begun.as_bytes())?;

    let mut position = offset + HEADER as u64;
    let mut checksum = 0;
    let mut output = |piece: &[u8]| {
        // What lies behind the measured size is not ours.
        if piece.len() as u64 > end - position {
            return Err(inconstant::<C>());
        }
        checksum = crc32c::crc32c_append(checksum, piece);
        bytes.write_at(position, piece)?;
        position += piece.len() as u64;
        Ok(())
    };
    let mut stage = Scratch::take();
    let rest = encode::<C, T>(value, Sink::new(&mut stage, &mut output))?;
    output(&stage[..rest])?;
    if position != end {
        return Err(inconstant::<C>());
    }

    let header = Header::new::<C>(length, checksum);
    bytes.write_at(offset + LENGTH_AT as u64, &header.as_bytes()[LENGTH_AT..])?;
    bytes.write_at(offset + STATE_AT, &[COMPLETE])
}

/// Encodes a value into a sink, and tells how many bytes are in its buffer still.
///
/// One function for both ways of writing: compiled once, its loops are worth inlining.
#[inline(never)]
fn encode<C: Codec, T: Serialize + ?Sized>(value: &T, mut sink: Sink<'_>) -> Result<usize> {
    let result = C::encode(value, &mut sink);
    match sink.take_failure() {
        Some(error) => Err(error),
        None => result.map(|()| sink.staged()).map_err(unencodable::<C>),
    }
}

/// Marks an object that lies here already as being written.
///
/// Where the file is long enough the byte is stored without a look: all of them are overwritten.
///
/// Where none lies, nothing needs to be marked, and the file is not made longer for it. Where
/// one does, the file is made long enough first: an object is not given up for one that may not
/// find room.
fn unseal(bytes: &impl Bytes, offset: u64, end: u64) -> Result<()> {
    if bytes.has_settled(end) {
        return bytes.write_at(offset + STATE_AT, &[BEING_WRITTEN]);
    }
    let mut magic = [0; MAGIC.len()];
    if bytes.read_at(offset, &mut magic)? == MAGIC.len() && magic == MAGIC {
        grow(bytes, end)?;
        bytes.write_at(offset + STATE_AT, &[BEING_WRITTEN])?;
    }
    Ok(())
}

/// Makes the file end at `end` if it ends before; no byte of it changes.
fn grow(bytes: &impl Bytes, end: u64) -> Result<()> {
    if reaches(bytes, end)? { Ok(()) } else { bytes.write_at(end - 1, &[0]) }
}

/// Tells whether there is a byte before `end`, which is cheaper than to ask for a length.
fn reaches(bytes: &impl Bytes, end: u64) -> Result<bool> {
    bytes.read_at(end - 1, &mut [0]).map(|count| count == 1)
}

fn read_checked<C: Codec, T: DeserializeOwned>(bytes: &impl Bytes, offset: u64) -> Result<T> {
    let header = Header::read::<C>(bytes, offset)?;
    let length = header.length.get();
    let start = offset.checked_add(HEADER as u64).ok_or_else(|| truncated(offset))?;
    let end = start.checked_add(length).ok_or_else(|| truncated(offset))?;
    match usize::try_from(length) {
        Ok(length) if length <= STAGE => {
            let mut payload = Scratch::take();
            let payload = &mut payload[..length];
            fill(bytes, offset, start, payload)?;
            verify(bytes, offset, &header, crc32c::crc32c(payload))?;
            decode::<C, T>(payload, offset)
        }
        Ok(count) => {
            if length > UNCHECKED {
                if !reaches(bytes, end)? {
                    return Err(truncated(offset));
                }
                let checksum = checksum_in_place(bytes, offset, &header)?;
                verify(bytes, offset, &header, checksum)?;
            }
            let payload = private_copy(bytes, offset, start, count)?;
            verify(bytes, offset, &header, payload.checksum)?;
            decode::<C, T>(&payload.bytes, offset)
        }
        Err(_) => Err(too_large(offset, length)),
    }
}

/// Computes a payload's checksum without memory for it, so that only a real one is given any.
#[inline(never)]
fn checksum_in_place(bytes: &impl Bytes, offset: u64, header: &Header) -> Result<u32> {
    let mut buf = [0; STAGE];
    let mut checksum = 0;
    let mut position = offset + HEADER as u64;
    let mut left = header.length.get();
    while left > 0 {
        let count = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let piece = &mut buf[..count];
        fill(bytes, offset, position, piece)?;
        checksum = crc32c::crc32c_append(checksum, piece);
        position += count as u64;
        left -= count as u64;
    }
    Ok(checksum)
}

/// Refuses a payload that has not the checksum that the header promises.
///
/// The error says whether it is damaged or was written meanwhile: damage is still the same when
/// one looks again, the header included.
#[inline]
fn verify(bytes: &impl Bytes, offset: u64, header: &Header, checksum: u32) -> Result<()> {
    if checksum == header.payload_checksum.get() {
        return Ok(());
    }
    let same_bytes = checksum_in_place(bytes, offset, header)? == checksum;
    let mut now = [0; HEADER];
    bytes.read_at(offset, &mut now)?;
    Err(if same_bytes && now == header.as_bytes() {
        failed(ErrorKind::CorruptObject)
            .because(format!("the bytes of the object at offset {offset} are damaged"))
    } else {
        failed(ErrorKind::TornObject)
            .because(format!("the object at offset {offset} was changed while it was read"))
    })
}

/// A payload that nobody else can change, and the checksum of exactly these bytes.
struct PrivateCopy {
    bytes: Vec<u8>,
    checksum: u32,
}

fn private_copy(bytes: &impl Bytes, offset: u64, start: u64, count: usize) -> Result<PrivateCopy> {
    let mut copy = PrivateCopy { bytes: Vec::new(), checksum: 0 };
    if copy.bytes.try_reserve_exact(count).is_err() {
        return Err(too_large(offset, count as u64));
    }
    while copy.bytes.len() < count {
        let done = copy.bytes.len();
        copy.bytes.resize(count.min(done + PIECE), 0);
        let piece = &mut copy.bytes[done..];
        fill(bytes, offset, start + done as u64, piece)?;
        copy.checksum = crc32c::crc32c_append(copy.checksum, piece);
    }
    Ok(copy)
}

/// Fills a buffer with payload bytes, all of it.
fn fill(bytes: &impl Bytes, offset: u64, position: u64, buf: &mut [u8]) -> Result<()> {
    if bytes.read_at(position, buf)? == buf.len() { Ok(()) } else { Err(truncated(offset)) }
}

fn decode<C: Codec, T: DeserializeOwned>(payload: &[u8], offset: u64) -> Result<T> {
    C::decode(payload).map_err(|source| {
        failed(ErrorKind::MismatchedObject)
            .because(format!("the object at offset {offset} is not of the type asked for"))
            .caused_by(source)
    })
}

#[cold]
fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, Operation::ReadObject)
}

#[cold]
fn truncated(offset: u64) -> Error {
    failed(ErrorKind::TruncatedObject)
        .because(format!("the file ends inside the object at offset {offset}"))
}

#[cold]
fn too_large(offset: u64, length: u64) -> Error {
    failed(ErrorKind::OutOfMemory).because(format!(
        "there is not enough memory for the {length} bytes of the object at offset {offset}"
    ))
}

#[cold]
fn unencodable<C: Codec>(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(ErrorKind::UnencodableObject, Operation::WriteObject)
        .because(format!("{} cannot encode the value", C::NAME))
        .caused_by(source)
}

#[cold]
fn inconstant<C: Codec>() -> Error {
    Error::new(ErrorKind::UnencodableObject, Operation::WriteObject).because(format!(
        "the value's encoding as {} has another length each time it is made",
        C::NAME
    ))
}
