//! `mmap.resize`, by the rules of both systems.

use std::fs::File;
use std::sync::Arc;

use filemap::{Access, FileMapping, View};
use pyo3::ffi;

use super::object::{Backing, Object, Outcome, Raw, failed, raise, type_error, value_error};
use super::open::{ACCESS_COPY, ACCESS_READ};

/// Makes a map, and the file that it is of, longer or shorter.
pub(super) unsafe fn resize(address: Raw, len: isize) -> Outcome<()> {
    let me = Object::at(address);
    me.view()?;
    if me.exports > 0 {
        return raise(ffi::PyExc_BufferError, c"mmap can't resize with extant pointers exported.");
    }
    let details = me.details()?;
    let (access, backing, offset) = (details.access, details.backing, details.offset);
    if backing == Backing::Untracked {
        return value_error(c"mmap can't resize with trackfd=False.");
    }
    if access == ACCESS_READ || access == ACCESS_COPY {
        return type_error(c"mmap can't resize a readonly or copy-on-write memory map.");
    }
    let len = match usize::try_from(len) {
        Ok(len) if offset.checked_add(len as u64).is_some_and(|end| end <= i64::MAX as u64) => len,
        _ => return value_error(c"new size out of range"),
    };
    if me.details()?.named.is_some() {
        return resize_named(me, len);
    }
    let Some(view) = me.view.as_mut().and_then(Arc::get_mut) else {
        return raise(ffi::PyExc_BufferError, c"mmap can't resize while another thread copies it");
    };
    if backing == Backing::Memory && len > view.len() && view.access() == Access::Write {
        return value_error(c"mmap: can't expand a shared anonymous mapping on Linux");
    }
    let end = offset + len as u64;
    // With the lock, without which others would be in the view.
    let resized = (|| match file_of(view) {
        Some(file) if backing == Backing::Descriptor => {
            set_len(&file, end)?;
            view.resize(len)
        }
        _ => view.resize(len),
    })();
    match resized {
        Ok(()) => Ok(()),
        Err(error) => failed(error),
    }
}

/// Sets a file's length, whoever maps it: a view that is too long is told so when it is used.
fn set_len(file: &File, len: u64) -> filemap::Result<()> {
    let now = file.metadata().map_or(0, |metadata| metadata.len());
    if len < now {
        file.set_len(len).or_else(|_| filemap::set_file_len(file, len))
    } else {
        filemap::set_file_len(file, len)
    }
}

/// The file that a view keeps open.
#[cfg(unix)]
pub(super) fn file_of(view: &View) -> Option<super::descriptor::Lent> {
    use std::os::fd::AsRawFd as _;
    super::descriptor::lent(view.as_raw_fd())
}

/// The file that a view keeps open: none, it is its mapping's.
#[cfg(windows)]
pub(super) fn file_of(_view: &View) -> Option<super::descriptor::Lent> {
    None
}

/// Makes a map of a handle longer or shorter, as Windows does it: the name is given up, and taken again
/// with the other size, which fails while somebody else has it open.
unsafe fn resize_named(me: &mut Object, len: usize) -> Outcome<()> {
    let Some(view) = me.view.take() else { return value_error(c"mmap closed or invalid") };
    let view = match Arc::try_unwrap(view) {
        Ok(view) => view,
        Err(view) => {
            me.view = Some(view);
            return raise(
                ffi::PyExc_BufferError,
                c"mmap can't resize while another thread copies it",
            );
        }
    };
    let details = me.details()?;
    let (Some(old), file, offset) = (details.named.take(), details.file.take(), details.offset)
    else {
        return value_error(c"mmap closed or invalid");
    };
    let (outcome, now) = renewed(view, old, file.as_ref(), offset, len);
    if let Some(details) = &mut me.details {
        details.file = file;
        if let Some((view, mapping)) = now {
            (me.view, details.named) = (Some(Arc::new(view)), Some(mapping));
        }
    }
    match outcome {
        Ok(()) => Ok(()),
        Err(error) => failed(error),
    }
}

/// Whether it was done, and what is mapped now: what there was, after a failure, unless that is gone.
type Renewed = (filemap::Result<()>, Option<(View, FileMapping)>);

fn renewed(view: View, old: FileMapping, file: Option<&File>, offset: u64, len: usize) -> Renewed {
    let (name, protection, access) = (old.name().cloned(), old.protection(), view.access());
    drop(old);
    let options = |len: usize| {
        let options = FileMapping::options().size(offset + len as u64).protection(protection);
        let options = if let Some(file) = file { options.file(file) } else { options };
        if let Some(name) = name.clone() { options.name(name) } else { options }
    };
    let map = |mapping: FileMapping, len: usize| {
        Ok((mapping.view(access).offset(offset).len(len).map()?, mapping))
    };
    let Some(file) = file else {
        let made = options(len).create_new().and_then(|mapping| {
            let (fresh, mapping) = map(mapping, len)?;
            fresh.copy_from(0, &view, 0, len.min(view.len()))?;
            Ok((fresh, mapping))
        });
        return match made {
            Ok(made) => (Ok(()), Some(made)),
            // The old memory has no handle, if nobody has given it one meanwhile.
            Err(error) => (Err(error), options(view.len()).create().ok().map(|old| (view, old))),
        };
    };
    // Windows cuts no file that is mapped.
    let before = view.len();
    drop(view);
    let made = options(before).create_new().map(drop).and_then(|()| {
        filemap::set_file_len(file, offset + len as u64)?;
        map(options(len).create_new()?, len)
    });
    match made {
        Ok(made) => (Ok(()), Some(made)),
        Err(error) => {
            let again = options(before).create().and_then(|mapping| map(mapping, before));
            (Err(error), again.ok())
        }
    }
}
