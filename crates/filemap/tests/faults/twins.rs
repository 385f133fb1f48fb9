//! Two copies of the library in one process: this program's, and that of a shared library which
//! it loads.

#![expect(unsafe_code, reason = "a library is loaded, and called, by pointers")]

use std::ffi::{CString, c_int, c_void};
use std::mem::transmute;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::children::{cut_view, guard_works, guard_works_on, in_child};
use crate::support::{page, role};
use crate::zeros::{peek, zeros_view};

#[path = "../twin/library.rs"]
mod build;

/// The shared library, where there can be one; built by the first process, and there for the
/// others.
fn library() -> Option<PathBuf> {
    build::library(role().is_none())
}

struct Twin {
    library: *mut c_void,
    prepare: extern "C" fn() -> c_int,
    view: extern "C" fn() -> *const c_void,
    survives: unsafe extern "C" fn(*const c_void) -> c_int,
    probe: extern "C" fn() -> c_int,
    zeros: extern "C" fn() -> c_int,
}

impl Twin {
    fn load() -> Self {
        let path = library().expect("it was built").into_os_string().into_encoded_bytes();
        let path = CString::new(path).expect("a path has no zero");
        // SAFETY: a library of these tests, whose loading has no effect.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!library.is_null(), "the twin cannot be loaded");
        let find = |name: &std::ffi::CStr| {
            // SAFETY: the library was loaded, and the name ends with a zero.
            let function = unsafe { libc::dlsym(library, name.as_ptr()) };
            assert!(!function.is_null(), "{name:?} is missing");
            function
        };
        type Simple = extern "C" fn() -> c_int;
        type Makes = extern "C" fn() -> *const c_void;
        type Takes = unsafe extern "C" fn(*const c_void) -> c_int;
        Self {
            library,
            // SAFETY: the library defines the function with this type.
            prepare: unsafe { transmute::<*mut c_void, Simple>(find(c"twin_prepare")) },
            // SAFETY: as above.
            view: unsafe { transmute::<*mut c_void, Makes>(find(c"twin_view")) },
            // SAFETY: as above.
            survives: unsafe { transmute::<*mut c_void, Takes>(find(c"twin_survives")) },
            // SAFETY: as above.
            probe: unsafe { transmute::<*mut c_void, Simple>(find(c"twin_probe")) },
            // SAFETY: as above.
            zeros: unsafe { transmute::<*mut c_void, Simple>(find(c"twin_zeros")) },
        }
    }

    fn prepare(&self) {
        assert_eq!((self.prepare)(), 0);
    }

    /// Makes a view of the twin's with a lost page, and puts the twin's handler on top.
    fn view(&self) -> *const c_void {
        let view = (self.view)();
        assert!(!view.is_null());
        view
    }

    fn survives(&self, view: *const c_void) -> bool {
        // SAFETY: made by `view`, and not null.
        unsafe { (self.survives)(view) == 0 }
    }

    fn works(&self) -> bool {
        (self.probe)() == 0
    }
}

/// Puts this program's own copy on top.
fn prepare() {
    filemap::prepare_thread().expect("this process may handle signals");
}

static CALLS: AtomicU32 = AtomicU32::new(0);

extern "C" fn counts(_: c_int) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

#[expect(clippy::fn_to_numeric_cast_any, reason = "this is how the C function takes it")]
fn install_counting() {
    let handler: extern "C" fn(c_int) = counts;
    // SAFETY: a handler that only counts.
    unsafe { libc::signal(libc::SIGBUS, (handler as *const ()).addr()) };
}

fn send() {
    // SAFETY: sends a signal to this thread.
    unsafe { libc::raise(libc::SIGBUS) };
}

#[test]
fn two_copies_guard_each_its_own_whoever_came_last() {
    if library().is_none() {
        return;
    }
    in_child(|| {
        let twin = Twin::load();
        let ours = cut_view().expect("a view can be mapped");
        assert!(guard_works_on(&ours));

        let its = twin.view();
        assert!(twin.survives(its), "on top");
        assert!(guard_works_on(&ours), "below the other copy");
        assert!(guard_works(), "on top again");
        assert!(twin.survives(its), "below this copy");
        assert!(twin.works(), "and on top again");
        assert!(guard_works_on(&ours), "below again");
    })
    .came_through();
}

#[test]
fn two_copies_replace_each_its_own_pages() {
    if library().is_none() {
        return;
    }
    in_child(|| {
        let twin = Twin::load();
        let ours = || {
            let (view, file) = zeros_view();
            file.set_len(0).expect("the file can be cut");
            view
        };
        let below = ours();
        for _ in 0..3 {
            assert_eq!((twin.zeros)(), 0, "on top");
            let above = ours();
            assert_eq!((peek(&above, 5), peek(&above, page())), (0, 0));
            assert!(twin.works() && guard_works());
        }
        assert_eq!((twin.zeros)(), 0);
        assert_eq!(peek(&below, 5), 0, "below the other copy");
        assert_eq!(below.lost().len(), 1);
    })
    .came_through();
}

#[test]
fn a_library_that_has_mapped_something_is_never_unloaded() {
    if library().is_none() {
        return;
    }
    in_child(|| {
        let is_loaded = || {
            let name = library().expect("it was built").into_os_string().into_encoded_bytes();
            let name = CString::new(name).expect("a path has no zero");
            // SAFETY: the name ends with a zero, and nothing is loaded.
            !unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) }.is_null()
        };
        for maps in [false, true] {
            let twin = Twin::load();
            assert!(!maps || twin.works());
            // SAFETY: the program calls nothing of it from here on.
            assert_eq!(unsafe { libc::dlclose(twin.library) }, 0);
            assert_eq!(is_loaded(), maps);
        }
        // Its handler is asked first.
        install_counting();
        assert!(guard_works());
        send();
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    })
    .came_through();
}

#[test]
fn what_neither_copy_guards_reaches_the_handler_before_both() {
    if library().is_none() {
        return;
    }
    in_child(|| {
        let twin = Twin::load();
        install_counting();
        for round in 0..20 {
            prepare();
            send();
            twin.prepare();
            send();
            assert_eq!(CALLS.load(Ordering::Relaxed), 2 * (round + 1));
        }
        assert!(guard_works() && twin.works());
    })
    .came_through();
}

#[test]
fn a_fault_that_neither_copy_guards_kills() {
    if library().is_none() {
        return;
    }
    in_child(|| {
        let twin = Twin::load();
        let view = cut_view().expect("a view can be mapped");
        for _ in 0..3 {
            twin.prepare();
            prepare();
        }
        assert!(guard_works_on(&view) && twin.works());
        let lost = view.as_ptr().wrapping_add(page());
        // SAFETY: the second page of a view that lives, mapped for reading; the fault that this raises is the point.
        std::hint::black_box(unsafe { lost.read_volatile() });
    })
    .died_of(libc::SIGBUS);
}
