//! What the compiler and its core library expect of the system, where there is no standard library.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::panic::PanicInfo;

use super::functions::{ExitProcess, GetProcessHeap, HeapAlloc, HeapFree};

/// The process's heap, whose memory is aligned to 16 bytes.
struct Heap;

// SAFETY: HeapAlloc returns memory of that size that nobody else has, until HeapFree; a layout that
// needs a larger alignment than it gives is refused.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 16 {
            return core::ptr::null_mut();
        }
        // SAFETY: it has no preconditions.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the heap is the process's own.
        unsafe { HeapAlloc(heap, 0, layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _layout: Layout) {
        // SAFETY: it has no preconditions.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the caller has the memory from `alloc`, and so from this heap.
        unsafe { HeapFree(heap, 0, memory.cast()) };
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panicked(_info: &PanicInfo<'_>) -> ! {
    // SAFETY: it has no preconditions.
    unsafe { ExitProcess(crate::REFUSED) }
}

/// Where the system begins a program without a runtime (the linker's default for consoles).
// SAFETY: nobody else has this name, which the linker looks for.
#[unsafe(no_mangle)]
extern "system" fn mainCRTStartup() -> ! {
    let code = crate::start();
    // SAFETY: it has no preconditions.
    unsafe { ExitProcess(code) }
}

/// The compiler's sign that a program has floating point numbers.
// SAFETY: nobody else has this name; without a C runtime nobody defines it.
#[unsafe(no_mangle)]
static _fltused: i32 = 0;

/// Named by the tables of exceptions of a core library that was built to unwind; never called.
// SAFETY: nobody else has this name; without a C runtime nobody defines it.
#[unsafe(no_mangle)]
extern "C" fn __CxxFrameHandler3() {}

// ntdll has them.
#[expect(dead_code, reason = "the compiler calls them by name")]
#[link(name = "ntdll", kind = "raw-dylib")]
unsafe extern "C" {
    fn memcpy(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
    fn memmove(to: *mut c_void, from: *const c_void, len: usize) -> *mut c_void;
    fn memset(to: *mut c_void, byte: i32, len: usize) -> *mut c_void;
    fn memcmp(one: *const c_void, other: *const c_void, len: usize) -> i32;
    fn __chkstk();
}
