//! The C interface: what a call costs over the library's own, and a view over `mmap`.

#![expect(unsafe_code, reason = "functions of C, of a library that is loaded")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::mem::transmute_copy;
use std::ptr::{null, null_mut, without_provenance_mut};
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Flush, Protection, View};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::Result;
use crate::harness::{Contestant, Effort, Pair, Table, Target, compare, compare_pairs, each};

/// Bytes of a view.
const LEN: usize = 65536;

/// Calls in one measurement.
const COUNT: usize = 2000;

/// What a view by the C interface may cost, beside the bare calls.
const MAPPED: f64 = 1.3;

/// Why it costs more.
const PLACED: &str = "The calls are the same two. The view lies at a multiple of 64 KiB, as all views \
                      do on Windows, and not where the kernel would put it, and by a profile the rest \
                      of the time is the kernel's, which brings its tree of mappings into balance \
                      there; the handler of faults is looked after by two calls more, as the row \
                      without it shows.";

type Handle = *mut c_void;
type Create = unsafe extern "C" fn(Handle, *const c_void, u32, u32, u32, *const c_char) -> Handle;
type Open = unsafe extern "C" fn(u32, c_int, *const c_char) -> Handle;
type Map = unsafe extern "C" fn(Handle, u32, u32, u32, usize) -> *mut c_void;
type Unmap = unsafe extern "C" fn(*const c_void) -> c_int;
type FlushView = unsafe extern "C" fn(*const c_void, usize) -> c_int;
type Query = unsafe extern "C" fn(*const c_void, *mut c_void, usize) -> usize;
type Copy = unsafe extern "C" fn(*const c_void, *mut c_void, usize, *mut usize) -> c_int;

/// The functions that are measured.
struct Library {
    create: Create,
    open: Open,
    close: Unmap,
    map: Map,
    unmap: Unmap,
    flush: FlushView,
    query: Query,
    read: Copy,
    write: Copy,
}

impl Library {
    /// Loads `libfilemap.so`, which `cargo xtask bench` has built beside this program.
    fn load() -> Result<Self> {
        let program = std::env::current_exe()?;
        let path = program.with_file_name("libfilemap.so");
        let name = CString::new(path.as_os_str().as_encoded_bytes())?;
        // SAFETY: a library of this project's, whose loading has no effect.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            return Err(format!(
                "{} cannot be loaded; `cargo xtask bench` builds it",
                path.display()
            )
            .into());
        }
        Ok(Self {
            // SAFETY: the header says of each function what its type says here.
            create: unsafe { function(library, c"CreateFileMappingA") }?,
            // SAFETY: as above.
            open: unsafe { function(library, c"OpenFileMappingA") }?,
            // SAFETY: as above.
            close: unsafe { function(library, c"CloseHandle") }?,
            // SAFETY: as above.
            map: unsafe { function(library, c"MapViewOfFile") }?,
            // SAFETY: as above.
            unmap: unsafe { function(library, c"UnmapViewOfFile") }?,
            // SAFETY: as above.
            flush: unsafe { function(library, c"FlushViewOfFile") }?,
            // SAFETY: as above.
            query: unsafe { function(library, c"VirtualQuery") }?,
            // SAFETY: as above.
            read: unsafe { function(library, c"filemap_read") }?,
            // SAFETY: as above.
            write: unsafe { function(library, c"filemap_write") }?,
        })
    }

    fn memory(&self, name: *const c_char) -> Handle {
        let nothing = without_provenance_mut(usize::MAX);
        // SAFETY: no file, no attributes, and a name that is null or ends with a NUL.
        unsafe { (self.create)(nothing, null(), 4, 0, 1 << 20, name) }
    }
}

/// Finds a function.
///
/// # Safety
///
/// It is of the type `F`, which is one of functions.
unsafe fn function<F>(library: *mut c_void, name: &CStr) -> Result<F> {
    // SAFETY: the library is loaded, and the name ends with a NUL.
    let found = unsafe { libc::dlsym(library, name.as_ptr()) };
    if found.is_null() {
        return Err(format!("{name:?} is missing").into());
    }
    // SAFETY: the caller vouches for it.
    Ok(unsafe { transmute_copy::<*mut c_void, F>(&found) })
}

pub(crate) fn measure(effort: Effort) -> Result<Vec<Table>> {
    let library = Library::load()?;
    let mapping = FileMapping::create(1 << 20, Protection::ReadWrite)?;
    let handle = library.memory(null());
    Ok(vec![
        mapped(effort, &library, &mapping, handle, false)?,
        mapped(effort, &library, &mapping, handle, true)?,
        calls(effort, &library, &mapping, handle)?,
    ])
}

