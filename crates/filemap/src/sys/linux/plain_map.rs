//! Views as the kernel's own call maps them: of any file, device or private memory, with its flags.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::fs::FileType;
use rustix::mm::MapFlags;

use crate::sys::platform::error::{during, from_errno, from_io};
use crate::sys::platform::mapped_range::{MapArguments, MappedRange, protection};
use crate::sys::platform::mapped_view::{self, MappedView, SharedDescriptor, ViewSource};
use crate::sys::platform::page_size;
use crate::sys::region::{Region, RegionKind};
use crate::sys::{PlainMap, Request};
use crate::types::{Error, ErrorKind, OnLoss, Operation, Result};

/// The flags that say of which kind a map is, and those by which it would take the place of others.
const TYPE: MapFlags = MapFlags::SHARED_VALIDATE;
const PLACES: MapFlags = MapFlags::FIXED.union(MapFlags::FIXED_NOREPLACE);

/// Maps a file, a device or memory.
pub(crate) fn map_plain(file: Option<&File>, request: Request, plain: PlainMap) -> Result<Region> {
    let operation = Operation::MapView;
    let Request { offset, len, access, on_loss, .. } = request;
    let given = MapFlags::from_bits_retain(plain.flags.cast_unsigned());
    if given.intersects(PLACES) {
        return Err(Error::new(ErrorKind::InvalidArgument, operation)
            .because("a view takes no place that others may have"));
    }
    let whole = len.checked_next_multiple_of(page_size());
    let whole = whole
        .filter(|whole| isize::try_from(*whole).is_ok())
        .ok_or_else(|| Error::new(ErrorKind::OutOfMemory, operation))?;
    let sharing = match given.intersection(TYPE) {
        _ if access.is_private() => MapFlags::PRIVATE,
        // Flags that older kernels would ignore are then refused.
        TYPE => TYPE,
        _ => MapFlags::SHARED,
    };
    let sharing = sharing | given.difference(TYPE);
    let allowed = protection(access.can_read(), access.can_write(), access.can_execute());
    let source = ViewSource { shared: None, is_file: false, unit: page_size(), access, offset };
    let Some(file) = file.filter(|_| plain.flags & libc::MAP_ANONYMOUS == 0) else {
        mapped_view::ensure_guarded_memory()?;
        let range = MappedRange::of_memory(whole, allowed, sharing).map_err(during(operation))?;
        let view = MappedView::over(range, ViewSource { offset: 0, ..source });
        return Region::new(view, RegionKind::Memory, access, 0, (0, len), |_| Ok(()));
    };
    mapped_view::ensure_guarded()?;
    let arguments =
        MapArguments { len: whole, protection: allowed, sharing, file: file.as_fd(), offset };
    let range = MappedRange::of_file(arguments, 0).map_err(|errno| from_errno(errno, operation))?;
    let stat = rustix::fs::fstat(file).map_err(during(operation))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let is_file = matches!(kind, FileType::RegularFile | FileType::BlockDevice);
    let shared = match plain.keeps_descriptor {
        true => {
            let twin = file.as_fd().try_clone_to_owned().map_err(from_io(operation))?;
            Some(Arc::new(SharedDescriptor::new(Arc::new(twin))))
        }
        false => None,
    };
    let view = MappedView::over(range, ViewSource { shared, is_file, ..source });
    let kind = if is_file { RegionKind::File } else { RegionKind::Memory };
    let mut region = Region::new(view, kind, access, offset, (0, len), |_| Ok(()))?;
    if on_loss == OnLoss::Zeros {
        region.replace_losses()?;
    }
    Ok(region)
}
