//! Attributes: which can be combined, and their words.

use filemap::{Attributes, ErrorKind, FileMapping};

use crate::support::{Outcome, Place};

/// The bits of the C interface, which have no name here.
const UNNAMED: [Attributes; 2] =
    [Attributes::from_bits(1 << 2).unwrap(), Attributes::from_bits(1 << 3).unwrap()];

/// What memory that is created with these reports.
fn of_memory(asked: Attributes) -> filemap::Result<Attributes> {
    FileMapping::options().size(1).attributes(asked).create().map(|mapping| mapping.attributes())
}

#[test]
fn memory_is_committed_unless_it_says_otherwise() -> Outcome {
    assert_eq!(of_memory(Attributes::empty())?, Attributes::COMMIT);
    assert_eq!(of_memory(Attributes::RESERVE)?, Attributes::RESERVE);
    Ok(())
}

#[test]
fn over_a_file_commit_and_reserve_mean_nothing_and_bits_without_a_name_are_kept() -> Outcome {
    let place = Place::new();
    let file = place.file("file", b"x");
    for unnamed in UNNAMED {
        let asked = Attributes::RESERVE | unnamed;
        let mapping = FileMapping::options().file(&file).attributes(asked).create()?;
        assert_eq!(mapping.attributes(), unnamed);
        assert_eq!(of_memory(asked)?, asked);
        assert_eq!(Attributes::from_bits(asked.bits()), Some(asked));
    }
    Ok(())
}

#[test]
fn impossible_combinations_are_refused() {
    let impossible = [
        Attributes::COMMIT | Attributes::RESERVE,
        UNNAMED[0],
        UNNAMED[1],
        Attributes::LARGE_PAGES,
        Attributes::RESERVE | Attributes::LARGE_PAGES,
        Attributes::NO_EXECUTE,
        Attributes::COMMIT | Attributes::NO_EXECUTE,
        Attributes::IMAGE | Attributes::COMMIT,
        Attributes::IMAGE | Attributes::RESERVE,
        Attributes::IMAGE | UNNAMED[0],
        Attributes::IMAGE | UNNAMED[1],
        Attributes::IMAGE | Attributes::LARGE_PAGES,
        Attributes::IMAGE | Attributes::NO_EXECUTE | Attributes::COMMIT,
    ];

    for attributes in impossible {
        for over_file in [false, true] {
            let error = attributes.check(over_file).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidAttributes, "{attributes}");
        }
    }
    let large = Attributes::COMMIT | Attributes::LARGE_PAGES;
    assert!(large.check(false).is_ok());
    assert!(large.check(true).is_err());
}

#[test]
fn a_program_is_in_a_file() {
    for image in [Attributes::IMAGE, Attributes::IMAGE | Attributes::NO_EXECUTE] {
        assert!(image.check(true).is_ok());
        assert_eq!(image.check(false).unwrap_err().kind(), ErrorKind::BadImage);
    }
}

#[test]
fn attributes_are_parsed_from_their_own_words() {
    let all = Attributes::COMMIT
        | Attributes::RESERVE
        | Attributes::LARGE_PAGES
        | Attributes::IMAGE
        | Attributes::NO_EXECUTE;
    assert_eq!(all.to_string(), "commit, reserve, large-pages, image, no-execute");
    assert_eq!(all.to_string().parse::<Attributes>().unwrap(), all);
    assert!("cached".parse::<Attributes>().is_err());
}
