//! Calls that create objects, change them, and ask for their state.

#![expect(unsafe_code, reason = "calls on the kernel's objects")]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _};
use std::os::windows::io::{OwnedHandle, RawHandle};

use windows_sys::Win32::Foundation::{
    CompareObjectHandles, ERROR_ALREADY_EXISTS, GetLastError, NTSTATUS,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::System::Threading::{
    CREATE_EVENT_INITIAL_SET, CREATE_EVENT_MANUAL_RESET, CREATE_MUTEX_INITIAL_OWNER,
    CreateEventExW, CreateMutexExW, CreateSemaphoreExW, EVENT_MODIFY_STATE, MUTEX_MODIFY_STATE,
    PulseEvent, ReleaseMutex, ReleaseSemaphore, ResetEvent, SEMAPHORE_MODIFY_STATE,
    SYNCHRONIZATION_SYNCHRONIZE, SetEvent,
};
use windows_sys::core::BOOL;

use crate::sys::platform::error::{from_status, last};
use crate::sys::platform::registry::{self, QUERY};
use crate::sys::{Initial, NewWaitable, WaitableKind};
use crate::types::{MutexOwner, ObjectKind, ObjectState, Operation, Result};

/// Returns the access rights that a handle needs for everything that it does.
pub(in crate::sys::platform) fn access(kind: ObjectKind) -> u32 {
    let own = match kind {
        ObjectKind::Mutex => MUTEX_MODIFY_STATE,
        ObjectKind::Event => EVENT_MODIFY_STATE | QUERY,
        ObjectKind::Semaphore => SEMAPHORE_MODIFY_STATE | QUERY,
        ObjectKind::Mapping => unreachable!("nobody waits for a mapping"),
    };
    own | SYNCHRONIZATION_SYNCHRONIZE
}

/// Creates an object, under a name that ends with a NUL, if there is one; returns also whether the name
/// existed, and its object was opened.
pub(in crate::sys::platform) fn create(
    new: NewWaitable,
    name: Option<&[u16]>,
    security: Option<&SECURITY_ATTRIBUTES>,
) -> Result<(OwnedHandle, bool)> {
    debug_assert!(name.is_none_or(|name| name.ends_with(&[0])), "the end of the name");
    let access = access(new.initial.kind().object());
    let security = security.map_or(std::ptr::null(), std::ptr::from_ref);
    let name = name.map_or(std::ptr::null(), <[u16]>::as_ptr);
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    let object = match new.initial {
        Initial::Mutex => {
            let flags = flag(new.is_owned, CREATE_MUTEX_INITIAL_OWNER);
            // SAFETY: the structure is null or valid, and the name null or ended.
            unsafe { CreateMutexExW(security, name, flags, access) }
        }
        Initial::Event { manual, set } => {
            let flags =
                flag(manual, CREATE_EVENT_MANUAL_RESET) | flag(set, CREATE_EVENT_INITIAL_SET);
            // SAFETY: as above.
            unsafe { CreateEventExW(security, name, flags, access) }
        }
        Initial::Semaphore { count, maximum } => {
            let (count, maximum) = (count.cast_signed(), maximum.cast_signed());
            // SAFETY: as above.
            unsafe { CreateSemaphoreExW(security, count, maximum, name, 0, access) }
        }
    };
    // SAFETY: has no preconditions.
    let code = unsafe { GetLastError() };
    if object.is_null() {
        return Err(last(Operation::CreateMapping));
    }
    // SAFETY: the call made it, and nobody else knows of it.
    Ok((unsafe { OwnedHandle::from_raw_handle(object) }, code == ERROR_ALREADY_EXISTS))
}

/// Returns what can be waited for behind a handle; `None` if it is anything else.
///
/// Whether a thread takes an event when it has waited only matters to who is told it. So an event that
/// may not be asked is no failure, and counts as one that is taken.
pub(in crate::sys::platform) fn kind_of(handle: BorrowedHandle<'_>) -> Option<WaitableKind> {
    Some(match registry::kind_of(handle)? {
        ObjectKind::Mapping => return None,
        ObjectKind::Mutex => WaitableKind::Mutex,
        ObjectKind::Semaphore => WaitableKind::Semaphore,
        ObjectKind::Event => match event(handle) {
            Ok(Event { kind: Event::MANUAL, .. }) => WaitableKind::ManualEvent,
            _ => WaitableKind::AutoEvent,
        },
    })
}

/// Returns whether both handles are of one object.
pub(super) fn is_same(one: BorrowedHandle<'_>, other: BorrowedHandle<'_>) -> bool {
    // SAFETY: both handles are open while they are borrowed.
    unsafe { CompareObjectHandles(one.as_raw_handle(), other.as_raw_handle()) != 0 }
}

/// Sets an event.
pub(super) fn set(event: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    done(unsafe { SetEvent(event.as_raw_handle()) })
}

/// Resets an event.
pub(super) fn reset(event: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    done(unsafe { ResetEvent(event.as_raw_handle()) })
}

/// Sets an event for those who wait for it now.
pub(super) fn pulse(event: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    done(unsafe { PulseEvent(event.as_raw_handle()) })
}

/// Gives a mutex back once.
pub(super) fn unlock(mutex: BorrowedHandle<'_>) -> Result<()> {
    // SAFETY: the handle is open while it is borrowed.
    done(unsafe { ReleaseMutex(mutex.as_raw_handle()) })
}

/// Adds to the count of a semaphore, and returns the one before.
pub(super) fn release(semaphore: BorrowedHandle<'_>, count: u32) -> Result<u32> {
    let mut before = 0;
    let (handle, count) = (semaphore.as_raw_handle(), count.cast_signed());
    // SAFETY: the handle is open while it is borrowed, and there is room for the count.
    done(unsafe { ReleaseSemaphore(handle, count, &raw mut before) })?;
    Ok(before.cast_unsigned())
}

fn done(result: BOOL) -> Result<()> {
    if result == 0 { Err(last(Operation::Signal)) } else { Ok(()) }
}

/// Returns 1 of an event that is set, and else 0.
pub(super) fn is_set(handle: BorrowedHandle<'_>) -> Result<u32> {
    event(handle).map(|event| event.state.cast_unsigned())
}

/// Returns the count of a semaphore.
pub(super) fn count(handle: BorrowedHandle<'_>) -> Result<u32> {
    semaphore(handle).map(|semaphore| semaphore.count.cast_unsigned())
}

/// Returns what an object is at this moment; `None` if it may not be asked.
pub(in crate::sys::platform) fn state(
    handle: BorrowedHandle<'_>,
    kind: WaitableKind,
) -> Option<ObjectState> {
    Some(match kind {
        WaitableKind::Mutex => {
            // SAFETY: the call asks for a mutex's state, which is this structure.
            let mutex: Mutex = unsafe { query(handle, NtQueryMutant) }.ok()?;
            ObjectState::Mutex {
                owner: (mutex.count < 1).then(|| owner(handle)),
                is_abandoned: mutex.is_abandoned != 0,
            }
        }
        WaitableKind::AutoEvent | WaitableKind::ManualEvent => {
            let event = event(handle).ok()?;
            ObjectState::Event { is_set: event.state != 0, is_manual: event.kind == Event::MANUAL }
        }
        WaitableKind::Semaphore => {
            let semaphore = semaphore(handle).ok()?;
            let (count, maximum) = (semaphore.count, semaphore.maximum);
            ObjectState::Semaphore {
                count: count.cast_unsigned(),
                maximum: maximum.cast_unsigned(),
            }
        }
    })
}

/// Returns the thread that owns a mutex, as far as the system tells.
fn owner(mutex: BorrowedHandle<'_>) -> MutexOwner {
    const OWNER: i32 = 1;
    // SAFETY: the call asks for a mutex's owner, which is this structure.
    let owner: Option<Client> = unsafe { query_class(mutex, NtQueryMutant, OWNER) }.ok();
    let number = |of: fn(&Client) -> usize| {
        let number = owner.as_ref().and_then(|owner| u32::try_from(of(owner)).ok());
        number.filter(|number| *number != 0)
    };
    MutexOwner { process: number(|owner| owner.process), thread: number(|owner| owner.thread) }
}

fn semaphore(handle: BorrowedHandle<'_>) -> Result<Semaphore> {
    // SAFETY: the call asks for a semaphore's state, which is this structure.
    unsafe { query(handle, NtQuerySemaphore) }
}

fn event(handle: BorrowedHandle<'_>) -> Result<Event> {
    // SAFETY: the call asks for an event's state, which is this structure.
    unsafe { query(handle, NtQueryEvent) }
}

/// Asks for the state of an object, and leaves it alone.
///
/// # Safety
///
/// `T` is what the call writes with class 0, and is valid whatever its bytes are.
unsafe fn query<T>(handle: BorrowedHandle<'_>, call: Query) -> Result<T> {
    // SAFETY: as the caller promises.
    unsafe { query_class(handle, call, 0) }
}

/// The same of another class.
///
/// # Safety
///
/// That of [`query`], of this class.
unsafe fn query_class<T>(handle: BorrowedHandle<'_>, call: Query, class: i32) -> Result<T> {
    let mut state = MaybeUninit::<T>::zeroed();
    let (place, len) = (state.as_mut_ptr().cast(), u32::try_from(size_of::<T>()).unwrap_or(0));
    // SAFETY: the handle is open while it is borrowed, and the place has the length that is given.
    let status = unsafe { call(handle.as_raw_handle(), class, place, len, std::ptr::null_mut()) };
    if status < 0 {
        return Err(from_status(status, Operation::LookAt));
    }
    // SAFETY: the caller promises that any bytes will do.
    Ok(unsafe { state.assume_init() })
}

/// `EVENT_BASIC_INFORMATION`.
#[repr(C)]
struct Event {
    kind: i32,
    state: i32,
}

impl Event {
    /// `NotificationEvent`.
    const MANUAL: i32 = 0;
}

/// `MUTANT_BASIC_INFORMATION`.
#[repr(C)]
struct Mutex {
    /// 1 without an owner, and one less each time that it is taken.
    count: i32,
    is_mine: u8,
    is_abandoned: u8,
}

/// `CLIENT_ID`.
#[repr(C)]
struct Client {
    process: usize,
    thread: usize,
}

/// `SEMAPHORE_BASIC_INFORMATION`.
#[repr(C)]
struct Semaphore {
    count: i32,
    maximum: i32,
}

/// A call that asks for information of one class on an object.
type Query = unsafe extern "system" fn(RawHandle, i32, *mut c_void, u32, *mut u32) -> NTSTATUS;

// In no header of the system's, and as old as it is.
#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtQueryMutant(
        mutant: RawHandle,
        class: i32,
        information: *mut c_void,
        len: u32,
        returned: *mut u32,
    ) -> NTSTATUS;

    fn NtQueryEvent(
        event: RawHandle,
        class: i32,
        information: *mut c_void,
        len: u32,
        returned: *mut u32,
    ) -> NTSTATUS;

    fn NtQuerySemaphore(
        semaphore: RawHandle,
        class: i32,
        information: *mut c_void,
        len: u32,
        returned: *mut u32,
    ) -> NTSTATUS;
}
