//! The calls on files and handles that sections and the registry share.

#![expect(unsafe_code, reason = "calls that the standard library does not have")]

use std::ffi::OsString;
use std::fs::File;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::FileExt as _;
use std::os::windows::io::{AsHandle, AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::os::windows::io::{OwnedHandle, RawHandle};
use std::path::PathBuf;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ID_INFO, FILE_STANDARD_INFO, FILE_TYPE_CHAR, FILE_TYPE_DISK, FILE_TYPE_PIPE, FileIdInfo,
    FileStandardInfo, GetFileInformationByHandleEx, GetFileType, GetFinalPathNameByHandleW,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::FSCTL_SET_SPARSE;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::sys::platform::error::{from_io, last};
use crate::types::{Error, ErrorKind, Loss, Operation, Result};

/// The right to read a file's content, among those of its handle.
pub(super) const READ_DATA: u32 = 1;
/// The right to write a file's content anywhere, and not at its end alone.
pub(super) const WRITE_DATA: u32 = 2;

/// Refuses what is no file that can be mapped.
///
/// # Errors
///
/// [`ErrorKind::WrongObject`] if it is not a regular file.
pub(super) fn regular(file: &File, operation: Operation) -> Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    let kind = match unsafe { GetFileType(file.as_raw_handle()) } {
        FILE_TYPE_DISK if file.metadata().is_ok_and(|state| state.is_dir()) => "a directory",
        FILE_TYPE_DISK => return Ok(()),
        FILE_TYPE_PIPE => "a pipe or a socket",
        FILE_TYPE_CHAR => "a device",
        _ => "not a file",
    };
    Err(Error::new(ErrorKind::WrongObject, operation)
        .because(format!("it is {kind}, and only files can be mapped")))
}

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) volume: u64,
    pub(super) id: [u8; 16],
}

/// Asks which file this is.
pub(super) fn identity(file: &File, operation: Operation) -> Result<Identity> {
    let mut state = FILE_ID_INFO::default();
    let len = u32::try_from(size_of::<FILE_ID_INFO>()).unwrap_or(0);
    let place = (&raw mut state).cast();
    // SAFETY: the handle is open while it is borrowed, and the place has the length that is told.
    if unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileIdInfo, place, len) } == 0 {
        return Err(last(operation));
    }
    Ok(Identity { volume: state.VolumeSerialNumber, id: state.FileId.Identifier })
}

/// The path at which a file is now; empty if the system does not tell.
pub(super) fn path_of(file: &File) -> PathBuf {
    /// The longest path there is.
    const LONGEST: u32 = 32768;
    let mut path = vec![0_u16; LONGEST as usize];
    // SAFETY: the handle is open while it is borrowed, and there is room for so many units.
    let len =
        unsafe { GetFinalPathNameByHandleW(file.as_raw_handle(), path.as_mut_ptr(), LONGEST, 0) };
    match usize::try_from(len) {
        Ok(len) if len < path.len() => OsString::from_wide(&path[..len]).into(),
        _ => PathBuf::new(),
    }
}

/// The length of a file in bytes.
pub(super) fn length(file: &File, operation: Operation) -> Result<u64> {
    Ok(file.metadata().map_err(from_io(operation))?.len())
}

/// Refuses a length that no file can have.
pub(super) fn allowed(len: u64, operation: Operation) -> Result<()> {
    if i64::try_from(len).is_ok() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::FileTooLarge, operation)
        .because("no file can be longer than 2^63 - 1 bytes"))
}

/// Asks that holes of the file take no space. Where that is not to be had, they take some.
pub(super) fn make_sparse(file: &File) {
    let nothing = std::ptr::null_mut();
    let (handle, mut returned) = (file.as_raw_handle(), 0);
    // SAFETY: the handle is open while it is borrowed; the request has neither input nor output.
    let _ignored = unsafe {
        DeviceIoControl(
            handle,
            FSCTL_SET_SPARSE,
            nothing,
            0,
            nothing,
            0,
            &raw mut returned,
            std::ptr::null_mut(),
        )
    };
}

/// Makes a file at least `len` bytes long, and never shorter, with a hole before the end.
///
/// By a write of the last byte: to set the length after a look at it would cut off what another
/// process appended in between.
pub(super) fn grow(file: &File, len: u64, operation: Operation) -> Result<()> {
    match len.checked_sub(1) {
        Some(last) if length(file, operation)? < len => {
            make_sparse(file);
            write_at(file, last, &[0], operation).map_err(Error::nowhere)
        }
        _ => Ok(()),
    }
}

/// What an order to set space aside gets.
///
/// There is no call that does just that: to set a file's allocation cuts the file if it has become
/// longer meanwhile.
pub(super) fn no_preallocation(operation: Operation) -> Error {
    Error::new(ErrorKind::NotSupported, operation)
        .because("Windows sets no space aside without setting the file's length")
}

/// What an order to make a hole gets: there is no call for what is mapped.
pub(super) fn no_holes() -> Error {
    Error::new(ErrorKind::NotSupported, Operation::Discard)
        .because("Windows gives back no part of what is mapped")
}

