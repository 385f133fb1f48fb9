//! Files behind names: whatever happens to its path, a name opens the same file or none.

use std::fs::{self, File};
#[cfg(target_os = "linux")]
use std::os::unix::fs::symlink;

use filemap::{Access, Error, ErrorKind, FileMapping, PositionedIo, Rights, View};

use crate::support::{self, FileExt as _, Place, eventually, is_free, kind};
#[cfg(target_os = "linux")]
use crate::support::{Second, named};

fn byte(view: &View) -> Result<u8, Error> {
    let mut seen = [0];
    view.read_exact_at(&mut seen, 0)?;
    Ok(seen[0])
}

/// Opens the name in a second process, and returns its bytes or the error.
fn seen_by_another(place: &Place, test: &str) -> String {
    let mut second = place.child(test, "looks");
    let seen = second.next();
    second.finish();
    seen
}

fn look() -> Result<(), Error> {
    let seen = match FileMapping::open("notes") {
        Ok(found) => {
            let size = usize::try_from(found.size()).expect("it is small");
            let mut bytes = vec![0; size];
            found.map(Access::Read)?.read_exact_at(&mut bytes, 0)?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    support::say(&seen);
    Ok(())
}

fn named_notes(place: &Place, file: &File) -> Result<FileMapping, Error> {
    FileMapping::options().registry(&place.registry).file(file).name("notes").create_new()
}

#[test]
fn a_renamed_file_is_reached_by_its_name() -> Result<(), Error> {
    const TEST: &str = "named_files::a_renamed_file_is_reached_by_its_name";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let _held = named_notes(&place, &file)?;
    drop(file);
    fs::create_dir(place.path("elsewhere")).unwrap();

    fs::rename(place.path("notes"), place.path("elsewhere/renamed")).unwrap();

    assert_eq!(seen_by_another(&place, TEST), "hello");
    let writable = place.registry.open_with("notes", Rights::READ | Rights::WRITE)?;
    writable.map(Access::Write)?.write_all_at(b"J", 0)?;
    assert_eq!(fs::read(place.path("elsewhere/renamed")).unwrap(), b"Jello");
    Ok(())
}

// On Windows a mapped file cannot be replaced.
#[cfg(target_os = "linux")]
#[test]
fn a_replaced_file_is_not_taken_for_the_one_that_was_named() -> Result<(), Error> {
    const TEST: &str = "named_files::a_replaced_file_is_not_taken_for_the_one_that_was_named";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let _held = named_notes(&place, &file)?;
    drop(file);
    drop(place.file("other", b"WRONG"));

    fs::rename(place.path("other"), place.path("notes")).unwrap();

    assert_eq!(seen_by_another(&place, TEST), "hello");
    Ok(())
}

// On Windows a mapped file cannot be removed.
#[cfg(target_os = "linux")]
#[test]
fn an_unlinked_file_is_reached_through_its_holders() -> Result<(), Error> {
    const TEST: &str = "named_files::an_unlinked_file_is_reached_through_its_holders";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let _held = named_notes(&place, &file)?;
    drop(file);

    fs::remove_file(place.path("notes")).unwrap();

    assert_eq!(seen_by_another(&place, TEST), "hello");
    fs::create_dir(place.path("notes")).unwrap();
    assert_eq!(seen_by_another(&place, TEST), "hello", "with a directory in its place");
    Ok(())
}

#[test]
fn a_file_that_had_no_path_when_it_was_named_is_reached_through_its_holders() -> Result<(), Error> {
    const TEST: &str =
        "named_files::a_file_that_had_no_path_when_it_was_named_is_reached_through_its_holders";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    let file = place.file("notes", b"hello");
    fs::remove_file(place.path("notes")).unwrap();
    drop(place.file("notes (deleted)", b"WRONG"));

    let _held = named_notes(&place, &file)?;

    drop(file);
    assert_eq!(seen_by_another(&place, TEST), "hello");
    Ok(())
}

/// A second process that names the file `notes`, keeps of the handle only the descriptor that keeps
/// the name, and removes the file, which nobody then has open.
///
/// It is a process of its own, so that no child of another test inherits the file.
#[cfg(target_os = "linux")]
fn give_away() -> Result<(), Error> {
    let place = std::env::var_os("FILEMAP_DIR").expect("it is set");
    let path = std::path::Path::new(&place).join("notes");
    let file = File::options().read(true).write(true).open(&path).expect("the file is there");
    let mapping = FileMapping::options().file(&file).name("notes").create_new()?;
    let name_alone = filemap::OwnedDescriptor::from(mapping);
    drop(file);
    fs::remove_file(path).expect("a file can be removed");
    support::say("given away");
    support::hear();
    drop(name_alone);
    Ok(())
}

// On Windows a name opens the mapping without its file.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_nobody_can_reach_is_named_by_the_error() -> Result<(), Error> {
    const TEST: &str = "named_files::a_file_that_nobody_can_reach_is_named_by_the_error";
    if support::role().is_some() {
        return give_away();
    }
    let place = Place::new();
    let path = place.path("notes");
    fs::write(&path, b"hello").unwrap();
    let mut second = place.child(TEST, "gives away");
    second.until("given away");

    let error = place.registry.open("notes").unwrap_err();

    assert_eq!((error.kind(), error.win32_code()), (ErrorKind::BackingGone, 1006), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert_eq!(kind(named(&place.registry, "notes")), ErrorKind::BackingGone);
    second.finish();
    Ok(())
}

// Inode numbers that are used again.
#[cfg(target_os = "linux")]
#[test]
fn a_new_file_with_the_inode_of_a_removed_one_is_not_opened() -> Result<(), Error> {
    const TEST: &str = "named_files::a_new_file_with_the_inode_of_a_removed_one_is_not_opened";
    if support::role().is_some() {
        return give_away();
    }
    let place = Place::new();
    let path = place.path("notes");
    fs::write(&path, b"hello").unwrap();
    use std::os::unix::fs::MetadataExt as _;
    let number = fs::metadata(&path).unwrap().ino();
    let mut second = place.child(TEST, "gives away");
    second.until("given away");

    // Many file systems give the number to the next file. Where they do not, no file has it.
    for count in 0..64 {
        let other = place.path(&format!("other-{count}"));
        fs::write(&other, b"WRONG").unwrap();
        if fs::metadata(&other).unwrap().ino() == number {
            fs::rename(&other, &path).unwrap();
            break;
        }
    }

    assert_eq!(kind(place.registry.open("notes")), ErrorKind::BackingGone);
    second.finish();
    Ok(())
}

#[test]
fn a_mapping_of_a_files_beginning_is_opened_with_its_own_size() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", &[b'n'; 10_000]);
    let options = FileMapping::options().registry(&place.registry).file(&file).size(100);
    let _held = options.name("notes").create_new()?;

    let found = place.registry.open("notes")?;

    assert_eq!(found.size(), 100);
    assert_eq!(kind(found.map_range(Access::Read, 0..101)), ErrorKind::ViewTooLarge);
    Ok(())
}

#[test]
fn a_file_that_grows_keeps_its_name_and_its_mappings_size() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let held = named_notes(&place, &file)?;

    file.write_at(b" again", 5).unwrap();

    assert_eq!(held.size(), 5);
    assert_eq!(place.registry.open("notes")?.size(), 5);
    Ok(())
}

