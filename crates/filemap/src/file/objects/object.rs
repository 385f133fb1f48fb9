//! Objects in a file: written and read as a header, then a codec's bytes.
//!
//! The state in the header says "being written" before any other byte changes and "complete" after
//! all others are in place; whatever stops a writer in between leaves an object that says so. The
//! checksums are for what the state cannot show: damage, and a reader that meets a writer.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zerocopy::IntoBytes;

use crate::file::MappedFile;
use crate::file::objects::codec::{Codec, Failure, MessagePack, Sink};
use crate::file::objects::header::{
    BEING_WRITTEN, COMPLETE, Format, HEADER, Header, LENGTH_AT, MAGIC, STATE_AT, failed, truncated,
};
use crate::file::objects::scratch::{self, Scratch};
use crate::model::PositionedIo as _;
use crate::types::{Error, ErrorKind, Operation, Result};

/// Objects fit a buffer of this size, or pass through it.
const STAGE: usize = scratch::LEN;
/// Payloads above this are checked where they lie before memory is reserved for them.
const UNCHECKED: u64 = 1024 * 1024;
/// Payloads are read in pieces of this size: they are still in the cache for their checksum.
const PIECE: usize = 16 * 1024;

impl MappedFile {
    /// Writes a value as an object and returns how many bytes it takes.
    ///
    /// It is encoded by [`MessagePack`] straight into the file, after a header that tells a whole
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
        self.write_object_with::<MessagePack, T>(offset, value)
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
        let (size, encode) = (|| C::size(value), |sink: &mut Sink<'_>| C::encode(value, sink));
        write(self, offset, &Content { format: format::<C>(), size: &size, encode: &encode })
    }

    /// Writes bytes that a codec has made already as an object, and returns how many it takes.
    ///
    /// The object's header has the codec's number: 0 to 127 belong to this crate (1 is
    /// [`MessagePack`]), 128 to 255 to its users. That the bytes are what such a codec makes is not
    /// checked. Like [`write_object`](Self::write_object) in everything else.
    ///
    /// # Errors
    ///
    /// Those of [`write_object`](Self::write_object); there is no value that cannot be encoded.
    ///
    /// # Examples
    ///
    /// ```
    /// use filemap::{Codec, MappedFile, MessagePack};
    ///
    /// # let path = std::env::temp_dir().join(format!("filemap-encoded-{}", std::process::id()));
    /// let file = MappedFile::open(&path)?;
    /// // What some other writer of MessagePack makes of a list of two numbers.
    /// file.write_encoded(7, MessagePack::ID, &[0x92, 7, 40])?;
    /// assert_eq!(file.read_object::<Vec<u8>>(7)?, [7, 40]);
    ///
    /// // And a codec that is known by its number alone.
    /// file.write_encoded(100, 200, b"<score>7</score>")?;
    /// assert_eq!(file.read_encoded(100, 200)?, b"<score>7</score>");
    /// # drop(file);
    /// # drop(std::fs::remove_file(&path));
    /// # Ok::<(), filemap::Error>(())
    /// ```
    pub fn write_encoded(&self, offset: u64, codec: u8, bytes: &[u8]) -> Result<u64> {
        let (size, encode) =
            (|| Ok(bytes.len() as u64), |sink: &mut Sink<'_>| Ok(sink.write_all(bytes)?));
        let format = Format { number: codec, name: None };
        write(self, offset, &Content { format, size: &size, encode: &encode })
    }

    /// Reads the object that begins at `offset`.
    ///
    /// The value is made of a private copy whose checksum was verified, so it is what somebody
    /// wrote, whoever writes meanwhile. It may be read as any type that what was written has a value
    /// of; [`MessagePack`] has the rules. Memory is not reserved before that many bytes were found, and found whole.
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
        self.read_object_with::<MessagePack, T>(offset)
    }

