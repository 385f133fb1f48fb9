//! Errors: their numbers, and what names they are given for.

use filemap::{
    Access, Attributes, Error, ErrorKind, FileMapping, Flush, Lifetime, MappedFile, Name,
    Permissions, PositionedIo, Protection,
};

use crate::support::{Outcome, Place};

#[test]
fn an_error_has_the_number_that_the_system_gave() -> Outcome {
    let place = Place::new();
    let missing = MappedFile::options().must_exist().open(place.path("missing")).unwrap_err();
    assert_eq!((missing.kind(), missing.raw_os_error()), (ErrorKind::NotFound, 2));

    let system = std::fs::File::open(place.path("missing")).unwrap_err();
    assert_eq!(Some(missing.raw_os_error()), system.raw_os_error());
    Ok(())
}

#[test]
fn an_error_for_which_no_system_was_asked_has_the_number_that_fits() -> Outcome {
    let never = Name::parse("a\\b").unwrap_err();
    let invalid = FileMapping::options().create().unwrap_err();

    let (missing, argument) = if cfg!(windows) { (3, 87) } else { (2, 22) };
    assert_eq!((never.kind(), never.raw_os_error()), (ErrorKind::PathNotFound, missing));
    assert_eq!((invalid.kind(), invalid.raw_os_error()), (ErrorKind::ZeroSize, argument));
    Ok(())
}

#[test]
fn a_name_is_given_as_a_text_or_as_a_name_and_a_wrong_one_is_refused_at_the_end() -> Outcome {
    let place = Place::new();
    let (name, text) = (Name::parse("given")?, "given".to_owned());
    let options = FileMapping::options().registry(&place.registry).size(1);

    let made = options.clone().name(&name).create_new()?;
    assert_eq!(made.name(), Some(&name));
    for again in [
        place.registry.open(name.clone())?,
        place.registry.open(&name)?,
        place.registry.open("given")?,
        place.registry.open(&text)?,
        place.registry.open(text.clone())?,
    ] {
        assert_eq!(again.name(), Some(&name));
    }
    assert_eq!(place.registry.inspect(&name)?.name(), &name);

    let refused = options.clone().name("a\\b").create().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PathNotFound);
    // The arguments come first.
    let size = FileMapping::options().registry(&place.registry).name("a\\b").create();
    assert_eq!(size.unwrap_err().kind(), ErrorKind::ZeroSize);
    Ok(())
}

#[test]
fn what_cannot_be_parsed_is_told_with_what_can() {
    let told = |error: Error| error.to_string();
    let name = |text: &str| told(Name::parse(text).unwrap_err());

    assert_eq!(
        name("a\\b"),
        "could not read the name `a\\b`: before a backslash, a name has `Local` or `Global` and nothing \
         else"
    );
    assert_eq!(name(""), "could not read the name ``: a name has at least one character");
    assert!(
        name("Local").ends_with("a name follows it, as in `Local\\scores`"),
        "{}",
        name("Local")
    );
    assert!(name("Local\\").ends_with("a name follows the backslash, as in `Local\\scores`"));
    assert!(name("\\x").ends_with("`Global\\` or with no backslash"), "{}", name("\\x"));
    assert!(name("a\0b").ends_with("a name has no NUL character in it"));
    assert!(name(&"x".repeat(40_000)).ends_with("a name has at most 32766 UTF-16 units"));
    assert_eq!(
        told("rw".parse::<Protection>().unwrap_err()),
        "could not read the protection `rw`: it is none of read-only, read-write, write-copy, \
         execute-read, execute-read-write, execute-write-copy"
    );
    assert_eq!(
        told("commit,foo".parse::<Attributes>().unwrap_err()),
        "could not read the attribute `foo`: it is none of commit, reserve, large-pages, image, \
         no-execute"
    );
    assert_eq!(
        told("file".parse::<Lifetime>().unwrap_err()),
        "could not read the lifetime `file`: it is none of entry, holders"
    );
    assert_eq!(
        told("now".parse::<Flush>().unwrap_err()),
        "could not read the flush `now`: it is none of start, written, durable"
    );
    assert_eq!(
        told("0644".parse::<Permissions>().unwrap_err()),
        "could not read the mode `0644`: it is not three octal digits, as 600, 644 or 666 are"
    );
}

#[test]
fn what_does_not_fit_is_told_with_its_offset_and_the_size() -> Outcome {
    let place = Place::new();
    let options = FileMapping::options().registry(&place.registry).size(4096);
    let held = options.name("x").create()?;
    let file = MappedFile::options().registry(&place.registry).open_by_name("x")?;

    let told = |result: Result<(), Error>| result.unwrap_err().to_string();
    let size = "and its size of 4096 bytes was fixed when it was created";
    assert_eq!(
        told(file.write_all_at(b"xy", 4095)),
        format!(
            "could not write to the mapping `Local\\x`: 2 bytes at 4095 were asked for, {size}"
        )
    );
    assert_eq!(
        told(file.fill(4096, 1, 0)),
        format!("could not fill the mapping `Local\\x`: 1 byte at 4096 was asked for, {size}")
    );
    assert_eq!(
        told(file.set_len(5000)),
        format!(
            "could not set the length of the mapping `Local\\x`: a length of 5000 bytes was asked for, {size}"
        )
    );
    assert_eq!(
        told(held.map_range(Access::Read, 0..1 << 20).map(drop)),
        "could not map a view of the mapping `Local\\x`: it has 4096 bytes, and 0..1048576 is no range \
         of them"
    );
    assert_eq!(
        told(held.map(Access::Write)?.prefetch(..=4096)),
        "could not prepare the view: it has 4096 bytes, and ..=4096 is no range of them"
    );
    Ok(())
}
