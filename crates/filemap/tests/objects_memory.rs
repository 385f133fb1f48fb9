//! How much memory an object can make the library ask for: its own process, for its allocator.

#![expect(
    clippy::expect_used,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]
#![expect(unsafe_code, reason = "an allocator that keeps count is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

use filemap::{Error, ErrorKind, MappedFile, PositionedIo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator; the counters change nothing of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `place` came from `alloc` above, hence from `System`, with this layout.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns how many bytes `act` held at most, beyond those held before.
fn peak_of<T>(act: impl FnOnce() -> T) -> (usize, T) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = act();
    (PEAK.load(Ordering::Relaxed) - before, result)
}

fn forge(file: &MappedFile, length: u64, payload: &[u8], state: u8) -> Result<(), Error> {
    let mut object = b"\x9AFMO\x01\x01".to_vec();
    object.extend([state, 0]);
    object.extend(length.to_le_bytes());
    object.extend(crc32c::crc32c(payload).to_le_bytes());
    object.extend(crc32c::crc32c(&object).to_le_bytes());
    object.extend(payload);
    file.write_all_at(&object, 0)
}

/// Much memory, for an element of one byte in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Empty {
    #[serde(skip)]
    _unsaved: [u64; 16],
}

fn assert_refused_cheaply<T: DeserializeOwned + Debug>(
    file: &MappedFile,
    kind: ErrorKind,
    limit: usize,
) {
    let (peak, result) = peak_of(|| file.read_object::<T>(0));
    let error = result.expect_err("it is not a value");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(peak <= limit, "{peak} bytes were allocated for {}", std::any::type_name::<T>());
}

/// One test, because the counters are the process's.
#[test]
fn memory_is_bounded_by_the_bytes_that_are_there() -> Result<(), Error> {
    let place = tempfile::tempdir().expect("a temporary directory");
    let file = MappedFile::open(place.path().join("scratch"))?;

    // A thread keeps one small buffer for objects; this one has it from here on.
    file.write_object(0, &1)?;

    // Lengths that the header claims: past the end, or to an end that is a hole of the file.
    for length in [1 << 20, 1 << 40, u64::MAX] {
        forge(&file, length, b"short", 0xC6)?;
        assert_refused_cheaply::<Vec<u8>>(&file, ErrorKind::TruncatedObject, (1 << 20) + 4096);
    }
    file.set_len(64 << 20)?;
    forge(&file, 60 << 20, b"short", 0xC6)?;
    assert_refused_cheaply::<Vec<u8>>(&file, ErrorKind::CorruptObject, 4096);

    // Lengths that the payload claims: of a list, a map, a text and of bytes, as long as can be said,
    // and one element more than there are bytes for.
    for marker in [0xDD, 0xDF, 0xDB, 0xC6, 0xC9] {
        for len in [u32::MAX, 6] {
            let mut payload = vec![marker];
            payload.extend(len.to_be_bytes());
            payload.extend([0x80; 5]);
            forge(&file, 10, &payload, 0xC6)?;
            assert_refused_cheaply::<String>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<Vec<u8>>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<Vec<[u64; 4]>>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<Vec<()>>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<Vec<Empty>>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<HashMap<(), ()>>(&file, ErrorKind::MismatchedObject, 4096);
            assert_refused_cheaply::<HashMap<u64, String>>(
                &file,
                ErrorKind::MismatchedObject,
                4096,
            );
            assert_refused_cheaply::<serde_json::Value>(&file, ErrorKind::MismatchedObject, 4096);
        }
    }

    // Writing needs no memory for the bytes, however many they are.
    let text = "t".repeat(20 << 20);
    let numbers: Vec<u32> = (0..1 << 20).collect();
    let (peak, result) = peak_of(|| {
        let size = file.object_size(&(&text, &numbers))?;
        file.write_object(0, &(&text, &numbers)).map(|used| (used, size))
    });
    let (used, size) = result?;
    assert_eq!(used, size);
    assert!(peak <= 4096, "writing allocated {peak} bytes");
    Ok(())
}
