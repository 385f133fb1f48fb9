//! Any bytes in a file are an object or an error, and an object that can be written can be read.

use std::collections::BTreeMap;

use filemap::{Codec, Error, ErrorKind, MappedFile, MessagePack, PositionedIo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something of each kind that serde knows, and as deep as somebody likes.
#[derive(Debug, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Flag(bool),
    Small(i8, u8),
    Medium { signed: i16, unsigned: u16 },
    Numbers(i32, u32, i64, u64),
    Wide(i128, u128),
    Floats(f32, f64),
    Letter(char),
    Text(String),
    Maybe(Option<Box<Shape>>),
    Either(Result<u8, String>),
    List(Vec<Shape>),
    Table(BTreeMap<String, Shape>),
    Pair(Box<(Shape, Shape)>),
    Wrapped(Wrapper),
    Units(Vec<()>, Marker),
}

#[derive(Debug, Serialize, Deserialize)]
struct Wrapper(u64);

#[derive(Debug, Serialize, Deserialize)]
struct Marker;

/// Nothing but depth.
#[derive(Debug, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

/// Depth, and a number in each level.
#[derive(Debug, Serialize, Deserialize)]
struct Node {
    number: f32,
    below: Vec<Node>,
}

/// The file that is read, and another for what was read.
struct Files {
    read: MappedFile,
    written: MappedFile,
}

impl Files {
    fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        // Through windows, so that Windows lets it be emptied.
        let options = MappedFile::options();
        let options = if cfg!(windows) { options.window(1 << 20) } else { options };
        let open = |name| options.clone().open(place.path().join(name)).expect("a new file");
        Self { read: open("read"), written: open("written") }
    }

    /// Makes these all the bytes of the file that is read.
    fn fill(&self, bytes: &[u8]) {
        self.read.set_len(0).expect("a file can be emptied");
        self.read.write_all_at(bytes, 0).expect("a file can be written");
    }
}

thread_local! {
    static FILES: Files = Files::new();
}

/// Reads `input` as a file with an object: as it is, and then with a header that is good; tells
/// whether it held anything that could be read.
pub(crate) fn check(input: &[u8]) -> bool {
    FILES.with(|files| {
        files.fill(input);
        let mut found = read_all(files);
        if let Some(sealed) = sealed(input) {
            files.fill(&sealed);
            found |= read_all(files);
        }
        found
    })
}

/// The input with a header that promises just what follows it.
fn sealed(input: &[u8]) -> Option<Vec<u8>> {
    let payload = input.get(24..)?;
    let mut object = b"\x9AFMO".to_vec();
    object.extend([1, MessagePack::ID, 0xC6, 0]);
    object.extend((payload.len() as u64).to_le_bytes());
    object.extend(crc32c::crc32c(payload).to_le_bytes());
    object.extend(crc32c::crc32c(&object).to_le_bytes());
    object.extend(payload);
    Some(object)
}

fn read_all(files: &Files) -> bool {
    let found = [
        read::<Shape>(files),
        read::<Chain>(files),
        read::<Node>(files),
        read::<Vec<()>>(files),
        read::<Vec<Vec<Marker>>>(files),
        read::<BTreeMap<u16, Option<String>>>(files),
        read::<(Vec<u8>, [u32; 3], Option<char>)>(files),
        read::<Vec<(f32, f64)>>(files),
        read::<Value>(files),
    ];
    found.contains(&true)
}

/// Reads one object as one type; what could be read is written and read once more.
fn read<T: Serialize + DeserializeOwned>(files: &Files) -> bool {
    let value: T = match files.read.read_object(0) {
        Ok(value) => value,
        Err(error) => {
            expected(error);
            return false;
        }
    };
    let bytes = write(&files.written, &value);
    let again: T = files.written.read_object(0).expect("what was written can be read");
    assert_eq!(write(&files.written, &again), bytes, "it came back as something else");
    true
}

/// Writes an object, which must have the size that it is said to have, and returns its bytes.
fn write<T: Serialize>(file: &MappedFile, value: &T) -> Vec<u8> {
    file.set_len(0).expect("a file can be emptied");
    let size = file.object_size(value).expect("what was read can be written");
    let written = file.write_object(0, value).expect("what has a size can be written");
    assert_eq!((written, file.len().expect("a file has a length")), (size, size));
    let mut bytes = vec![0; usize::try_from(size).expect("it is in memory")];
    file.read_at(&mut bytes, 0).expect("a file can be read");
    bytes
}

/// Panics at an error that is not one of those that reading an object is said to give.
fn expected(error: Error) {
    let kinds = [
        ErrorKind::NoObject,
        ErrorKind::ForeignObject,
        ErrorKind::TornObject,
        ErrorKind::TruncatedObject,
        ErrorKind::CorruptObject,
        ErrorKind::MismatchedObject,
    ];
    assert!(kinds.contains(&error.kind()), "{error}");
}