    /// Reads an object that was written by the codec `C`.
    ///
    /// Like [`read_object`](Self::read_object) in everything else.
    ///
    /// # Errors
    ///
    /// Those of [`read_object`](Self::read_object).
    pub fn read_object_with<C: Codec, T: DeserializeOwned>(&self, offset: u64) -> Result<T> {
        read(self, offset, format::<C>(), |payload| {
            C::decode(&payload).map_err(|source| {
                failed(ErrorKind::MismatchedObject)
                    .because(format!("the object at offset {offset} is not of the type asked for"))
                    .caused_by(source)
            })
        })
    }

    /// Returns the bytes of an object as the codec with this number made them.
    ///
    /// They are those that were written: their checksum was verified. Like
    /// [`read_object`](Self::read_object) in everything else; see
    /// [`write_encoded`](Self::write_encoded) for an example.
    ///
    /// # Errors
    ///
    /// Those of [`read_object`](Self::read_object) but [`ErrorKind::MismatchedObject`].
    pub fn read_encoded(&self, offset: u64, codec: u8) -> Result<Vec<u8>> {
        let format = Format { number: codec, name: None };
        read(self, offset, format, |payload| Ok(payload.into_owned()))
    }

    /// Computes the bytes that [`write_object`](Self::write_object) will use for a value.
    ///
    /// The header is included; the bytes are counted and not built.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnencodableObject`] if the codec cannot encode the value.
    pub fn object_size<T: Serialize + ?Sized>(&self, value: &T) -> Result<u64> {
        self.object_size_with::<MessagePack, T>(value)
    }

    /// Computes the bytes that [`write_object_with`](Self::write_object_with) will use.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnencodableObject`] if the codec cannot encode the value.
    pub fn object_size_with<C: Codec, T: Serialize + ?Sized>(&self, value: &T) -> Result<u64> {
        measure(format::<C>(), C::size(value))
            .map_err(|error| error.during(Operation::MeasureObject).about("a value"))
    }
}

/// What an object will hold, and how its bytes are made.
struct Content<'a> {
    format: Format,
    size: &'a dyn Fn() -> std::result::Result<u64, Failure>,
    encode: &'a dyn Fn(&mut Sink<'_>) -> std::result::Result<(), Failure>,
}

fn format<C: Codec>() -> Format {
    Format { number: C::ID, name: Some(C::NAME) }
}

/// Writes an object and returns its size, header included.
fn write(file: &MappedFile, offset: u64, content: &Content<'_>) -> Result<u64> {
    write_at(file, offset, content)
        .and_then(|size| file.flush_written(offset, size).map(|()| size))
        .map_err(|error| file.named(error.during(Operation::WriteObject)))
}