#[test]
fn one_file_can_have_two_names() -> Result<(), Error> {
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let options = || FileMapping::options().registry(&place.registry).file(&file);
    let one = options().name("one").create_new()?;
    let two = options().name("two").create_new()?;

    one.map(Access::Write)?.write_all_at(b"J", 0)?;

    assert_eq!(byte(&two.map(Access::Read)?)?, b'J');
    drop(one);
    eventually("the first name is free", || is_free(&place.registry, "one"));
    assert!(place.registry.open("two").is_ok());
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_named_by_a_relative_path_is_reached_from_every_directory() -> Result<(), Error> {
    const TEST: &str =
        "named_files::a_file_named_by_a_relative_path_is_reached_from_every_directory";
    match support::role().as_deref() {
        Some("names") => {
            let file = File::options().read(true).write(true).open("notes");
            let _held = FileMapping::options()
                .file(&file.expect("it is in the directory"))
                .name("notes")
                .create_new()?;
            support::say("named");
            support::hear();
            return Ok(());
        }
        Some(_) => return look(),
        None => {}
    }
    let place = Place::new();
    fs::create_dir(place.path("here")).unwrap();
    fs::create_dir(place.path("there")).unwrap();
    drop(place.file("here/notes", b"hello"));
    drop(place.file("there/notes", b"WRONG"));
    let mut command = place.command(TEST, "names");
    command.current_dir(place.path("here"));
    let mut namer = Second::start(command);
    namer.until("named");

    for directory in ["here", "there", "."] {
        let mut command = place.command(TEST, "looks");
        command.current_dir(place.path(directory));
        let mut second = Second::start(command);
        assert_eq!(second.next(), "hello", "from {directory}");
        second.finish();
    }

    // Its directory is renamed with it, and another one gets the old name.
    fs::rename(place.path("here"), place.path("moved")).unwrap();
    fs::rename(place.path("there"), place.path("here")).unwrap();
    assert_eq!(seen_by_another(&place, TEST), "hello");
    namer.finish();
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn another_link_to_the_file_is_the_file() -> Result<(), Error> {
    const TEST: &str = "named_files::another_link_to_the_file_is_the_file";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    let file = place.file("notes", b"hello");
    let mapping = named_notes(&place, &file)?;
    let name_alone = filemap::OwnedDescriptor::from(mapping);
    fs::hard_link(place.path("notes"), place.path("link")).unwrap();

    // The same file gets its path back by renaming the other link.
    fs::remove_file(place.path("notes")).unwrap();
    drop(place.file("notes", b"WRONG"));
    assert_eq!(seen_by_another(&place, TEST), "hello", "reached through this test's descriptor");
    fs::rename(place.path("link"), place.path("notes")).unwrap();
    drop(file);

    assert_eq!(seen_by_another(&place, TEST), "hello");
    drop(name_alone);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_has_only_another_link_left_is_not_reached() -> Result<(), Error> {
    const TEST: &str = "named_files::a_file_that_has_only_another_link_left_is_not_reached";
    if support::role().is_some() {
        return give_away();
    }
    let place = Place::new();
    let path = place.path("notes");
    fs::write(&path, b"hello").unwrap();
    fs::hard_link(&path, place.path("link")).unwrap();
    let mut second = place.child(TEST, "gives away");
    second.until("given away");
    fs::write(&path, b"WRONG").unwrap();

    let error = place.registry.open("notes").unwrap_err();

    assert_eq!(error.kind(), ErrorKind::BackingGone, "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    fs::rename(place.path("link"), &path).unwrap();
    assert_eq!(byte(&place.registry.open("notes")?.map(Access::Read)?)?, b'h');
    second.finish();
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn symbolic_links_on_the_way_to_a_file_can_be_changed() -> Result<(), Error> {
    const TEST: &str = "named_files::symbolic_links_on_the_way_to_a_file_can_be_changed";
    if support::role().is_some() {
        return look();
    }
    let place = Place::new();
    for (directory, content) in [("one", "hello"), ("other", "WRONG")] {
        fs::create_dir(place.path(directory)).unwrap();
        drop(place.file(&format!("{directory}/notes"), content.as_bytes()));
    }
    let point = |link: &str, target: &str| {
        let _missing = fs::remove_file(place.path(link));
        symlink(target, place.path(link)).unwrap();
    };
    point("way", "one");
    point("link", "one/notes");

    for named_at in ["way/notes", "link"] {
        let path = place.path(named_at);
        let file = File::options().read(true).write(true).open(path).unwrap();
        let held = named_notes(&place, &file)?;
        drop(file);

        point("way", "other");
        point("link", "other/notes");
        assert_eq!(seen_by_another(&place, TEST), "hello", "{named_at}");

        // The directory is replaced by a link to another one.
        fs::rename(place.path("one"), place.path("first")).unwrap();
        point("one", "other");
        assert_eq!(seen_by_another(&place, TEST), "hello", "{named_at}");

        fs::remove_file(place.path("one")).unwrap();
        fs::rename(place.path("first"), place.path("one")).unwrap();
        point("way", "one");
        point("link", "one/notes");
        drop(held);
        eventually("the name is free", || is_free(&place.registry, "notes"));
    }
    Ok(())
}
