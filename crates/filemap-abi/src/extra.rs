//! Functions that kernel32 lacks: copies that survive lost pages, what becomes of other accesses to
//! them, and a list of the names.
//!
//! An access in C to a page that the file has lost reads zeros or ends the process, as the program has
//! chosen. The copies go through the library's guard instead, and report how many bytes they copied.

#![expect(non_camel_case_types, reason = "types for C are named as C's are")]

use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::ptr::{null, null_mut};
use std::slice;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use filemap::{
    Backing, ForeignBytes, NamedMapping, OnLoss, PositionedIo, Registry, prepare_thread,
};

use crate::boundary::{Code, Result, quiet};
use crate::kernel32::{create, view};
use crate::views::{self, Mapped};
use crate::windows::{
    BOOL, BYTE, DWORD, ERROR_INVALID_PARAMETER, ERROR_NOACCESS, FALSE, FILEMAP_ON_LOSS_DIE,
    FILEMAP_ON_LOSS_ZEROS, HANDLE, LPCVOID, LPVOID, SIZE_T, TRUE, ULONGLONG,
};
use crate::{handles, losses};

thread_local! {
    /// Whether this thread is prepared for lost pages.
    static PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Prepares the process and this thread for lost pages of a view, once for each.
pub(crate) fn prepare(mapped: &Mapped) -> Result<()> {
    if !(PREPARED.get() && mapped.prepared.load(Ordering::Relaxed)) {
        prepare_thread()?;
        PREPARED.set(true);
        mapped.prepared.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Runs an access to `len` bytes of a view, and stores how many bytes it reached.
///
/// # Safety
///
/// `done` is null or has room for a number.
unsafe fn guarded(
    address: LPCVOID,
    len: SIZE_T,
    done: *mut SIZE_T,
    access: impl FnOnce(&Mapped, usize) -> filemap::Result<()>,
) -> Result<BOOL> {
    // SAFETY: the caller vouches for it.
    unsafe { tell(done, 0) };
    let (base, mapped) = views::find(address.addr())?;
    prepare(&mapped)?;
    let offset = address.addr() - base;
    if mapped.view.len().checked_sub(offset).is_none_or(|rest| len > rest) {
        return Err(Code(ERROR_INVALID_PARAMETER));
    }
    match access(&mapped, offset) {
        Ok(()) => {
            // SAFETY: as above.
            unsafe { tell(done, len) };
            Ok(TRUE)
        }
        Err(error) => {
            // SAFETY: as above.
            unsafe { tell(done, error.loss().map_or(0, |loss| loss.done)) };
            Err(error.into())
        }
    }
}

/// Stores a count, unless `place` is null.
///
/// # Safety
///
/// `place` is null or has room for a number.
unsafe fn tell(place: *mut SIZE_T, count: SIZE_T) {
    if !place.is_null() {
        // SAFETY: it is not null, so the caller vouches for it.
        unsafe { place.write_unaligned(count) };
    }
}

/// Copies bytes out of a view. A page that the file has lost is an error and no signal.
///
/// `address` is any address in a view. If `done` is not NULL, it receives the number of bytes that
/// were copied; they are valid after a failure, too.
///
/// Returns FALSE on failure: `ERROR_SWAPERROR` if the file has become shorter, `ERROR_IO_DEVICE` or
/// `ERROR_DISK_FULL` if the disk is the cause; `ERROR_INVALID_ADDRESS` if the address is in no view,
/// `ERROR_INVALID_PARAMETER` if the view ends first, `ERROR_ACCESS_DENIED` if it cannot be read.
///
/// # Safety
///
/// `buffer` has room for `len` bytes, which no other thread accesses during the call and no view has;
/// `done` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_read(
    address: LPCVOID,
    buffer: LPVOID,
    len: SIZE_T,
    done: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        let len = buffered(buffer, len)?;
        let buffer: &mut [MaybeUninit<u8>] = if len == 0 {
            &mut []
        } else {
            // SAFETY: it is not null, and the caller vouches for `len` bytes of memory that is not
            // accessed meanwhile, written before or not.
            unsafe { slice::from_raw_parts_mut(buffer.cast(), len) }
        };
        let read =
            |mapped: &Mapped, offset| mapped.view.read_uninit_at(buffer, offset as u64).map(drop);
        // SAFETY: the caller vouches for its pointer.
        unsafe { guarded(address, len, done, read) }
    })
}

/// Checks a buffer as far as possible, and returns its length.
fn buffered(buffer: LPCVOID, len: SIZE_T) -> Result<usize> {
    if buffer.is_null() && len > 0 {
        return Err(Code(ERROR_NOACCESS));
    }
    // No buffer is longer.
    isize::try_from(len).map(|_| len).map_err(|_| Code(ERROR_INVALID_PARAMETER))
}

