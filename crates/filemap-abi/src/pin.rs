//! Functions for languages with their own memory: a view that is found once, and then used by many
//! short copies, each of which returns its code.
//!
//! `filemap_read` looks its view up, and tells of a failure by `errno`. A runtime that copies eight
//! bytes at a time pays more for that than for the copy.

#![expect(non_camel_case_types, reason = "types for C are named as C's are")]

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::slice;
use std::sync::Arc;

use filemap::{FileMapping, Flush, ForeignBytes, NamedMapping, PositionedIo as _, Registry};

use crate::boundary::{Code, Result, quiet};
use crate::extra::prepare;
use crate::handles;
use crate::views::{self, Mapped};
use crate::windows::{
    BOOL, DWORD, ERROR_INTERNAL_ERROR, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, ERROR_SUCCESS,
    FALSE, HANDLE, LPCVOID, LPVOID, SIZE_T, TRUE, ULONGLONG,
};

/// A view that is held: its bytes stay mapped until it is let go, whoever unmaps it meanwhile.
///
/// For C it is a type without content: its address is all that leaves this library.
pub struct filemap_pin {
    _mapped: Mapped,
}

/// Holds the view that has the address in its pages.
///
/// The result is no address in the view, and is given to the functions below, from any threads; one that was
/// started with `SIGBUS` blocked holds a view itself, which unblocks it.
/// `filemap_unpin` lets the view go. Returns NULL on failure: `ERROR_INVALID_ADDRESS` if the address
/// is in no view.
#[unsafe(no_mangle)]
pub extern "C" fn filemap_pin_view(address: LPCVOID) -> *const filemap_pin {
    quiet(null(), || {
        let (_, mapped) = views::find(address.addr())?;
        prepare(&mapped)?;
        Ok(Arc::into_raw(mapped).cast())
    })
}

/// Lets a view go. Unmaps it if it was unmapped meanwhile. NULL is ignored.
///
/// # Safety
///
/// `pin` is NULL or came from `filemap_pin_view`, and nobody uses it during or after the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_unpin(pin: *const filemap_pin) {
    quiet((), || {
        if !pin.is_null() {
            // SAFETY: it came from `Arc::into_raw` for a `Mapped`, and the caller gives it up, once.
            views::close(unsafe { Arc::from_raw(pin.cast::<Mapped>()) })?;
        }
        Ok(())
    });
}

/// Runs a copy, and returns its code.
fn coded(body: impl FnOnce() -> Result<()>) -> DWORD {
    // A panic must not unwind into C, as in `boundary::call`.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => ERROR_SUCCESS,
        Ok(Err(Code(code))) => code,
        Err(_panic) => ERROR_INTERNAL_ERROR,
    }
}

/// Returns the view, if it has `len` bytes at `offset`.
///
/// # Safety
///
/// `pin` is NULL, or came from `filemap_pin_view` and was not let go; nobody lets it go meanwhile.
#[inline]
unsafe fn held<'pin>(pin: *const filemap_pin, offset: SIZE_T, len: SIZE_T) -> Result<&'pin Mapped> {
    // SAFETY: unless it is NULL it is of a `Mapped`, which the caller keeps alive and which is never
    // changed but for its atomic parts.
    let mapped = unsafe { pin.cast::<Mapped>().as_ref() }.ok_or(Code(ERROR_INVALID_PARAMETER))?;
    if mapped.view.len().checked_sub(offset).is_none_or(|rest| len > rest) {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    Ok(mapped)
}

/// Copies bytes out of a held view, from an offset in it. A page that the file has lost is a code and no
/// signal.
///
/// One, two, four or eight bytes whose address is a multiple of their number are read in one piece.
///
/// Returns 0, or the code of the failure, which are those of `filemap_read`; `errno` and the last error
/// stay as they are. After a failure some bytes may have been copied.
///
/// # Safety
///
/// `pin` came from `filemap_pin_view`, and nobody lets it go meanwhile; `buffer` has room for `len`
/// bytes, which no other thread accesses during the call and no view has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_get(
    pin: *const filemap_pin,
    offset: SIZE_T,
    buffer: LPVOID,
    len: SIZE_T,
) -> DWORD {
    coded(|| {
        // SAFETY: the caller vouches for it.
        let mapped = unsafe { held(pin, offset, len) }?;
        if buffer.is_null() && len > 0 {
            return Err(Code(ERROR_NOACCESS));
        }
        let view = &mapped.view;
        match len {
            0 => {}
            // SAFETY: the caller vouches for room for so many bytes, which may lie anywhere.
            1 => unsafe { buffer.cast::<u8>().write_unaligned(view.read(offset)?) },
            // SAFETY: as above.
            2 => unsafe { buffer.cast::<u16>().write_unaligned(view.read(offset)?) },
            // SAFETY: as above.
            4 => unsafe { buffer.cast::<u32>().write_unaligned(view.read(offset)?) },
            // SAFETY: as above.
            8 => unsafe { buffer.cast::<u64>().write_unaligned(view.read(offset)?) },
            _ => {
                let start = buffer.cast::<MaybeUninit<u8>>();
                // SAFETY: it is not NULL, and the caller vouches for `len` bytes that nobody accesses
                // meanwhile, written before or not; they are fewer than `isize::MAX`, as the view has
                // as many.
                let bytes = unsafe { slice::from_raw_parts_mut(start, len) };
                view.read_uninit_at(bytes, offset as u64)?;
            }
        }
        Ok(())
    })
}