/// Views of 64 KiB beside what the system does for one.
fn mapped(
    effort: Effort,
    library: &Library,
    mapping: &FileMapping,
    handle: Handle,
    touched: bool,
) -> Result<Table> {
    let touch = move |address: *mut c_void| {
        if touched {
            // SAFETY: the address of a view that can be written, and that nobody else has.
            unsafe { address.cast::<u8>().write_volatile(1) };
        }
    };
    let base = Contestant::new("`mmap` and `munmap`", move |_| {
        timed(|| {
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            let descriptor = mapping.descriptor();
            // SAFETY: without an address the system picks a free range.
            let address =
                unsafe { mmap(null_mut(), LEN, protection, MapFlags::SHARED, descriptor, 0) }?;
            touch(black_box(address));
            // SAFETY: the range was just mapped, and nobody else knows it.
            Ok(unsafe { munmap(address, LEN) }?)
        })
    });
    let ours = Contestant::new("`ViewOptions::map`, strict, and dropping it", move |_| {
        timed(|| {
            let view = mapping.view(Access::Write).len(LEN).strict().map()?;
            touch(black_box(address_of(&view)));
            Ok(())
        })
    });
    let bare = Contestant::new("the same, unguarded", move |_| {
        timed(|| {
            let view = mapping.view(Access::Write).len(LEN).strict().unguarded().map()?;
            touch(black_box(address_of(&view)));
            Ok(())
        })
    });
    let c = Contestant::new("`MapViewOfFile` and `UnmapViewOfFile`", move |_| {
        timed(|| {
            // SAFETY: a handle that is open.
            let address = unsafe { (library.map)(handle, 2, 0, 0, LEN) };
            if address.is_null() {
                return Err("no view".into());
            }
            touch(black_box(address));
            // SAFETY: the address of a view.
            unsafe { (library.unmap)(address) };
            Ok(())
        })
    });
    let how = if touched { "with one store" } else { "untouched" };
    compare(
        format!("Views of 64 KiB of memory, {how}, by the C interface"),
        "to map and to unmap a view",
        effort.rounds,
        base,
        vec![ours, bare, c.within(Target::Ratio(MAPPED)).limited(PLACED, Target::Ratio(2.5))],
    )
}

fn address_of(view: &View) -> *mut c_void {
    // SAFETY: used while the view is there, for its first byte, which nobody else has.
    unsafe { view.raw().pointer() }.as_ptr().cast()
}

/// Calls beside the library's own.
fn calls(
    effort: Effort,
    library: &Library,
    mapping: &FileMapping,
    handle: Handle,
) -> Result<Table> {
    let name = format!("bench-{}", std::process::id());
    let c_name = CString::new(name.clone())?;
    let held = FileMapping::options().name(&name).size(4096).create()?;
    let view = mapping.map(Access::Write)?;
    // SAFETY: a handle that is open.
    let address = unsafe { (library.map)(handle, 2, 0, 0, 0) };
    let (view, name, c_name) = (&view, &name, &c_name);
    let pairs = vec![
        pair(
            "`CreateFileMappingA` and `CloseHandle`, beside `FileMapping::create` and `close`",
            || Ok(FileMapping::create(1 << 20, Protection::ReadWrite)?.close()?),
            move || {
                // SAFETY: a handle that was just made.
                unsafe { (library.close)(library.memory(null())) };
                Ok(())
            },
        ),
        pair(
            "`OpenFileMappingA` and `CloseHandle`, beside `FileMapping::open` and `close`",
            move || Ok(FileMapping::open(name)?.close()?),
            move || {
                // SAFETY: the name ends with a NUL.
                let found = unsafe { (library.open)(6, 0, c_name.as_ptr()) };
                // SAFETY: a handle that was just made.
                unsafe { (library.close)(found) };
                Ok(())
            },
        ),
        pair(
            "`FlushViewOfFile` of memory, beside `View::flush`",
            move || Ok(view.flush(.., Flush::Written)?),
            move || {
                // SAFETY: the address of a view.
                unsafe { (library.flush)(address, 0) };
                Ok(())
            },
        ),
        pair(
            "`VirtualQuery`, beside `View::pages_at`",
            move || {
                black_box(view.pages_at(0)?);
                Ok(())
            },
            move || {
                let mut found = [0_usize; 6];
                // SAFETY: there is room for the structure, which has 48 bytes.
                unsafe { (library.query)(address, found.as_mut_ptr().cast(), size_of_val(&found)) };
                black_box(found);
                Ok(())
            },
        ),
        pair(
            "`filemap_read` of 64 bytes, beside `View::read_at`",
            move || Ok(view.read_at(100, black_box(&mut [0; 64]))?),
            move || {
                let mut buf = [0_u8; 64];
                // SAFETY: the address of a view, and a buffer of as many bytes as are said.
                unsafe { (library.read)(address, buf.as_mut_ptr().cast(), 64, null_mut()) };
                black_box(buf);
                Ok(())
            },
        ),
        pair(
            "`filemap_write` of 64 bytes, beside `View::write_at`",
            move || Ok(view.write_at(100, black_box(&[7; 64]))?),
            move || {
                let mut buf = black_box([7_u8; 64]);
                // SAFETY: as above.
                unsafe { (library.write)(address, buf.as_mut_ptr().cast(), 64, null_mut()) };
                Ok(())
            },
        ),
    ];
    let base = "the library's own call";
    let table =
        compare_pairs("Calls of the C interface", "one call, or two", effort.rounds, base, pairs);
    held.close()?;
    table
}

fn pair<'a>(
    name: &str,
    base: impl Fn() -> Result<()> + 'a,
    own: impl Fn() -> Result<()> + 'a,
) -> Pair<'a> {
    Pair { base: Box::new(move |_| timed(&base)), own: Contestant::new(name, move |_| timed(&own)) }
}

/// The time of one of many.
fn timed(run: impl Fn() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..COUNT {
        run()?;
    }
    Ok(each(start.elapsed(), COUNT))
}