/// Copies bytes into a view. A page that the file has lost is an error and no signal.
///
/// Like `filemap_read`. After a failure, bytes after the first `*done` may have been written, too.
///
/// # Safety
///
/// `buffer` has `len` bytes; `done` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_write(
    address: LPVOID,
    buffer: LPCVOID,
    len: SIZE_T,
    done: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        let len = buffered(buffer, len)?;
        // SAFETY: the caller vouches for `len` bytes, which no allocation has more than fit.
        let bytes = unsafe { ForeignBytes::new(buffer.cast(), len) };
        let write =
            |mapped: &Mapped, offset| mapped.view.write_foreign_at(bytes, offset as u64).map(drop);
        // SAFETY: the caller vouches for its pointer.
        unsafe { guarded(address, len, done, write) }
    })
}

/// Sets bytes of a view to one value. A page that the file has lost is an error and no signal.
///
/// Like `filemap_write`.
///
/// # Safety
///
/// `done` is null or has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_fill(
    address: LPVOID,
    len: SIZE_T,
    byte: BYTE,
    done: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        // SAFETY: the caller vouches for its pointer.
        unsafe { guarded(address, len, done, |mapped, offset| mapped.view.fill(offset, len, byte)) }
    })
}

/// Chooses what becomes of a thread that touches a lost page of a view, which is not a copy by one of
/// these functions: for all views that are mapped from now on.
///
/// `FILEMAP_ON_LOSS_ZEROS`, which is the default: zeroed memory of this process takes the place of the
/// page, and the thread goes on. What it reads there is not the file's, what it stores there is never
/// in the file, and it is told nothing at that moment: `filemap_lost` tells, and `FlushViewOfFile`
/// fails. The first such view of a file installs a handler of `SIGBUS`.
/// `FILEMAP_ON_LOSS_DIE`: the signal `SIGBUS`, which ends the process.
///
/// The variable `FILEMAP_ON_LOSS` of the environment, `zeros` or `die`, chooses for a program that does
/// not call this. Returns FALSE for another number (`ERROR_INVALID_PARAMETER`).
#[unsafe(no_mangle)]
pub extern "C" fn filemap_on_loss(choice: DWORD) -> BOOL {
    quiet(FALSE, || {
        losses::choose(on_loss(choice)?);
        Ok(TRUE)
    })
}

fn on_loss(choice: DWORD) -> Result<OnLoss> {
    match choice {
        FILEMAP_ON_LOSS_DIE => Ok(OnLoss::Die),
        FILEMAP_ON_LOSS_ZEROS => Ok(OnLoss::Zeros),
        _ => Err(Code(ERROR_INVALID_PARAMETER)),
    }
}

/// `MapViewOfFile` with a choice of its own, as for `filemap_on_loss`.
///
/// If somebody has made the file longer since the mapping was made, the range may reach to there:
/// `filemap_grown_length`. A length of 0 reaches to the end of the mapping.
///
/// Returns NULL on failure: `ERROR_NOT_SUPPORTED` if zeros cannot be had.
#[unsafe(no_mangle)]
pub extern "C" fn filemap_map_view(
    mapping: HANDLE,
    access: DWORD,
    offset: ULONGLONG,
    len: SIZE_T,
    choice: DWORD,
) -> LPVOID {
    quiet(null_mut(), || {
        view::map(mapping, access, offset, len, null_mut(), Some(on_loss(choice)?))
    })
}

/// A range of a view that reads, or has read, as zeros because it was lost.
#[repr(C)]
pub struct filemap_lost_range {
    /// The address of its first byte.
    pub address: LPVOID,
    /// How many bytes it has.
    pub size: SIZE_T,
    /// When the first of its pages was lost, in nanoseconds since 1970; 0 of a range that was restored.
    pub since: u64,
}

/// Stores the ranges of a view that read as zeros because they were lost, in their order: as many as
/// there is room for.
///
/// `address` is any address in the view. `*count` receives how many there are; `ranges` may be NULL if
/// there is no room. A page that is gone, and that nobody has touched yet, is not among them.
///
/// Returns FALSE on failure: `ERROR_INVALID_ADDRESS` if the address is in no view.
///
/// # Safety
///
/// `ranges` has room for so many; `count` has room for a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_lost(
    address: LPCVOID,
    ranges: *mut filemap_lost_range,
    room: SIZE_T,
    count: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        let (base, mapped) = views::find(address.addr())?;
        let lost = mapped.view.lost();
        let told = lost.into_iter().map(|range| {
            let since = range.since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            (range.bytes, u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
        });
        // SAFETY: the caller vouches for its pointers.
        unsafe {
            tell_ranges(address.wrapping_sub(address.addr() - base), told, (ranges, room), count)
        }
    })
}