/// Copies bytes into a held view, to an offset in it. Otherwise like `filemap_get`.
///
/// # Safety
///
/// As for `filemap_get`; `buffer` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_put(
    pin: *const filemap_pin,
    offset: SIZE_T,
    buffer: LPCVOID,
    len: SIZE_T,
) -> DWORD {
    coded(|| {
        // SAFETY: the caller vouches for it.
        let mapped = unsafe { held(pin, offset, len) }?;
        if buffer.is_null() && len > 0 {
            return Err(Code(ERROR_NOACCESS));
        }
        let view = &mapped.view;
        match len {
            0 => {}
            // SAFETY: the caller vouches for so many bytes, which may lie anywhere.
            1 => view.write(offset, &unsafe { buffer.cast::<u8>().read_unaligned() })?,
            // SAFETY: as above.
            2 => view.write(offset, &unsafe { buffer.cast::<u16>().read_unaligned() })?,
            // SAFETY: as above.
            4 => view.write(offset, &unsafe { buffer.cast::<u32>().read_unaligned() })?,
            // SAFETY: as above.
            8 => view.write(offset, &unsafe { buffer.cast::<u64>().read_unaligned() })?,
            _ => {
                // SAFETY: the caller vouches for `len` bytes, which are fewer than `isize::MAX`, as the
                // view has as many.
                let bytes = unsafe { ForeignBytes::new(buffer.cast(), len) };
                view.write_foreign_at(bytes, offset as u64)?;
            }
        }
        Ok(())
    })
}

/// Writes a range of a held view to its file, as far as `strength` says: 0 starts it, 1 waits until the
/// file has the bytes, 2 until they survive a loss of power.
///
/// Returns 0, or the code of the failure, and leaves `errno` and the last error alone.
///
/// # Safety
///
/// `pin` came from `filemap_pin_view`, and nobody lets it go meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_flush(
    pin: *const filemap_pin,
    offset: SIZE_T,
    len: SIZE_T,
    strength: DWORD,
) -> DWORD {
    coded(|| {
        // SAFETY: the caller vouches for it.
        let mapped = unsafe { held(pin, offset, len) }?;
        let strength = match strength {
            0 => Flush::Start,
            1 => Flush::Written,
            2 => Flush::Durable,
            _ => return Err(Code(ERROR_INVALID_PARAMETER)),
        };
        Ok(mapped.view.flush(offset..offset + len, strength)?)
    })
}

/// Returns how many bytes a held view has, exactly.
///
/// # Safety
///
/// `pin` came from `filemap_pin_view`, and nobody lets it go meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_pinned_length(pin: *const filemap_pin) -> SIZE_T {
    // SAFETY: the caller vouches for it.
    unsafe { held(pin, 0, 0) }.map_or(0, |mapped| mapped.view.len())
}

