//! The sections of a program that all who map it share.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::SealFlags;

use crate::sys::platform::Section;
use crate::sys::platform::error::during;
use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::image::layout::Layout;
use crate::sys::platform::image::memory::Edition;
use crate::sys::platform::registry::{Directory, Draft, Found};
use crate::sys::platform::section::memory_file;
use crate::sys::{SectionContract as _, Space};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Permissions, Protection, Result,
};

/// Bytes that are copied at a time.
const STEP: usize = 1 << 20;

/// Memory as large as the program, of which the shared sections are used.
///
/// It has a name that tells the program, and that lives as long as somebody has one of these.
#[derive(Debug)]
pub(in crate::sys::platform) struct Shared {
    found: Found,
}

impl Shared {
    /// Finds the memory that others have for the program, or makes it; nothing, if the program
    /// shares nothing.
    pub(super) fn join(
        edition: &Edition,
        layout: &Layout,
        image: BorrowedFd<'_>,
    ) -> Result<Option<Self>> {
        let operation = Operation::CreateMapping;
        if layout.shared().next().is_none() {
            return Ok(None);
        }
        let Edition { file: Identity { device, inode, born, generation }, file_len, changed } =
            *edition;
        let name = format!(
            "Local\\shared by program {device:x}-{inode:x}-{born:x}-{generation:x}-{file_len:x}-{changed:x}"
        );
        let name = Name::parse(&name)?;
        let runs = layout.shared().any(|part| part.access.can_execute());
        let protection = if runs { Protection::ExecuteReadWrite } else { Protection::ReadWrite };
        let section = Section::held(filled(layout, image, runs)?, layout.size, Attributes::COMMIT)?;
        let draft = Draft {
            protection,
            attributes: Attributes::COMMIT,
            size: layout.size,
            file: Some(section),
            follows_file: false,
            space: Space::AtFirstStore,
            permissions: Permissions::PRIVATE,
        };
        let (found, _) = Directory::system().create(&name, draft)?;
        if found.section.size() != layout.size {
            return Err(Error::new(ErrorKind::DamagedEntry, operation)
                .because("the memory of its shared sections is not as long as the program"));
        }
        Ok(Some(Self { found }))
    }

    /// The memory, in which each section is at its place.
    pub(in crate::sys::platform) fn descriptor(&self) -> BorrowedFd<'_> {
        self.found.section.descriptor()
    }
}

/// New memory with the bytes that the shared sections begin with.
fn filled(layout: &Layout, image: BorrowedFd<'_>, runs: bool) -> Result<OwnedFd> {
    let operation = Operation::CreateMapping;
    let memory = memory_file(runs, false)?;
    rustix::fs::ftruncate(&memory, layout.size).map_err(during(operation))?;
    let mut held = Vec::new();
    for part in layout.shared() {
        // The rest of the section is zeros, as new memory is.
        let end = part.place.start + (part.bytes.end - part.bytes.start);
        let mut at = part.place.start;
        while at < end {
            let step = usize::try_from(end - at).unwrap_or(STEP).min(STEP);
            held.resize(step, 0);
            let read = file::read_at(image, at, &mut held, operation)?;
            file::write_at(memory.as_fd(), at, &held[..read], operation).map_err(Error::nowhere)?;
            at += step as u64;
        }
    }
    let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&memory, seals).map_err(during(operation))?;
    Ok(memory)
}
