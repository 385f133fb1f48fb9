//! Values that change while they are written are refused, or written as they were.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use filemap::{Error, ErrorKind, PositionedIo};
use serde::{Serialize, Serializer};

use crate::objects::{HEADER, file, kind_of};

/// Text too long for one buffer, which is another one when it is written after it was measured.
struct Fickle {
    runs: Cell<u32>,
    written: fn() -> String,
}

impl Fickle {
    fn new(written: fn() -> String) -> Self {
        Self { runs: Cell::new(0), written }
    }
}

impl Serialize for Fickle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.runs.set(self.runs.get() + 1);
        // The first run finds that it is too long, the second one how long it is.
        if self.runs.get() <= 2 {
            "f".repeat(20_000).serialize(serializer)
        } else {
            (self.written)().serialize(serializer)
        }
    }
}

#[test]
fn a_value_that_changes_its_length_is_refused_and_left_torn() -> Result<(), Error> {
    for written in
        [|| "f".repeat(19_999), || "f".repeat(20_001), || "f".repeat(90_000), String::new]
    {
        let file = file();
        file.write_object(5, "the old text")?;
        file.write_all_at(b"behind", 5 + HEADER + 20_003)?;

        let kind = kind_of(file.write_object(5, &Fickle::new(written)));

        assert_eq!(kind, ErrorKind::UnencodableObject);
        assert_eq!(kind_of(file.read_object::<String>(5)), ErrorKind::TornObject);
        let mut behind = [0; 6];
        file.read_at(&mut behind, 5 + HEADER + 20_003)?;
        assert_eq!(&behind, b"behind");
    }
    Ok(())
}

#[test]
fn a_value_that_panics_half_way_leaves_a_torn_object() -> Result<(), Error> {
    let file = file();
    file.write_object(5, "the old text")?;

    let result = catch_unwind(AssertUnwindSafe(|| {
        file.write_object(5, &Fickle::new(|| panic!("on purpose")))
    }));

    assert!(result.is_err());
    assert_eq!(kind_of(file.read_object::<String>(5)), ErrorKind::TornObject);
    file.write_object(5, "a new text")?;
    assert_eq!(file.read_object::<String>(5)?, "a new text");
    Ok(())
}

#[test]
fn a_small_value_is_asked_once_and_read_back_as_it_was_then() -> Result<(), Error> {
    struct Growing(Cell<usize>);
    impl Serialize for Growing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(self.0.get() + 1);
            "gg".repeat(self.0.get()).serialize(serializer)
        }
    }
    let file = file();
    let value = Growing(Cell::new(0));

    let size = file.write_object(5, &value)?;

    assert_eq!(value.0.get(), 1);
    assert_eq!(size, HEADER + 3);
    assert_eq!(file.read_object::<String>(5)?, "gg");
    Ok(())
}

#[test]
fn a_value_that_became_small_after_it_was_long_is_written_as_it_is() -> Result<(), Error> {
    struct Shrinking(Cell<usize>);
    impl Serialize for Shrinking {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            "s".repeat(self.0.replace(100)).serialize(serializer)
        }
    }
    let file = file();

    let size = file.write_object(5, &Shrinking(Cell::new(20_000)))?;

    assert_eq!(size, HEADER + 102);
    assert_eq!(file.read_object::<String>(5)?, "s".repeat(100));
    Ok(())
}
