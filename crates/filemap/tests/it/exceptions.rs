//! Exceptions on Windows: the library's handler takes those of its own instructions, and no others.

#![expect(unsafe_code, reason = "exceptions are raised, and handlers are the system's")]

use std::ffi::CString;
use std::fs::{self, File};
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use filemap::{Access, ErrorKind, FileMapping, Loss, PositionedIo, page_size};
use windows_sys::Win32::Foundation::FreeLibrary;
use windows_sys::Win32::Foundation::{EXCEPTION_ACCESS_VIOLATION, STATUS_DEBUGGER_INACTIVE};
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, EXCEPTION_CONTINUE_EXECUTION, EXCEPTION_CONTINUE_SEARCH,
    EXCEPTION_POINTERS, RaiseException,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress, LoadLibraryA};

use crate::lost::{broken, lost};
use crate::support::{Outcome, Place, Second, eventually, kind, role, wine};

/// An exception that nobody but these tests knows.
const OURS: u32 = 0xE000_F11E;

/// What the handler of a host saw: its own exceptions, and access violations.
static SEEN: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

unsafe extern "system" fn host(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system passes what it tells about the exception.
    let record = unsafe { (*exception).ExceptionRecord };
    // SAFETY: and in it a record.
    let code = unsafe { (*record).ExceptionCode };
    if code.cast_unsigned() == OURS {
        SEEN[0].fetch_add(1, Ordering::Relaxed);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    SEEN[1].fetch_add(u32::from(code == EXCEPTION_ACCESS_VIOLATION), Ordering::Relaxed);
    EXCEPTION_CONTINUE_SEARCH
}

/// Adds the handler of a host, in front of all others or behind them.
fn add(in_front: bool) {
    // SAFETY: the handler is a function, and there as long as the process.
    let added = unsafe { AddVectoredExceptionHandler(u32::from(in_front), Some(host)) };
    assert!(!added.is_null(), "a handler can be added");
}

fn raise() {
    // SAFETY: an exception without arguments, which the handler above lets go on.
    unsafe { RaiseException(OURS, 0, 0, ptr::null()) };
}

/// Whether a copy that meets a lost page is an error.
fn guard_works() -> bool {
    let view = broken().expect("a view can be mapped");
    kind(view.read::<u8>(2 * page_size())) == ErrorKind::Lost
}

/// The exit code of a process that plays a role of a test.
fn code_of(test: &str, role: &str) -> Option<i32> {
    let place = Place::new();
    let mut second: Second = place.child(test, role);
    second.process.wait().expect("a child can be waited for").code()
}

#[test]
fn a_handler_of_the_host_sees_what_is_its_own_wherever_it_stands() {
    const TEST: &str = "exceptions::a_handler_of_the_host_sees_what_is_its_own_wherever_it_stands";
    let Some(role) = role() else {
        for role in ["before, in front", "before, behind", "after, in front", "after, behind"] {
            assert_eq!(code_of(TEST, role), Some(0), "{role}");
        }
        return;
    };
    let (after, in_front) = (role.contains("after"), role.contains("in front"));
    if !after {
        add(in_front);
    }
    assert!(guard_works(), "at first");
    if after {
        add(in_front);
    }

    for round in 1..=20 {
        raise();
        assert_eq!(SEEN[0].load(Ordering::Relaxed), round);
        assert!(guard_works(), "round {round}");
    }

    // Who stands in front of the library sees lost pages too, and hands them on.
    let seen = SEEN[1].load(Ordering::Relaxed);
    assert_eq!(seen > 0, after && in_front, "{role}: {seen} violations");
}

#[test]
fn a_touch_that_is_not_the_librarys_kills_as_ever() {
    const TEST: &str = "exceptions::a_touch_that_is_not_the_librarys_kills_as_ever";
    if role().is_some() {
        assert!(guard_works());
        let view = broken().expect("a view can be mapped");
        let gone = view.as_ptr().wrapping_add(2 * page_size());
        // SAFETY: inside a view that lives; the exception that this raises is the point.
        black_box(unsafe { gone.read_volatile() });
        return;
    }

    // Wine calls its debugger first. Where that fails, its own failure is the end.
    let no_debugger = wine().then_some(STATUS_DEBUGGER_INACTIVE);
    let code = code_of(TEST, "touches");
    assert!(code == Some(EXCEPTION_ACCESS_VIOLATION) || code == no_debugger, "{code:?}");
}

/// Whether a library of this name is in the process.
fn is_loaded(library: &CString) -> bool {
    // SAFETY: the name ends with a zero.
    !unsafe { GetModuleHandleA(library.as_ptr().cast()) }.is_null()
}

#[test]
fn a_library_that_has_mapped_something_is_never_unloaded() -> Outcome {
    let program = std::env::current_exe()?;
    let beside = program.ancestors().nth(2).ok_or("the folder of cargo has one above")?;
    let path = beside.join("filemap_twin.dll");
    if !path.is_file() {
        println!("skipped: `cargo build --package filemap-twin` makes the library");
        return Ok(());
    }
    let library = CString::new(path.into_os_string().into_encoded_bytes())?;

    for maps in [false, true] {
        // SAFETY: the name ends with a zero; loading the library has no effect.
        let loaded = unsafe { LoadLibraryA(library.as_ptr().cast()) };
        assert!(is_loaded(&library));
        if maps {
            // SAFETY: the module was loaded, and the name ends with a zero.
            let found = unsafe { GetProcAddress(loaded, c"twin_view".as_ptr().cast()) };
            let map = found.ok_or("the library has the function")?;
            // SAFETY: the function returns a pointer, and takes nothing.
            unsafe { map() };
        }

        // SAFETY: nothing of the library is used from here on, but by the system.
        assert_ne!(unsafe { FreeLibrary(loaded) }, 0);

        assert_eq!(is_loaded(&library), maps);
        // An exception asks every handler.
        assert!(guard_works());
    }
    Ok(())
}

#[test]
fn a_panic_around_lost_pages_unwinds_as_ever() {
    let view = broken().expect("a view can be mapped");
    let gone = 2 * page_size();

    for _ in 0..10 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let loss = lost(view.read::<u8>(gone));
            panic!("{loss:?}");
        }));
        assert!(panicked.is_err());
        assert_eq!(lost(view.fill(0, view.len(), 7)).map(|loss| loss.done), Some(gone));
    }
}

