//! A view of a program: each of its sections with what it allows.

use std::ops::Range;
use std::os::fd::{AsFd as _, BorrowedFd};

use crate::sys::Request;
use crate::sys::platform::image::Image;
use crate::sys::platform::image::layout::ImagePart;
use crate::sys::platform::mapped_view::{self, MapOptions, ViewSource};
use crate::sys::platform::{MappedView, page_size};
use crate::sys::region::{Region, RegionKind};
use crate::types::geometry::GRANULARITY;
use crate::types::{Access, Attributes, Error, ErrorKind, Operation, Result};

/// Maps all of a program, at the address that it was linked for, if that is free and the caller
/// asks for no other.
pub(in crate::sys::platform) fn map(
    memory: BorrowedFd<'_>,
    source: ViewSource,
    image: &Image,
    request: Request,
) -> Result<Region> {
    let refused = |kind| Error::new(kind, Operation::MapView);
    let runs = !image.attributes.contains(Attributes::NO_EXECUTE);
    let access = if runs { Access::ExecuteCopy } else { Access::Copy };
    let len = usize::try_from(image.layout.size)
        .map_err(|_| refused(ErrorKind::OutOfMemory))?
        .next_multiple_of(page_size());
    if request.address.is_some_and(|address| address == 0 || !address.is_multiple_of(GRANULARITY)) {
        return Err(
            refused(ErrorKind::Misaligned).because("a program begins at a multiple of 65536 bytes")
        );
    }
    mapped_view::ensure_guarded()?;
    let map = |address| {
        let source = ViewSource { access, ..source.clone() };
        let options = MapOptions { len, address, alignment: GRANULARITY, closed: true };
        MappedView::map(memory, source, options)
    };
    let best = usize::try_from(image.layout.base).ok();
    let best = best.filter(|base| *base != 0 && base.is_multiple_of(GRANULARITY));
    let view = match (request.address, best) {
        (None, Some(best)) => match map(Some(best)) {
            Err(error) if error.kind() == ErrorKind::AddressTaken => map(None)?,
            mapped => mapped?,
        },
        (address, _) => map(address)?,
    };
    Region::new(view, RegionKind::Image, access, 0, (0, len), |own| {
        for part in &image.layout.parts {
            let pages = pages_of(part, len).ok_or_else(|| {
                refused(ErrorKind::NotSupported)
                    .because("its sections do not begin at this machine's pages")
            })?;
            let shared = image.shared.get().filter(|_| part.is_shared);
            own.lay_out(pages, part.access(runs), shared.map(|shared| shared.memory.as_fd()))?;
        }
        own.keep(image.shared.get().cloned());
        Ok(())
    })
}

/// Returns the pages of a part of a program, if it begins and ends at pages of this machine.
fn pages_of(part: &ImagePart, len: usize) -> Option<Range<usize>> {
    let page = |at: u64| {
        let at = usize::try_from(at).ok().filter(|at| *at <= len)?;
        at.is_multiple_of(page_size()).then_some(at / page_size())
    };
    Some(page(part.place.start)?..page(part.place.end)?)
}