/// Maps the file back over ranges that read as zeros, as far as it reaches again, and stores the ranges
/// that it has replaced, as many as there is room for.
///
/// Like `filemap_lost`. What was stored to the zeros is gone. On failure some may have been restored.
///
/// # Safety
///
/// As for `filemap_lost`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_restore(
    address: LPCVOID,
    ranges: *mut filemap_lost_range,
    room: SIZE_T,
    count: *mut SIZE_T,
) -> BOOL {
    quiet(FALSE, || {
        let (base, mapped) = views::find(address.addr())?;
        let told = mapped.view.restore()?.into_iter().map(|bytes| (bytes, 0));
        // SAFETY: the caller vouches for its pointers.
        unsafe {
            tell_ranges(address.wrapping_sub(address.addr() - base), told, (ranges, room), count)
        }
    })
}

/// Stores ranges of the view that begins at `base`, as many as there is room for, and their count.
///
/// # Safety
///
/// `ranges` has room for so many; `count` is null or has room for a number.
unsafe fn tell_ranges(
    base: LPCVOID,
    told: impl ExactSizeIterator<Item = (Range<usize>, u64)>,
    (ranges, room): (*mut filemap_lost_range, SIZE_T),
    count: *mut SIZE_T,
) -> Result<BOOL> {
    if room > 0 && ranges.is_null() {
        return Err(Code(ERROR_NOACCESS));
    }
    // SAFETY: the caller vouches for it.
    unsafe { tell(count, told.len()) };
    for (at, (bytes, since)) in told.take(room).enumerate() {
        let address = base.wrapping_byte_add(bytes.start).cast_mut();
        let range = filemap_lost_range { address, size: bytes.len(), since };
        // SAFETY: `at` is below the room that the caller vouches for.
        unsafe { ranges.wrapping_add(at).write_unaligned(range) };
    }
    Ok(TRUE)
}

/// Takes the name from a file mapping, so that it is free at once. Who has a handle or a view keeps
/// the mapping.
///
/// The handle must allow writing (`ERROR_ACCESS_DENIED`). Returns FALSE on failure.
#[unsafe(no_mangle)]
pub extern "C" fn filemap_withdraw(mapping: HANDLE) -> BOOL {
    quiet(FALSE, || {
        handles::mapping(mapping)?.withdraw_name()?;
        Ok(TRUE)
    })
}

/// An entry of the registry.
#[repr(C)]
pub struct filemap_name {
    /// The name with its scope, in UTF-8.
    pub name: *const c_char,
    /// The file behind it when it was named, or NULL for memory.
    pub path: *const c_char,
    /// The size in bytes; 0 if it follows the length of its file.
    pub size: u64,
    /// The time of its creation, in nanoseconds since 1970.
    pub created: u64,
    /// Its protection, a `PAGE_` word.
    pub protection: DWORD,
    /// Its attributes, `SEC_` words.
    pub attributes: DWORD,
    /// The number of the process that created it, which may have ended.
    pub creator: DWORD,
    /// Whether any process has a handle open; without one the name is dead.
    pub live: BOOL,
}

/// The function that `filemap_list` calls for each name. It returns FALSE to end the list. The
/// structure and its texts are valid until it returns.
pub type filemap_each =
    Option<unsafe extern "C" fn(name: *const filemap_name, context: *mut c_void) -> BOOL>;

/// Calls a function for each name of the machine that this user may read, sorted by name.
///
/// Returns FALSE on failure.
///
/// # Safety
///
/// The function may be called with the context, and does not unwind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn filemap_list(each: filemap_each, context: *mut c_void) -> BOOL {
    quiet(FALSE, || {
        let each = each.ok_or(Code(ERROR_INVALID_PARAMETER))?;
        for named in Registry::system().list()? {
            let told = Told::of(&named);
            let entry = told.entry(&named);
            // SAFETY: the caller vouches for the function and its context; the structure and its
            // texts live until it returns.
            if unsafe { each(&raw const entry, context) } == FALSE {
                break;
            }
        }
        Ok(TRUE)
    })
}

/// The texts of an entry, as C strings.
struct Told {
    name: CString,
    path: Option<CString>,
}

impl Told {
    fn of(named: &NamedMapping) -> Self {
        let path = match named.backing() {
            Backing::File { path, .. } => CString::new(path.as_os_str().as_bytes()).ok(),
            _ => None,
        };
        // Names have no NUL.
        Self { name: CString::new(named.name().to_string()).unwrap_or_default(), path }
    }

    fn entry(&self, named: &NamedMapping) -> filemap_name {
        let created = named.created().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        filemap_name {
            name: self.name.as_ptr(),
            path: self.path.as_ref().map_or(null(), |path| path.as_ptr()),
            size: named.size().unwrap_or(0),
            created: u64::try_from(created.as_nanos()).unwrap_or(u64::MAX),
            protection: create::protection_word(named.protection()),
            attributes: create::attribute_words(named.attributes()),
            creator: named.creator(),
            live: BOOL::from(named.is_live()),
        }
    }
}
