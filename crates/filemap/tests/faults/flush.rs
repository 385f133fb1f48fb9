//! What a flush says of a file that was cut: stores into what was its last page are not kept.

use std::fs;

use filemap::{
    Access, Error, ErrorKind, FileMapping, Flush, Loss, MappedFile, Operation, PositionedIo,
};

use crate::support::{Outcome, Place, page, patterned, set_len};

/// The flushes that wait.
const WAITING: [Flush; 2] = [Flush::Written, Flush::Durable];

#[track_caller]
fn assert_past_the_end(error: &Error, loss: Loss) {
    let found = (error.kind(), error.operation(), error.loss());
    assert_eq!(found, (ErrorKind::Lost, Operation::Flush, Some(loss)), "{error}");
    assert!(error.to_string().contains("the file now ends at 100"), "{error}");
}

#[test]
fn a_view_whose_file_was_cut_within_a_page_is_told_by_its_flush() -> Outcome {
    for flush in WAITING {
        let place = Place::new();
        let file = place.file("file", &patterned(0, 1000));
        let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
        set_len(&place.path("file"), 100);
        // The page is there, and takes what nobody keeps.
        view.write_all_at(b"nobody keeps this", 500)?;

        view.flush(..100, flush)?;
        assert_past_the_end(&view.flush(.., flush).unwrap_err(), Loss { offset: 100, done: 100 });
        let part = view.flush(500..517, flush).unwrap_err();
        assert_past_the_end(&part, Loss { offset: 500, done: 0 });
        view.flush(.., Flush::Start)?;

        drop(view);
        assert_eq!(fs::read(place.path("file"))?, patterned(0, 100));
    }
    Ok(())
}

#[test]
fn a_mapped_file_that_was_cut_within_a_page_is_told_by_its_flush_once() -> Outcome {
    for flush in WAITING {
        let place = Place::new();
        let file = MappedFile::open(place.path("file"))?;
        file.write_all_at(&patterned(0, 1000), 0)?;
        file.read_exact_at(&mut [0; 1000], 0)?;
        set_len(&place.path("file"), 100);
        file.write_all_at(b"nobody keeps this", 500)?;

        let error = file.flush(flush).unwrap_err();

        assert_past_the_end(&error, Loss { offset: 100, done: 100 });
        file.flush(flush)?;
        assert_eq!(fs::read(place.path("file"))?, patterned(0, 100));
        // From then on the end is known, and a write past it makes the file longer.
        file.write_all_at(b"everybody keeps this", 500)?;
        file.flush_range(500, 20, flush)?;
        assert_eq!(fs::read(place.path("file"))?.len(), 520);
    }
    Ok(())
}

#[test]
fn a_range_of_a_mapped_file_that_was_cut_is_told_by_its_flush() -> Outcome {
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.write_all_at(&patterned(0, 2 * page()), 0)?;
    set_len(&place.path("file"), 100);

    file.flush_range(0, 100, Flush::Durable)?;
    let error = file.flush_range(50, 1000, Flush::Durable).unwrap_err();

    assert_past_the_end(&error, Loss { offset: 100, done: 50 });
    // What lies past the end that is known is left out.
    file.flush_range(50, 1000, Flush::Durable)?;
    Ok(())
}

#[test]
fn a_cut_that_shows_when_the_file_is_mapped_is_not_stored_past() -> Outcome {
    type Write = fn(&MappedFile) -> Result<(), Error>;
    let writes: [(Write, usize); 5] = [
        (|file| file.write_all_at(b"everybody keeps this", 500), 520),
        (|file| file.write(504, &7_u64), 512),
        (|file| file.write(500, b"a value of many bytes"), 521),
        (|file| file.fill(500, 100, b'x'), 600),
        (|file| file.write_object(500, &"an object").map(drop), 500),
    ];
    for (write, least) in writes {
        let place = Place::new();
        let file = MappedFile::open(place.path("file"))?;
        // By output: nothing is mapped yet.
        file.write_all_at(&patterned(0, 1000), 0)?;
        set_len(&place.path("file"), 100);

        write(&file)?;

        file.flush(Flush::Durable)?;
        let kept = fs::read(place.path("file"))?;
        assert!(kept.len() >= least && kept[500..].iter().any(|byte| *byte != 0), "{kept:?}");
        assert_eq!(kept[..100], patterned(0, 100));
    }
    let place = Place::new();
    let file = MappedFile::open(place.path("file"))?;
    file.write_all_at(&patterned(0, 1000), 0)?;
    set_len(&place.path("file"), 100);
    let error = file.atomic::<u64>(504).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EndOfFile);
    Ok(())
}
