//! Random operations on a file and on a vector of bytes: both always have the same content.

use std::fs;
use std::path::Path;

use filemap::{Error, ErrorKind, Flush, MappedFile, PositionedIo};
use proptest::prelude::*;

use crate::support::Place;

/// What windows begin at multiples of here.
const WINDOW: usize = 65536;

/// How the file is mapped: as a whole, or through this many windows.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Whole,
    Windows(usize),
}

#[derive(Debug, Clone)]
enum Step {
    Write { at: usize, len: usize, seed: u8 },
    Value { at: usize, value: u64 },
    Fill { at: usize, len: usize, byte: u8 },
    Read { at: usize, len: usize },
    SetLen(usize),
    Flush(Flush),
    FlushRange { at: usize, len: usize, flush: Flush },
    Exchange,
    Reopen(Shape),
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![1 => Just(Shape::Whole), 2 => (1_usize..5).prop_map(Shape::Windows)]
}

/// Offsets everywhere, and more often where windows, pages and maps meet.
fn offset() -> impl Strategy<Value = usize> {
    let near = |unit: usize, most: usize| {
        (0..=most, 0_usize..20).prop_map(move |(count, past)| (count * unit + past).max(10) - 10)
    };
    prop_oneof![0_usize..400_000, near(WINDOW, 6), near(4096, 10), near(1 << 20, 2)]
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0_usize..100, 2 => 4000_usize..9000, 1 => 60_000_usize..220_000]
}

fn flush() -> impl Strategy<Value = Flush> {
    prop_oneof![Just(Flush::Start), Just(Flush::Written), Just(Flush::Durable)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (offset(), length(), any::<u8>())
            .prop_map(|(at, len, seed)| Step::Write { at, len, seed }),
        2 => (offset(), any::<u64>()).prop_map(|(at, value)| Step::Value { at, value }),
        3 => (offset(), length(), 0_u8..3).prop_map(|(at, len, byte)| Step::Fill { at, len, byte }),
        8 => (offset(), length()).prop_map(|(at, len)| Step::Read { at, len }),
        2 => offset().prop_map(Step::SetLen),
        1 => flush().prop_map(Step::Flush),
        1 => (offset(), length(), flush())
            .prop_map(|(at, len, flush)| Step::FlushRange { at, len, flush }),
        2 => Just(Step::Exchange),
        1 => shape().prop_map(Step::Reopen),
    ]
}

fn open(path: &Path, shape: Shape) -> Result<MappedFile, Error> {
    match shape {
        Shape::Whole => MappedFile::open(path),
        Shape::Windows(count) => MappedFile::options().window(WINDOW).windows(count).open(path),
    }
}

/// Bytes that are not alike anywhere.
fn pattern(len: usize, seed: u8) -> Vec<u8> {
    (0..251_u8).cycle().map(|byte| byte ^ seed).take(len).collect()
}

/// Changes the model as the step changes the file.
fn put(model: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    model.resize(model.len().max(at + bytes.len()), 0);
    model[at..at + bytes.len()].copy_from_slice(bytes);
}

fn check_read(file: &MappedFile, model: &[u8], at: usize, len: usize) -> Result<(), TestCaseError> {
    let mut seen = vec![0xEE; len];
    let count = file.read_at(&mut seen, at as u64)?;
    let expected = &model[at.min(model.len())..(at + len).min(model.len())];
    prop_assert_eq!(count, expected.len(), "bytes at {} before the end", at);
    prop_assert!(seen[..count] == *expected, "the bytes at {}", at);
    prop_assert!(seen[count..].iter().all(|byte| *byte == 0xEE), "past the end, from {}", at);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_file_has_the_content_that_a_vector_would_have(
        first in shape(),
        second in shape(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let place = Place::new();
        let path = place.path("file");
        let mut model = Vec::new();
        // Two handles, of which one is used at a time: each sees what was done by the other.
        let mut file = open(&path, first)?;
        let mut other = open(&path, second)?;

        for step in steps {
            match step {
                Step::Write { at, len, seed } => {
                    let bytes = pattern(len, seed);
                    file.write_all_at(&bytes, at as u64)?;
                    put(&mut model, at, &bytes);
                }
                Step::Value { at, value } => {
                    file.write(at as u64, &value)?;
                    prop_assert_eq!(file.read::<u64>(at as u64)?, value);
                    put(&mut model, at, zerocopy::IntoBytes::as_bytes(&value));
                }
                Step::Fill { at, len, byte } => {
                    file.fill(at as u64, len as u64, byte)?;
                    put(&mut model, at, &vec![byte; len]);
                }
                Step::Read { at, len } => check_read(&file, &model, at, len)?,
                Step::SetLen(len) => {
                    match file.set_len(len as u64) {
                        // The other handle may have mapped it.
                        Err(error) if cfg!(windows) && error.kind() == ErrorKind::FileMapped => {
                            prop_assert!(len < model.len(), "it would not be shorter");
                        }
                        set => {
                            set?;
                            model.resize(len, 0);
                        }
                    }
                    // That others made it shorter shows when the length is asked for.
                    other.len()?;
                }
                Step::Flush(flush) => file.flush(flush)?,
                Step::FlushRange { at, len, flush } => {
                    file.flush_range(at as u64, len as u64, flush)?;
                }
                Step::Exchange => std::mem::swap(&mut file, &mut other),
                Step::Reopen(shape) => {
                    file.close()?;
                    file = open(&path, shape)?;
                }
            }
            // Not by the file's own answer, which would refresh what it remembers.
            prop_assert_eq!(fs::metadata(&path)?.len(), model.len() as u64);
        }

        prop_assert!(fs::read(&path)? == model, "the content on disk");
        for file in [&file, &other] {
            check_read(file, &model, 0, model.len() + 10)?;
            prop_assert_eq!(file.len()?, model.len() as u64);
        }
    }
}
