//! Memory that functions give to programs, which release it by `LocalFree`.

use std::collections::BTreeMap;
use std::ptr::null_mut;

use crate::boundary::{Code, quiet};
use crate::fork_lock::ForkLock;
use crate::windows::{ERROR_INVALID_HANDLE, HLOCAL, LPVOID};

/// What programs have; in units of 64 bits, so that it is aligned for whatever is in it.
static GIVEN: ForkLock<BTreeMap<usize, Box<[u64]>>> = ForkLock::new(BTreeMap::new());

/// Returns new memory of so many bytes, which are 0.
pub(super) fn allocate(bytes: usize) -> LPVOID {
    let mut buffer = vec![0_u64; bytes.div_ceil(size_of::<u64>()).max(1)].into_boxed_slice();
    let address: LPVOID = buffer.as_mut_ptr().cast();
    GIVEN.write().insert(address.addr(), buffer);
    address
}

/// Frees what `FormatMessage` or `ConvertStringSecurityDescriptorToSecurityDescriptor` has
/// allocated.
///
/// Returns NULL, and on failure the address: `ERROR_INVALID_HANDLE` if it is no such memory.
#[unsafe(no_mangle)]
pub extern "C" fn LocalFree(hMem: HLOCAL) -> HLOCAL {
    quiet(hMem, || {
        if hMem.is_null() || GIVEN.write().remove(&hMem.addr()).is_some() {
            return Ok(null_mut());
        }
        Err(Code(ERROR_INVALID_HANDLE))
    })
}
