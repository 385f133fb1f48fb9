//! What a build without a feature does with mappings that need it: `cargo test --test features`.
//!
//! With all features there is nothing to test here.

#![cfg(not(feature = "images"))]
#![allow(
    clippy::expect_used,
    reason = "a test may stop at the first surprise and say what it saw, in its helpers too"
)]

use filemap::{Attributes, Error, ErrorKind, FileMapping, Registry};

/// That a mapping was refused because a feature lacks, and that the error says which.
#[track_caller]
fn assert_lacks(feature: &str, mapping: Result<FileMapping, Error>) {
    let error = mapping.expect_err("the mapping needs a feature");
    assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
    assert!(error.to_string().contains(&format!("`{feature}`")), "{error}");
}

#[test]
#[cfg(not(feature = "pages"))]
fn reserved_memory_is_refused_with_a_name_and_without() -> Result<(), Error> {
    let place = tempfile::tempdir().expect("a place for a registry");
    let registry = Registry::at(place.path());
    let options = FileMapping::options().size(4096).attributes(Attributes::RESERVE);

    assert_lacks("pages", options.clone().create());
    assert_lacks("pages", options.registry(&registry).name("reserved").create());

    let free = registry.open("reserved").expect_err("nothing has the name");
    assert_eq!(free.kind(), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn a_program_is_refused() {
    let program = std::env::current_exe().and_then(std::fs::File::open).expect("this program");
    for attributes in [Attributes::IMAGE, Attributes::IMAGE | Attributes::NO_EXECUTE] {
        let options = FileMapping::options().file(&program).attributes(attributes);
        assert_lacks("images", options.create());
    }
}

/// Entries and descriptors as a build with all features makes them.
#[cfg(target_os = "linux")]
mod made_by_others {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::unix::fs::FileExt as _;
    use std::path::Path;

    use filemap::page_size;
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    use super::*;

    // Where the fields of a trailer are, counted from the end of the entry.
    const ATTRIBUTES: u64 = 28;
    const CONTENT: u64 = 25;
    const CHECKSUM: u64 = 12;

    /// Changes fields of the trailer of an entry, which has a page.
    fn change(entry: &Path, changes: &[(u64, &[u8])]) -> std::io::Result<()> {
        let file = File::options().read(true).write(true).open(entry)?;
        let len = file.metadata()?.len();
        for (field, bytes) in changes {
            file.write_all_at(bytes, len - field)?;
        }
        file.write_all_at(&[0; 4], len - CHECKSUM)?;
        let mut trailer = vec![0; page_size()];
        file.read_exact_at(&mut trailer, len - page_size() as u64)?;
        // The generation and the place of a holder change while an entry lives.
        let end = trailer.len();
        trailer[end - 104..end - 88].fill(0);
        file.write_all_at(&crc32c::crc32c(&trailer).to_le_bytes(), len - CHECKSUM)
    }

    fn memory(bytes: u64) -> std::io::Result<File> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = File::from(memfd_create("filemap", flags)?);
        memory.set_len(bytes)?;
        Ok(memory)
    }

    #[test]
    #[cfg(not(feature = "pages"))]
    fn a_name_of_reserved_memory_is_not_opened() -> Result<(), Box<dyn std::error::Error>> {
        const SIZE: u64 = 88;
        let place = tempfile::tempdir()?;
        let registry = Registry::at(place.path());
        let page = page_size() as u64;
        // A page of memory, and one that says which pages are committed.
        let options = FileMapping::options().registry(&registry).name("reserved");
        let _held = options.clone().size(2 * page).create()?;
        let entry = registry.inspect("reserved")?.entry().to_owned();
        let reserve = Attributes::RESERVE.bits().to_le_bytes();
        change(&entry, &[(SIZE, &page.to_le_bytes()), (ATTRIBUTES, &reserve)])?;

        assert_lacks("pages", registry.open("reserved"));
        assert_lacks("pages", options.size(page).create());
        assert_eq!(registry.inspect("reserved")?.attributes(), Attributes::RESERVE);
        Ok(())
    }

    #[test]
    fn a_name_of_a_program_is_not_opened() -> Result<(), Box<dyn std::error::Error>> {
        const HELD: &[u8] = &[2];
        let place = tempfile::tempdir()?;
        let registry = Registry::at(place.path());
        let file = memory(4096)?;
        let options = FileMapping::options().registry(&registry).name("program");
        let _held = options.file(&file).create()?;
        let entry = registry.inspect("program")?.entry().to_owned();
        let image = Attributes::IMAGE.bits().to_le_bytes();
        change(&entry, &[(CONTENT, HELD), (ATTRIBUTES, &image)])?;

        assert_lacks("images", registry.open("program"));
        Ok(())
    }

    #[test]
    #[cfg(not(feature = "pages"))]
    fn a_descriptor_of_reserved_memory_is_not_adopted() -> Result<(), Box<dyn std::error::Error>> {
        use rustix::fs::{Mode, fchmod};

        let memory = memory(2 * page_size() as u64)?;
        fchmod(&memory, Mode::RUSR | Mode::WUSR | Mode::SVTX)?;

        assert_lacks("pages", FileMapping::try_from(std::os::fd::OwnedFd::from(memory)));
        Ok(())
    }

    #[test]
    fn a_descriptor_of_a_program_is_not_adopted() -> Result<(), Box<dyn std::error::Error>> {
        let mut memory = memory(4096 - 8)?;
        std::io::Seek::seek(&mut memory, std::io::SeekFrom::End(0))?;
        memory.write_all(b"fmimage\n")?;
        fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;

        assert_lacks("images", FileMapping::try_from(std::os::fd::OwnedFd::from(memory)));
        Ok(())
    }
}
