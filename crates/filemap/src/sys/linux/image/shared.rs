//! The sections of a program that all who map it share.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::sys::platform::Section;
use crate::sys::platform::image::layout::Layout;
use crate::sys::platform::image::memory::{SharedSections, copy};
use crate::sys::platform::memory_file;
use crate::sys::platform::registry::Directory;
use crate::sys::{Draft, SectionContract as _, Size, Space};
use crate::types::{
    Attributes, Error, ErrorKind, Lifetime, Name, Operation, Permissions, Protection, Result,
};

/// Joins the memory that all who map a program share, or makes it; returns other sections, and
/// programs that share nothing, as they are.
///
/// A program is not to be mapped before. The name of the memory says which program it is of.
pub(crate) fn join(section: Section) -> Result<Section> {
    let operation = Operation::CreateMapping;
    let Some(image) = section.image() else { return Ok(section) };
    let layout = &image.layout;
    if layout.shared().next().is_none() {
        return Ok(section);
    }
    let edition = image.edition.map(|number| format!("{number:x}")).join("-");
    let name = format!("Local\\shared by program {edition}");
    let name = Name::parse(&name)?;
    let runs = layout.shared().any(|part| part.access.can_execute());
    let protection = if runs { Protection::ExecuteReadWrite } else { Protection::ReadWrite };
    let (size, attributes) = (layout.size, Attributes::COMMIT);
    let memory = filled(layout, section.descriptor(), runs)?;
    let draft = Draft {
        protection,
        attributes,
        path: None,
        object: Some(Section::held(memory, size, attributes)?),
        size: Size::Bytes(size),
        space: Space::AtFirstStore,
        lifetime: Lifetime::default(),
        generations: false,
        permissions: Permissions::PRIVATE,
    };
    let (found, _) = Directory::system().create(&name, draft)?;
    if found.section.size() != Some(size) {
        return Err(Error::new(ErrorKind::DamagedEntry, operation)
            .because("the memory of its shared sections is not as long as the program"));
    }
    let (memory, entry) = (found.section.into_descriptor(), found.entry);
    image.shared.get_or_push(|| Arc::new(SharedSections { memory, _entry: entry }));
    Ok(section)
}

/// Returns new memory with the bytes that the shared sections begin with.
fn filled(layout: &Layout, image: BorrowedFd<'_>, runs: bool) -> Result<OwnedFd> {
    let memory = memory_file::create(runs, Attributes::COMMIT)?;
    memory_file::set_len(memory.as_fd(), layout.size)?;
    for part in layout.shared() {
        // The rest of the section is zeros, as new memory is.
        let end = part.place.start + (part.bytes.end - part.bytes.start);
        copy((image, part.place.start..end), (memory.as_fd(), part.place.start))?;
    }
    memory_file::seal(memory.as_fd(), false)?;
    Ok(memory)
}
