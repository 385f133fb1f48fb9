//! Files, as Linux has them: a mapping is over one, and programs do things to it meanwhile.

use std::ffi::{c_char, c_int, c_void};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use crate::error::{self, Code, INVALID_NAME, INVALID_PARAMETER, UNSUPPORTED};
use crate::handle::{self, Handle, NO_FILE, Object};
use crate::text;

/// How a file is opened for what `access` says. Sharing is not looked at: Linux has none.
fn options(access: u32, disposition: u32) -> Result<OpenOptions, Code> {
    let read = access & (0x1 | 0x8000_0000 | 0x1000_0000) != 0;
    let write = access & (0x2 | 0x4000_0000 | 0x1000_0000) != 0;
    let append = access & 0x4 != 0 && !write;
    let mut options = OpenOptions::new();
    options.read(read).write(write).append(append);
    if !(read || write || append) {
        options.read(true).custom_flags(libc::O_PATH);
    }
    match disposition {
        1 => options.create_new(true),
        2 => options.create(true).truncate(true),
        3 => &mut options,
        4 => options.create(true),
        5 => options.truncate(true),
        _ => return Err(Code(INVALID_PARAMETER)),
    };
    Ok(options)
}

fn open(path: Result<Option<String>, Code>, access: u32, disposition: u32) -> Result<Handle, Code> {
    let path = path?.ok_or(Code(INVALID_NAME))?;
    let file = options(access, disposition)?.open(path)?;
    handle::insert(Object::File(Arc::new(file)))
}

fn seek(file: &File, distance: i64, origin: u32) -> Result<u64, Code> {
    let to = match origin {
        0 => SeekFrom::Start(u64::try_from(distance).map_err(|_| Code(INVALID_PARAMETER))?),
        1 => SeekFrom::Current(distance),
        2 => SeekFrom::End(distance),
        _ => return Err(Code(INVALID_PARAMETER)),
    };
    let mut file = file;
    Ok(file.seek(to)?)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn CreateFileA(
    path: *const c_char,
    access: u32,
    _share: u32,
    _security: *const c_void,
    disposition: u32,
    _flags: u32,
    _template: Handle,
) -> Handle {
    handle::begin();
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let path = unsafe { text::bytes(path) };
    error::or(NO_FILE, open(path, access, disposition))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ReadFile(
    file: Handle,
    buffer: *mut u8,
    len: u32,
    count: *mut u32,
    overlapped: *const c_void,
) -> c_int {
    let read = || {
        let file = handle::file(file)?;
        if !overlapped.is_null() {
            return Err(Code(UNSUPPORTED));
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| Code(INVALID_PARAMETER))?];
        let done = file.as_ref().read(&mut bytes)?;
        // SAFETY: the caller vouches for `len` bytes, and no more than that were read.
        unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), done) };
        let done = u32::try_from(done).map_err(|_| Code(INVALID_PARAMETER))?;
        // SAFETY: the caller vouches for it.
        unsafe { count.write(done) };
        Ok(1)
    };
    error::or(0, read())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WriteFile(
    file: Handle,
    buffer: *const u8,
    len: u32,
    count: *mut u32,
    overlapped: *const c_void,
) -> c_int {
    let write = || {
        let file = handle::file(file)?;
        if !overlapped.is_null() {
            return Err(Code(UNSUPPORTED));
        }
        let size = usize::try_from(len).map_err(|_| Code(INVALID_PARAMETER))?;
        let mut bytes = vec![0_u8; size];
        // SAFETY: the caller vouches for `len` bytes.
        unsafe { buffer.copy_to_nonoverlapping(bytes.as_mut_ptr(), size) };
        file.as_ref().write_all(&bytes)?;
        // SAFETY: the caller vouches for it.
        unsafe { count.write(len) };
        Ok(1)
    };
    error::or(0, write())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn SetFilePointerEx(
    file: Handle,
    distance: i64,
    position: *mut i64,
    origin: u32,
) -> c_int {
    let moved = handle::file(file).and_then(|file| seek(&file, distance, origin));
    error::or(
        0,
        moved.map(|at| {
            if !position.is_null() {
                // SAFETY: the caller vouches for it.
                unsafe { position.write(i64::try_from(at).unwrap_or(i64::MAX)) };
            }
            1
        }),
    )
}

#[unsafe(no_mangle)]
extern "C" fn SetEndOfFile(file: Handle) -> c_int {
    let set = || {
        let file = handle::file(file)?;
        file.set_len(seek(&file, 0, 1)?)?;
        Ok(1)
    };
    error::or(0, set())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn GetFileSizeEx(file: Handle, size: *mut i64) -> c_int {
    let length = || Ok::<_, Code>(handle::file(file)?.metadata()?.len());
    error::or(
        0,
        length().map(|length| {
            // SAFETY: the caller vouches for it.
            unsafe { size.write(i64::try_from(length).unwrap_or(i64::MAX)) };
            1
        }),
    )
}

#[unsafe(no_mangle)]
extern "C" fn FlushFileBuffers(file: Handle) -> c_int {
    let flush = || {
        handle::file(file)?.sync_all()?;
        Ok(1)
    };
    error::or(0, flush())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn DeleteFileA(path: *const c_char) -> c_int {
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let path = unsafe { text::bytes(path) };
    let remove = || {
        fs::remove_file(path?.ok_or(Code(INVALID_NAME))?)?;
        Ok(1)
    };
    error::or(0, remove())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn MoveFileExA(from: *const c_char, to: *const c_char, flags: u32) -> c_int {
    // SAFETY: the caller vouches for its pointers, as on Windows.
    let from = unsafe { text::bytes(from) };
    // SAFETY: as above.
    let to = unsafe { text::bytes(to) };
    let rename = || {
        let to = to?.ok_or(Code(INVALID_NAME))?;
        if flags & 1 == 0 && fs::exists(&to)? {
            return Err(Code(error::ALREADY_EXISTS));
        }
        fs::rename(from?.ok_or(Code(INVALID_NAME))?, to)?;
        Ok(1)
    };
    error::or(0, rename())
}