/// Stores in `length` how many bytes a mapping was made with, exactly: views reach to the end of the
/// last one's page.
///
/// Returns FALSE on failure.
///
/// # Safety
///
/// `length` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_length(mapping: HANDLE, length: *mut ULONGLONG) -> BOOL {
    quiet(FALSE, || {
        let size = handles::mapping(mapping)?.size();
        // SAFETY: the caller vouches for the room.
        unsafe { length.write_unaligned(size) };
        Ok(TRUE)
    })
}

/// Stores in `length` what `filemap_length` does, or how long the file is by now if somebody has made
/// it longer: as much as `filemap_map_view` can reach.
///
/// Returns FALSE on failure.
///
/// # Safety
///
/// `length` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_grown_length(mapping: HANDLE, length: *mut ULONGLONG) -> BOOL {
    quiet(FALSE, || {
        let size = handles::mapping(mapping)?.grown_size()?;
        // SAFETY: the caller vouches for the room.
        unsafe { length.write_unaligned(size) };
        Ok(TRUE)
    })
}

/// Stores in `mode` who may open the name of a mapping, as the mode of a file: 0600, 0644, 0666.
///
/// Returns FALSE on failure: `ERROR_INVALID_PARAMETER` if it has no name, or its name is gone.
///
/// # Safety
///
/// `mode` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_permissions(mapping: HANDLE, mode: *mut DWORD) -> BOOL {
    quiet(FALSE, || {
        let held = handles::mapping(mapping)?;
        let permissions = named(&held)?.and_then(|named| named.permissions());
        let permissions = permissions.ok_or(Code(ERROR_INVALID_PARAMETER))?;
        // SAFETY: the caller vouches for the room.
        unsafe { mode.write_unaligned(permissions.mode()) };
        Ok(TRUE)
    })
}

/// Finds the entry of a mapping's name, if it has one.
fn named(held: &FileMapping) -> Result<Option<NamedMapping>> {
    let Some(name) = held.name() else { return Ok(None) };
    Ok(Registry::system().list()?.into_iter().find(|other| other.name() == name))
}

/// Finds the processes that have a handle to a mapping's name, or a view of its bytes.
///
/// Stores their numbers in `processes`, as many as `room` says, and how many there are in `count`.
/// Without a name only views are found. Returns FALSE on failure: `ERROR_NOT_SUPPORTED` if the system
/// does not show its processes.
///
/// # Safety
///
/// `processes` has room for `room` numbers, or is NULL; `count` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_holders(
    mapping: HANDLE,
    processes: *mut DWORD,
    room: SIZE_T,
    count: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        let held = handles::mapping(mapping)?;
        let holders = match named(&held)? {
            Some(named) => named.holders()?,
            None => held.viewers()?,
        };
        if !processes.is_null() {
            for (index, holder) in holders.iter().take(room).enumerate() {
                let place = processes.wrapping_add(index);
                // SAFETY: it is not NULL, and the caller vouches for `room` numbers; `index` is less.
                unsafe { place.write_unaligned(holder.pid()) };
            }
        }
        // SAFETY: the caller vouches for the room.
        unsafe { count.write_unaligned(holders.len()) };
        Ok(TRUE)
    })
}

/// Orders memory among all threads of this process: what each of them stored before it was interrupted
/// for this is seen by this thread, and what this thread stored before by them.
///
/// So one side of an agreement between threads needs no fence of its own, if the other side, which is
/// rare, calls this. Returns FALSE if the system cannot do it
/// ([membarrier(2)](https://man7.org/linux/man-pages/man2/membarrier.2.html)): then it never does.
#[unsafe(no_mangle)]
pub extern "C" fn filemap_fence_threads() -> BOOL {
    const EXPEDITED: libc::c_long = 1 << 3;
    const REGISTER_EXPEDITED: libc::c_long = 1 << 4;
    let ask = |command: libc::c_long| {
        // SAFETY: the call takes three numbers, and touches no memory of the program.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
    };
    quiet(FALSE, || {
        // A process is registered once, and asks again only where it was not: after a fork, too.
        let done = ask(EXPEDITED) == 0 || (ask(REGISTER_EXPEDITED) == 0 && ask(EXPEDITED) == 0);
        Ok(BOOL::from(done))
    })
}
