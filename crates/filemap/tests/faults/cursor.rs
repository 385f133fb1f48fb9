//! A file is cut under a cursor that moves over it.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use filemap::{MappedFile, PositionedIo};

use crate::mapped_file::shapes;
use crate::support::{EVERYBODY, Outcome, Place, patterned, set_len};

/// A reader that cuts the file under the copy that reads from it.
struct Cutting<'place, R> {
    inner: R,
    left: usize,
    cut: &'place dyn Fn(),
}

impl<R: io::Read> io::Read for Cutting<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            (self.cut)();
        }
        self.left = self.left.wrapping_sub(1);
        let len = buf.len().min(8192);
        self.inner.read(&mut buf[..len])
    }
}

#[test]
fn copying_out_of_a_file_ends_where_it_was_cut() -> Outcome {
    for who in EVERYBODY {
        for (shape, options) in shapes() {
            let place = Place::new();
            place.file("file", &patterned(0, 300_000));
            let file = options.open(place.path("file"))?;
            file.read_exact_at(&mut vec![0; 300_000], 0)?;
            let cut = || who.cuts(&place.path("file"), 131_072);
            let mut source = Cutting { inner: file.cursor(), left: 3, cut: &cut };
            let mut target = Vec::new();

            let count = io::copy(&mut source, &mut target)?;

            assert_eq!(count, 131_072, "{shape}");
            assert!(target == patterned(0, 131_072), "{shape}");
        }
    }
    Ok(())
}

#[test]
fn copying_into_a_file_that_is_cut_makes_it_longer_again() -> Outcome {
    for who in EVERYBODY {
        for (shape, options) in shapes() {
            let place = Place::new();
            place.file("file", &patterned(0, 300_000));
            let file = options.open(place.path("file"))?;
            file.read_exact_at(&mut vec![0; 300_000], 0)?;
            let bytes = vec![0xAA; 200_000];
            // In the middle of the copy, at the end of what was written until then.
            let cut = || who.cuts(&place.path("file"), 3 * 8192);
            let mut source = Cutting { inner: &bytes[..], left: 3, cut: &cut };

            let count = io::copy(&mut source, &mut file.cursor())?;

            assert_eq!(count, 200_000, "{shape}");
            assert!(fs::read(place.path("file"))? == bytes, "{shape}");
        }
    }
    Ok(())
}

#[test]
fn a_cursor_finds_the_new_end() -> Outcome {
    let place = Place::new();
    place.file("file", &patterned(0, 300_000));
    let file = MappedFile::open(place.path("file"))?;
    let mut cursor = file.cursor();
    io::copy(&mut (&mut cursor).take(100_000), &mut io::sink())?;
    set_len(&place.path("file"), 50_000);

    assert_eq!(cursor.read(&mut [0; 100])?, 0);
    assert_eq!(cursor.seek(SeekFrom::End(-5))?, 49_995);
    let mut rest = Vec::new();
    cursor.read_to_end(&mut rest)?;
    assert_eq!(rest, patterned(49_995, 5));
    cursor.write_all(b"more")?;
    assert_eq!(file.len()?, 50_004);
    Ok(())
}