/// Windows lets nobody cut a mapped file, as `a_new_length_cuts_off_or_adds_zeros` shows. The
/// system below Wine knows nothing of that.
#[test]
fn a_file_that_is_cut_behind_wines_back_is_an_error() -> Outcome {
    if !wine() {
        return Ok(());
    }
    let place = tempfile::tempdir_in("Z:\\tmp")?;
    let (path, page) = (place.path().join("file"), page_size());
    fs::write(&path, vec![7; 4 * page])?;
    let file = File::options().read(true).write(true).open(&path)?;
    let view = FileMapping::options().file(&file).create()?.map(Access::Write)?;
    assert_eq!(view.read::<u8>(3 * page)?, 7);

    let below = path.to_str().ok_or("a path is text")?.replace("Z:", "").replace('\\', "/");
    let mut command = Command::new("Z:\\usr\\bin\\truncate");
    // It is no process of Wine's, so nothing can be learned of its end but by its deed.
    drop(command.args(["-s", &page.to_string(), &below]).status());
    eventually("the file is cut", || {
        fs::metadata(&path).is_ok_and(|told| told.len() == page as u64)
    });

    let mut seen = vec![0; 2 * page];
    let loss = Loss { offset: page as u64, done: page };
    assert_eq!(lost(view.read_exact_at(&mut seen, 0)), Some(loss));
    assert!(seen[..page].iter().all(|byte| *byte == 7));
    assert_eq!(
        lost(view.write_all_at(&[9; 100], (page - 8) as u64)).map(|loss| loss.done),
        Some(8)
    );
    assert_eq!(view.read::<u8>(page - 8)?, 9);
    Ok(())
}