fn write_at(file: &MappedFile, offset: u64, content: &Content<'_>) -> Result<u64> {
    let mut scratch = Scratch::take();
    let object = scratch.bytes();
    if let Some(length) = encode_whole(content, &mut object[HEADER..])? {
        let size = HEADER + length;
        file.look_before_writing(end_of(offset, size as u64)?)?;
        write_whole(file, offset, content.format, &mut object[..size])?;
        return Ok(size as u64);
    }
    drop(scratch);
    let size = measure(content.format, (content.size)())?;
    let end = end_of(offset, size)?;
    file.look_before_writing(end)?;
    write_in_pieces(file, offset, content, end)?;
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

/// Returns the bytes that [`write()`] will use, header included.
fn measure(format: Format, length: std::result::Result<u64, Failure>) -> Result<u64> {
    let length = length.map_err(|source| unencodable(format, source))?;
    length.checked_add(HEADER as u64).ok_or_else(|| inconstant(format))
}

/// Encodes a payload that fits a buffer, and returns its length; `None` if it does not fit.
///
/// In one run of the value's `Serialize`, where a measurement would be a second one.
fn encode_whole(content: &Content<'_>, stage: &mut [u8]) -> Result<Option<usize>> {
    let mut exceeds = false;
    let mut excess = |_: &[u8]| {
        exceeds = true;
        Err(inconstant(content.format))
    };
    let encoded = encode(content, Sink::new(stage, &mut excess));
    if exceeds { Ok(None) } else { encoded.map(Some) }
}

/// Copies an object into the file at once, whose payload lies behind the place for its header.
fn write_whole(file: &MappedFile, offset: u64, format: Format, object: &mut [u8]) -> Result<()> {
    let (head, payload) = object.split_at_mut(HEADER);
    let header = Header::new(format, payload.len() as u64, crc32c::crc32c(payload));
    head.copy_from_slice(header.begun().as_bytes());

    unseal(file, offset, offset + object.len() as u64)?;
    file.put(offset, object)?;
    file.put(offset + STATE_AT, &[COMPLETE])
}

/// Encodes an object of any size straight into the file, through a small buffer.
fn write_in_pieces(file: &MappedFile, offset: u64, content: &Content<'_>, end: u64) -> Result<()> {
    // One growth instead of one per piece; and where it fails, nothing is changed yet.
    grow(file, end)?;
    unseal(file, offset, end)?;
    let mut position = offset + HEADER as u64;
    let length = end - position;
    file.put(offset, Header::new(content.format, length, 0).begun().as_bytes())?;

    let mut checksum = 0;
    let mut output = |piece: &[u8]| {
        // What lies behind the measured size is not ours.
        if piece.len() as u64 > end - position {
            return Err(inconstant(content.format));
        }
        checksum = crc32c::crc32c_append(checksum, piece);
        file.put(position, piece)?;
        position += piece.len() as u64;
        Ok(())
    };
    let mut scratch = Scratch::take();
    let stage = scratch.bytes();
    let rest = encode(content, Sink::new(stage, &mut output))?;
    output(&stage[..rest])?;
    if position != end {
        return Err(inconstant(content.format));
    }

    let header = Header::new(content.format, length, checksum);
    file.put(offset + LENGTH_AT as u64, &header.as_bytes()[LENGTH_AT..])?;
    file.put(offset + STATE_AT, &[COMPLETE])
}

/// Encodes a value into a sink, and returns how many bytes are in its buffer still.
fn encode(content: &Content<'_>, mut sink: Sink<'_>) -> Result<usize> {
    let result = (content.encode)(&mut sink);
    match sink.take_failure() {
        Some(error) => Err(error),
        None => {
            result.map(|()| sink.staged()).map_err(|source| unencodable(content.format, source))
        }
    }
}

/// Marks an object that lies here already as being written.
///
/// Where the file is long enough the byte is stored without a look: all of them are overwritten.
///
/// Where none lies, nothing needs to be marked, and the file is not made longer for it. Where
/// one does, the file is made long enough first: an object is not given up for one that may not
/// find room.
fn unseal(file: &MappedFile, offset: u64, end: u64) -> Result<()> {
    if end <= file.settled_len() {
        return file.put(offset + STATE_AT, &[BEING_WRITTEN]);
    }
    let mut magic = [0; MAGIC.len()];
    if file.read_at(&mut magic, offset)? == MAGIC.len() && magic == MAGIC {
        grow(file, end)?;
        file.put(offset + STATE_AT, &[BEING_WRITTEN])?;
    }
    Ok(())
}

/// Makes the file end at `end` if it ends before; no byte of it changes.
fn grow(file: &MappedFile, end: u64) -> Result<()> {
    if reaches(file, end)? { Ok(()) } else { file.put(end - 1, &[0]) }
}

/// Returns whether there is a byte before `end`, which costs less than the file's length.
fn reaches(file: &MappedFile, end: u64) -> Result<bool> {
    file.read_at(&mut [0], end - 1).map(|count| count == 1)
}

/// Reads an object's bytes, which `decode` makes a value of.
fn read<T>(
    file: &MappedFile,
    offset: u64,
    format: Format,
    decode: impl Fn(Cow<'_, [u8]>) -> Result<T>,
) -> Result<T> {
    let known = file.known_len();
    let read = match read_at(file, offset, format, &decode) {
        // Not damaged, perhaps, but cut off: the last page of a file reads as zeros past the end.
        Err(error) if error.kind() == ErrorKind::CorruptObject && file.len()? < known => {
            read_at(file, offset, format, &decode)
        }
        read => read,
    };
    read.map_err(|error| file.named(error.during(Operation::ReadObject)))
}

fn read_at<T>(
    file: &MappedFile,
    offset: u64,
    format: Format,
    decode: impl Fn(Cow<'_, [u8]>) -> Result<T>,
) -> Result<T> {
    let header = Header::read(file, offset, format)?;
    let length = header.length.get();
    let start = offset.checked_add(HEADER as u64).ok_or_else(|| truncated(offset))?;
    let end = start.checked_add(length).ok_or_else(|| truncated(offset))?;
    let count = usize::try_from(length).map_err(|_| too_large(offset, length))?;
    if count <= STAGE {
        let mut scratch = Scratch::take();
        let payload = &mut scratch.bytes()[..count];
        fill(file, offset, start, payload)?;
        verify(file, offset, &header, crc32c::crc32c(payload))?;
        return decode(Cow::Borrowed(payload));
    }
    if length > UNCHECKED {
        if !reaches(file, end)? {
            return Err(truncated(offset));
        }
        verify(file, offset, &header, checksum_in_place(file, offset, &header)?)?;
    }
    let (payload, checksum) = private_copy(file, offset, start, count)?;
    verify(file, offset, &header, checksum)?;
    decode(Cow::Owned(payload))
}

/// Computes a payload's checksum without memory for it, so that only a real one is given any.
#[inline(never)]
fn checksum_in_place(file: &MappedFile, offset: u64, header: &Header) -> Result<u32> {
    let mut buf = [0; STAGE];
    let mut checksum = 0;
    let mut position = offset + HEADER as u64;
    let mut left = header.length.get();
    while left > 0 {
        let count = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let piece = &mut buf[..count];
        fill(file, offset, position, piece)?;
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
fn verify(file: &MappedFile, offset: u64, header: &Header, checksum: u32) -> Result<()> {
    if checksum == header.payload_checksum.get() {
        return Ok(());
    }
    let same_bytes = checksum_in_place(file, offset, header)? == checksum;
    let mut now = [0; HEADER];
    file.read_at(&mut now, offset)?;
    Err(if same_bytes && now == header.as_bytes() {
        failed(ErrorKind::CorruptObject)
            .because(format!("the bytes of the object at offset {offset} are damaged"))
    } else {
        failed(ErrorKind::TornObject)
            .because(format!("the object at offset {offset} was changed while it was read"))
    })
}

/// Copies a payload, so that nobody else can change it; returns its checksum with it.
fn private_copy(
    file: &MappedFile,
    offset: u64,
    start: u64,
    count: usize,
) -> Result<(Vec<u8>, u32)> {
    let (mut copy, mut checksum) = (Vec::new(), 0);
    if copy.try_reserve_exact(count).is_err() {
        return Err(too_large(offset, count as u64));
    }
    while copy.len() < count {
        let done = copy.len();
        copy.resize(count.min(done + PIECE), 0);
        let piece = &mut copy[done..];
        fill(file, offset, start + done as u64, piece)?;
        checksum = crc32c::crc32c_append(checksum, piece);
    }
    Ok((copy, checksum))
}

/// Fills a buffer with payload bytes, all of it.
fn fill(file: &MappedFile, offset: u64, position: u64, buf: &mut [u8]) -> Result<()> {
    if file.read_at(buf, position)? == buf.len() { Ok(()) } else { Err(truncated(offset)) }
}

#[cold]
fn too_large(offset: u64, length: u64) -> Error {
    failed(ErrorKind::OutOfMemory).because(format!(
        "there is not enough memory for the {length} bytes of the object at offset {offset}"
    ))
}

#[cold]
fn unencodable(format: Format, source: Failure) -> Error {
    Error::new(ErrorKind::UnencodableObject, Operation::WriteObject)
        .because(format!("{} cannot encode the value", format.name.unwrap_or("the codec")))
        .caused_by(source)
}

#[cold]
fn inconstant(format: Format) -> Error {
    Error::new(ErrorKind::UnencodableObject, Operation::WriteObject).because(format!(
        "the value's encoding by {format} has another length each time it is made"
    ))
}
