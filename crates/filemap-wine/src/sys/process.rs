//! Processes: the game, and native ones that are handed a section.

use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr;

use super::functions::{
    AssignProcessToJobObject, CreateJobObjectW, CreateProcessW, DuplicateHandle, GetCurrentProcess,
    GetExitCodeProcess, GetModuleHandleW, GetProcAddress, GetProcessHeap, GetStdHandle, HeapFree,
    ProcessInformation, QueryInformationJobObject, Raw, RtlGetCurrentPeb, StartupInfo,
    WaitForSingleObject,
};
use super::handle::{Handle, last_error};
use super::system::{outside, split_word, wide};

/// `STD_INPUT_HANDLE`, `STD_OUTPUT_HANDLE`, `STD_ERROR_HANDLE`.
const INPUT: u32 = -10_i32 as u32;
const OUTPUT: u32 = -11_i32 as u32;
const ERROR: u32 = -12_i32 as u32;

/// `STARTF_USESTDHANDLES`.
const USE_HANDLES: u32 = 0x100;

/// `DUPLICATE_SAME_ACCESS`.
const SAME_ACCESS: u32 = 2;

/// Wine's own `CONSOLE_HANDLE_SHELL_NO_WINDOW`, which is -4.
const CONSOLE_OF_A_SHELL: usize = usize::MAX - 3;

/// `INFINITE`.
const FOREVER: u32 = u32::MAX;

/// Starts a command line with this process's standard handles.
///
/// A first word that is a path of the system around Wine becomes one that Windows programs know.
pub(crate) fn start(line: &[u16]) -> Result<Handle, u32> {
    let (program, rest) = split_word(line);
    let mut line = match inside(program) {
        Some(path) => {
            let quote = u16::from(b'"');
            let mut line = Vec::from([quote]);
            line.extend(path);
            line.extend([quote, u16::from(b' ')]);
            line.extend(rest);
            line
        }
        None => line.to_vec(),
    };
    line.push(0);
    create(ptr::null(), &mut line, &startup())
}

/// Starts a native program with a section as its standard input. It is nobody's child, and tells
/// nothing by its end.
pub(crate) fn start_native(program: &str, line: &str, section: &Handle) -> Result<(), u32> {
    let (program, mut line) = (outside(program), wide(line));
    let (process, mut inherited) = (current(), ptr::null_mut());
    // SAFETY: both handles are open, and the place is a handle of its own.
    let done = unsafe {
        DuplicateHandle(process, section.raw(), process, &mut inherited, 0, 1, SAME_ACCESS)
    };
    if done == 0 {
        return Err(last_error());
    }
    let inherited = Handle::new(inherited)?;
    let mut startup = startup();
    startup.input = inherited.raw();
    create(program.as_ptr(), &mut line, &startup).map(drop)
}

/// Makes this process seem to have the console of a shell, if it has none.
///
/// Wine gives what a process without a console starts a console of its own, and no input or output of
/// the system around it. The handle is compared with nothing, and never used.
fn pretend_console() {
    // SAFETY: it has no preconditions.
    let environment = unsafe { RtlGetCurrentPeb() };
    // SAFETY: the environment of a process lives as long as the process.
    let parameters = unsafe { (*environment).parameters };
    // SAFETY: so do its parameters, and no other thread is there to use them.
    let console = unsafe { &mut (*parameters).console };
    if console.is_null() {
        *console = ptr::without_provenance_mut(CONSOLE_OF_A_SHELL);
    }
}

/// `application` is null or ends with a zero, as `line` does.
fn create(application: *const u16, line: &mut [u16], startup: &StartupInfo) -> Result<Handle, u32> {
    assert_eq!(line.last(), Some(&0));
    pretend_console();
    let mut made = ProcessInformation {
        process: ptr::null_mut(),
        thread: ptr::null_mut(),
        process_id: 0,
        thread_id: 0,
    };
    let none = ptr::null::<c_void>();
    // SAFETY: texts end with a zero, the structures live until the call returns, and the handles in
    // them are open.
    let done = unsafe {
        CreateProcessW(
            application,
            line.as_mut_ptr(),
            none,
            none,
            1,
            0,
            none,
            ptr::null(),
            startup,
            &mut made,
        )
    };
    if done == 0 {
        return Err(last_error());
    }
    drop(Handle::new(made.thread));
    // A native program has no handle.
    Ok(Handle::new(made.process).unwrap_or_else(|_| Handle::borrowed(ptr::null_mut())))
}

