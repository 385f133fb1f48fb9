//! A file is cut under the objects in it.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use filemap::{ErrorKind, MappedFile};

use crate::mapped_file::shapes;
use crate::support::{EVERYBODY, Outcome, Over, Place, page, rounds, set_len};

/// Sizes below and above each border of the format's ways to read and write.
const SIZES: [usize; 5] = [10, 400, 10_000, 100_000, 1_100_000];

fn object(size: usize) -> Vec<u8> {
    (0_u8..=250).cycle().take(size).collect()
}

#[test]
fn an_object_whose_end_was_cut_off_is_truncated() -> Outcome {
    for (who, size) in EVERYBODY.into_iter().cycle().zip(SIZES) {
        for (shape, options) in shapes() {
            {
                let place = Place::new();
                let file = options.clone().open(place.path("file"))?;
                let at = page() as u64 - 30;
                let used = file.write_object(at, &object(size))?;
                let read: Vec<u8> = file.read_object(at)?;
                assert!(read == object(size));
                // Inside the payload, behind the first page; and inside the payload, wherever.
                for end in [at + used / 2, at + used - 1, at + 25, at + 10] {
                    set_len(&place.path("file"), at + used);
                    file.write_object(at, &object(size))?;
                    who.cuts(&place.path("file"), end);

                    let error = file.read_object::<Vec<u8>>(at).unwrap_err();

                    let kind = error.kind();
                    assert_eq!(kind, ErrorKind::TruncatedObject, "{shape} {size} {end}: {error}");
                }
                who.cuts(&place.path("file"), at);
                let error = file.read_object::<Vec<u8>>(at).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NoObject, "{shape} {size}: {error}");

                assert_eq!(file.write_object(at, &object(size))?, used);
                let read: Vec<u8> = file.read_object(at)?;
                assert!(read == object(size), "{shape}");
            }
        }
    }
    Ok(())
}

#[test]
fn an_object_is_written_whole_into_a_file_that_was_cut() -> Outcome {
    for (shape, options) in shapes() {
        for size in SIZES {
            let place = Place::new();
            let path = place.path("file");
            let file = options.clone().open(&path)?;
            let at = 3 * page() as u64 - 7;
            let used = file.write_object(at, &object(size))?;
            for end in [0, at - 1, at + 3, at + 24, at + used / 2] {
                set_len(&path, end);

                file.write_object(at, &object(size))?;

                let other = MappedFile::open(&path)?;
                let read: Vec<u8> = other.read_object(at)?;
                assert!(read == object(size), "{shape}, {size}, cut to {end}");
                assert_eq!(fs::metadata(&path)?.len(), at + used, "{shape}, {size}, {end}");
            }
        }
    }
    Ok(())
}

#[test]
fn objects_read_and_written_while_a_file_is_cut_are_whole_or_refused() -> Outcome {
    for (shape, options) in shapes() {
        let place = Place::new();
        let path = place.path("file");
        let file = options.open(&path)?;
        let value = object(50_000);
        let used = file.write_object(100, &value)?;
        let done = AtomicBool::new(false);

        let (read, refused) = thread::scope(|scope| {
            scope.spawn(|| {
                let mut end = 0;
                while !done.load(Ordering::Relaxed) {
                    end = (end + 7919) % used;
                    set_len(&path, end);
                    thread::yield_now();
                }
            });
            let _over = Over(&done);
            let (mut read, mut refused) = (0, 0);
            for _ in 0..rounds(1000) {
                file.write_object(100, &value).expect("a file that was cut grows again");
                match file.read_object::<Vec<u8>>(100) {
                    Ok(seen) => {
                        assert!(seen == value, "{shape}");
                        read += 1;
                    }
                    Err(error) => {
                        use ErrorKind::{CorruptObject, NoObject, TornObject, TruncatedObject};
                        let legal = [CorruptObject, NoObject, TornObject, TruncatedObject];
                        assert!(legal.contains(&error.kind()), "{shape}: {error}");
                        refused += 1;
                    }
                }
            }
            (read, refused)
        });

        assert_eq!(read + refused, rounds(1000));
    }
    Ok(())
}