/// The space that a file takes in bytes, also past its end.
pub(super) fn allocated(file: &File, operation: Operation) -> Result<u64> {
    let mut state = FILE_STANDARD_INFO::default();
    let len = u32::try_from(size_of::<FILE_STANDARD_INFO>()).unwrap_or(0);
    let (handle, place) = (file.as_raw_handle(), (&raw mut state).cast());
    // SAFETY: the handle is open while it is borrowed, and the place has the length that is told.
    if unsafe { GetFileInformationByHandleEx(handle, FileStandardInfo, place, len) } == 0 {
        return Err(last(operation));
    }
    Ok(u64::try_from(state.AllocationSize).unwrap_or(0))
}

/// Reads at `offset` until `buf` is full or the file ends; returns how many bytes there were.
pub(super) fn read_at(
    file: &File,
    offset: u64,
    buf: &mut [u8],
    operation: Operation,
) -> Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        let at = offset.saturating_add(done as u64);
        match file.seek_read(&mut buf[done..], at).map_err(from_io(operation))? {
            0 => break,
            count => done += count,
        }
    }
    Ok(done)
}

/// Writes all of `bytes` at `offset`, growing the file if it ends before.
///
/// # Errors
///
/// What was written before a failure stays written; the error's loss tells how much.
pub(super) fn write_at(file: &File, offset: u64, bytes: &[u8], operation: Operation) -> Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset.saturating_add(done as u64);
        let lost = |error: Error| error.lost(Loss { offset: at, done });
        match file.seek_write(&bytes[done..], at) {
            Ok(0) => return Err(lost(Error::new(ErrorKind::Device, operation))),
            Ok(count) => done += count,
            Err(error) => return Err(lost(from_io(operation)(error))),
        }
    }
    Ok(())
}

/// Sends everything that the system has of a file to the disk, and waits for the disk.
///
/// A file that is open for reading alone has nothing of ours to send, and may not be asked.
pub(super) fn flush(file: &File) -> Result<()> {
    if granted(file.as_handle()) & WRITE_DATA == 0 {
        return Ok(());
    }
    file.sync_all().map_err(from_io(Operation::Flush))
}

/// The rights that the kernel gave a handle; none if it does not tell.
pub(super) fn granted(handle: BorrowedHandle<'_>) -> u32 {
    use windows_sys::Wdk::Foundation::{NtQueryObject, ObjectBasicInformation};
    use windows_sys::Win32::System::WindowsProgramming::PUBLIC_OBJECT_BASIC_INFORMATION;
    let mut state = PUBLIC_OBJECT_BASIC_INFORMATION::default();
    let len = u32::try_from(size_of::<PUBLIC_OBJECT_BASIC_INFORMATION>()).unwrap_or(0);
    let place = (&raw mut state).cast();
    let (handle, none) = (handle.as_raw_handle(), std::ptr::null_mut());
    // SAFETY: the handle is open while it is borrowed, and the place has the length that is told.
    let status = unsafe { NtQueryObject(handle, ObjectBasicInformation, place, len, none) };
    if status < 0 { 0 } else { state.GrantedAccess }
}

/// Makes another handle to the same object, with these rights or with the same.
pub(super) fn duplicate(
    handle: BorrowedHandle<'_>,
    access: Option<u32>,
    operation: Operation,
) -> Result<OwnedHandle> {
    let mut twin: RawHandle = std::ptr::null_mut();
    // SAFETY: has no preconditions.
    let this = unsafe { GetCurrentProcess() };
    let options = if access.is_none() { DUPLICATE_SAME_ACCESS } else { 0 };
    let (from, to, access) = (handle.as_raw_handle(), &raw mut twin, access.unwrap_or(0));
    // SAFETY: the handle is open while it is borrowed, and there is room for another.
    if unsafe { DuplicateHandle(this, from, this, to, access, 0, options) } == 0 {
        return Err(last(operation));
    }
    // SAFETY: the call made it, and nobody else knows of it.
    Ok(unsafe { OwnedHandle::from_raw_handle(twin) })
}

/// Takes a handle that may be shared: then another one to the same object.
pub(super) fn unshared(handle: Arc<impl AsHandle + Into<OwnedHandle>>) -> Result<OwnedHandle> {
    match Arc::try_unwrap(handle) {
        Ok(handle) => Ok(handle.into()),
        Err(shared) => duplicate(shared.as_handle(), None, Operation::CloseHandle),
    }
}

/// Decides whether processes that this one starts inherit a handle.
pub(super) fn set_inheritable(handle: BorrowedHandle<'_>, inheritable: bool) -> Result<()> {
    let flags = if inheritable { HANDLE_FLAG_INHERIT } else { 0 };
    // SAFETY: the handle is open while it is borrowed.
    if unsafe { SetHandleInformation(handle.as_raw_handle(), HANDLE_FLAG_INHERIT, flags) } == 0 {
        return Err(last(Operation::DuplicateHandle));
    }
    Ok(())
}