/// Waits for the end of a process, and returns its exit code.
pub(crate) fn wait(process: &Handle) -> u32 {
    // SAFETY: the handle is open.
    unsafe { WaitForSingleObject(process.raw(), FOREVER) };
    let mut code = 0;
    // SAFETY: the handle is open, and the place is a number of its own.
    unsafe { GetExitCodeProcess(process.raw(), &mut code) };
    code
}

/// This process, and all that it starts from now on.
#[derive(Debug)]
pub(crate) struct Job(Handle);

/// `JOBOBJECT_BASIC_ACCOUNTING_INFORMATION`.
#[repr(C)]
#[derive(Default)]
struct Accounting {
    times: [i64; 4],
    faults: u32,
    total: u32,
    active: u32,
    terminated: u32,
}

impl Job {
    /// None if the system has no jobs, or this process is in one that it cannot add to.
    pub(crate) fn around_this() -> Option<Self> {
        // SAFETY: it has no name and no security.
        let job = Handle::new(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) }).ok()?;
        // SAFETY: both handles are open.
        let done = unsafe { AssignProcessToJobObject(job.raw(), current()) };
        (done != 0).then_some(Self(job))
    }

    /// Returns whether a process other than this one is in it.
    pub(crate) fn has_others(&self) -> bool {
        let mut accounting = Accounting::default();
        let (place, len) = (&raw mut accounting, size_of::<Accounting>() as u32);
        // SAFETY: the place has that many bytes, and the handle is open.
        unsafe { QueryInformationJobObject(self.0.raw(), 1, place.cast(), len, ptr::null_mut()) };
        accounting.active > 1
    }
}

fn current() -> Raw {
    // SAFETY: it has no preconditions.
    unsafe { GetCurrentProcess() }
}

/// This process's standard handles.
fn startup() -> StartupInfo {
    // SAFETY: it has no preconditions.
    let [input, output, error] = [INPUT, OUTPUT, ERROR].map(|which| unsafe { GetStdHandle(which) });
    StartupInfo {
        size: size_of::<StartupInfo>() as u32,
        reserved: ptr::null_mut(),
        desktop: ptr::null_mut(),
        title: ptr::null_mut(),
        place: [0; 7],
        flags: USE_HANDLES,
        show_window: 0,
        reserved_len: 0,
        reserved_bytes: ptr::null_mut(),
        input,
        output,
        error,
    }
}

/// Returns how Windows programs call a path of the system around Wine; none if it is not one.
fn inside(path: &[u16]) -> Option<Vec<u16>> {
    type Function = extern "C" fn(*const u8) -> *mut u16;
    if path.first() != Some(&u16::from(b'/')) {
        return None;
    }
    // SAFETY: the name ends with a zero.
    let kernel = unsafe { GetModuleHandleW(wide("kernel32.dll").as_ptr()) };
    // SAFETY: the module is always there, and the name ends with a zero.
    let function = unsafe { GetProcAddress(kernel, c"wine_get_dos_file_name".as_ptr().cast()) };
    if function.is_null() {
        return None;
    }
    // SAFETY: Wine declares it as `WCHAR * CDECL wine_get_dos_file_name(LPCSTR)`.
    let function = unsafe { core::mem::transmute::<*mut c_void, Function>(function) };
    let text = alloc::string::String::from_utf16_lossy(path) + "\0";
    let start = function(text.as_ptr());
    if start.is_null() {
        return None;
    }
    let mut units = Vec::new();
    for at in 0.. {
        // SAFETY: the text ends with a zero, before which the loop has not stopped.
        let unit = unsafe { start.add(at) };
        // SAFETY: as above.
        match unsafe { unit.read() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    // SAFETY: it has no preconditions.
    let heap = unsafe { GetProcessHeap() };
    // SAFETY: Wine's caller frees the text, which is of this heap.
    unsafe { HeapFree(heap, 0, start.cast()) };
    Some(units)
}
