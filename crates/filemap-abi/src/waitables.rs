//! Mutexes, events and semaphores, as handles refer to them: with the rights that a handle has.

use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, IntoRawFd as _, OwnedFd, RawFd};
use std::time::Duration;

use filemap::{
    Event, Mutex, ObjectKind, OwnedDescriptor, Permissions, Registry, Semaphore, WaitableOptions,
};

use crate::boundary::{Code, Result};
use crate::marks::{Mark, MayUse};
use crate::numbered::Descriptor;
use crate::windows::{
    DWORD, ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, EVENT_ALL_ACCESS, EVENT_MODIFY_STATE,
    GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE, MAXIMUM_ALLOWED, MUTEX_ALL_ACCESS,
    MUTEX_MODIFY_STATE, READ_CONTROL, SEMAPHORE_ALL_ACCESS, SEMAPHORE_MODIFY_STATE, SYNCHRONIZE,
};

/// The right to ask for the state, which no function here needs; a mutex has the right to change in
/// its place.
const QUERY_STATE: DWORD = 1;

/// The rights that handles of a kind of object can have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// All of them.
    pub(crate) all: DWORD,
    /// The right to change the object's state.
    pub(crate) modify: DWORD,
    /// What `GENERIC_WRITE` stands for.
    pub(crate) write: DWORD,
}

impl Access {
    /// Returns the rights that an access mask stands for.
    pub(crate) fn granted(self, mask: DWORD) -> DWORD {
        let generic = [
            (GENERIC_READ, QUERY_STATE | READ_CONTROL),
            (GENERIC_WRITE, self.write | READ_CONTROL),
            (GENERIC_EXECUTE, SYNCHRONIZE | READ_CONTROL),
            (GENERIC_ALL | MAXIMUM_ALLOWED, self.all),
        ];
        let meant = generic.iter().filter(|(word, _)| mask & word != 0);
        meant.fold(mask & self.all, |granted, (_, rights)| granted | rights)
    }
}

/// What a handle waits for.
#[derive(Debug)]
pub(crate) enum Signal {
    Mutex(Mutex),
    Event(Event),
    Semaphore(Semaphore),
}

/// A kind of object that can be waited for.
pub(crate) trait Kind: Sized {
    const ACCESS: Access;

    /// Creates the object, or opens the one that has the name.
    fn create(
        options: WaitableOptions<Self>,
        name: Option<&str>,
        permissions: Permissions,
    ) -> filemap::Result<Self>;

    /// Opens the object that has the name.
    fn open(name: &str) -> filemap::Result<Self>;

    /// Returns whether the name existed.
    fn existed(&self) -> bool;

    /// Returns another handle to the object.
    fn twin(&self) -> filemap::Result<Self>;

    fn into_signal(self) -> Signal;

    /// Returns the object if it is of this kind.
    fn of(signal: &Signal) -> Option<&Self>;
}

macro_rules! kinds {
    ($($type:ident: $all:expr, $modify:expr, $write:expr;)*) => {$(
        impl Kind for $type {
            const ACCESS: Access = Access { all: $all, modify: $modify, write: $write };

            fn create(
                options: WaitableOptions<Self>,
                name: Option<&str>,
                permissions: Permissions,
            ) -> filemap::Result<Self> {
                let options = options.permissions(permissions);
                match name {
                    Some(name) => options.name(name).create(),
                    None => options.create(),
                }
            }

            fn open(name: &str) -> filemap::Result<Self> {
                Self::open(name)
            }

            fn existed(&self) -> bool {
                self.existed()
            }

            fn twin(&self) -> filemap::Result<Self> {
                self.try_clone()
            }

            fn into_signal(self) -> Signal {
                Signal::$type(self)
            }

            fn of(signal: &Signal) -> Option<&Self> {
                if let Signal::$type(object) = signal { Some(object) } else { None }
            }
        }
    )*

        /// Does the same with an object of whatever kind.
        macro_rules! each {
            ($signal:expr, $object:ident => $done:expr) => {
                match $signal {
                    $(Signal::$type($object) => $done,)*
                }
            };
        }
    };
}

kinds! {
    Mutex: MUTEX_ALL_ACCESS, MUTEX_MODIFY_STATE, 0;
    Event: EVENT_ALL_ACCESS, EVENT_MODIFY_STATE, EVENT_MODIFY_STATE;
    Semaphore: SEMAPHORE_ALL_ACCESS, SEMAPHORE_MODIFY_STATE, SEMAPHORE_MODIFY_STATE;
}

impl Signal {
    fn access(&self) -> Access {
        match self {
            Self::Mutex(_) => Mutex::ACCESS,
            Self::Event(_) => Event::ACCESS,
            Self::Semaphore(_) => Semaphore::ACCESS,
        }
    }

    /// Waits for the object alone, and takes it; returns whether a mutex was abandoned, and `None` if
    /// the time is over.
    pub(crate) fn wait(&self, time: Option<Duration>) -> Result<Option<bool>> {
        let taken = |is_taken: bool| is_taken.then_some(false);
        Ok(match (self, time) {
            (Self::Mutex(mutex), time) => {
                let locked = match time {
                    Some(time) => mutex.lock_for(time)?,
                    None => Some(mutex.lock()?),
                };
                locked.map(|locked| {
                    let is_abandoned = locked.is_abandoned();
                    // `ReleaseMutex` gives it back.
                    locked.either().keep();
                    is_abandoned
                })
            }
            (Self::Event(event), Some(time)) => taken(event.wait_for(time)?),
            (Self::Event(event), None) => {
                event.wait()?;
                Some(false)
            }
            (Self::Semaphore(semaphore), Some(time)) => taken(semaphore.acquire_for(time)?),
            (Self::Semaphore(semaphore), None) => {
                semaphore.acquire()?;
                Some(false)
            }
        })
    }
}

/// A mutex, an event or a semaphore, and what its handle may be used for.
#[derive(Debug)]
pub(crate) struct Waitable {
    signal: Signal,
    access: DWORD,
}

impl Waitable {
    pub(crate) fn new<T: Kind>(object: T, access: DWORD) -> Self {
        Self { signal: object.into_signal(), access: T::ACCESS.granted(access) }
    }

    /// Returns the object, for those who have seen to the rights.
    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Returns the object for what the library does with several of them.
    pub(crate) fn object(&self) -> &dyn filemap::Waitable {
        each!(&self.signal, object => object)
    }

    /// Returns the object if it is of this kind, and the handle has this right.
    ///
    /// # Errors
    ///
    /// 6 if it is of another kind, 5 if the handle does not have the right.
    pub(crate) fn as_kind<T: Kind>(&self, right: DWORD) -> Result<&T> {
        let object = T::of(&self.signal).ok_or(Code(ERROR_INVALID_HANDLE))?;
        self.check(right)?;
        Ok(object)
    }

    /// Refuses what the handle has no right to.
    pub(crate) fn check(&self, right: DWORD) -> Result<()> {
        if self.access & right == right { Ok(()) } else { Err(Code(ERROR_ACCESS_DENIED)) }
    }

    /// Returns another handle's object, with these rights, or the same.
    pub(crate) fn duplicate(&self, access: Option<DWORD>) -> Result<Self> {
        let access = access.map_or(self.access, |mask| self.signal.access().granted(mask));
        let told = SYNCHRONIZE | self.signal.access().modify;
        let signal = if (access ^ self.access) & told == 0 {
            each!(&self.signal, object => object.twin()?.into_signal())
        } else {
            each!(&self.signal, object => again(object)?.into_signal())
        };
        Ok(Self { signal, access })
    }

    /// Returns the handle by a descriptor that is none of the first three, which are the program's
    /// own even where they are closed.
    pub(crate) fn above_the_first_three(self) -> Result<Self> {
        if self.number() > 2 { Ok(self) } else { self.duplicate(None) }
    }

    /// Records that another process may have the descriptor, as soon as it is inherited.
    pub(crate) fn lend(&self, is_inheritable: bool) -> Result<()> {
        each!(&self.signal, object => object.set_inheritable(is_inheritable)?);
        Ok(())
    }

    /// Returns what a child is told of the handle.
    pub(crate) fn mark(&self) -> Mark {
        let wait = self.access & SYNCHRONIZE != 0;
        let modify = self.access & self.signal.access().modify != 0;
        let kind = match self.signal {
            Signal::Mutex(_) => ObjectKind::Mutex,
            Signal::Event(_) => ObjectKind::Event,
            Signal::Semaphore(_) => ObjectKind::Semaphore,
        };
        Mark::Waitable(kind, MayUse { wait, modify })
    }

    /// Takes over an inherited descriptor with the mark of such an object.
    ///
    /// # Errors
    ///
    /// It is no such object. The descriptor then stays open.
    pub(crate) fn inherited(descriptor: OwnedFd, kind: ObjectKind, may: MayUse) -> Result<Self> {
        match kind {
            ObjectKind::Mutex => Self::inherited_as::<Mutex>(descriptor, may),
            ObjectKind::Event => Self::inherited_as::<Event>(descriptor, may),
            _ => Self::inherited_as::<Semaphore>(descriptor, may),
        }
    }

    fn inherited_as<T>(descriptor: OwnedFd, may: MayUse) -> Result<Self>
    where
        T: Kind + TryFrom<OwnedDescriptor, Error = filemap::Error>,
    {
        // A second one, which is closed if it is no such object.
        let found = descriptor.try_clone().map_err(Code::from);
        if let Err(code) = found.and_then(|twin| Ok(T::try_from(twin)?)) {
            let _open = descriptor.into_raw_fd();
            return Err(code);
        }
        let rights = match may {
            MayUse { wait: true, modify: true } => T::ACCESS.all,
            MayUse { wait: true, .. } => READ_CONTROL | SYNCHRONIZE,
            MayUse { modify: true, .. } => READ_CONTROL | T::ACCESS.modify,
            _ => READ_CONTROL,
        };
        Ok(Self::new(T::try_from(descriptor)?, rights))
    }
}

/// Returns another handle's object with a description of its own, which has its own mark.
fn again<T>(object: &T) -> Result<T>
where
    T: Kind + AsRawFd + TryFrom<OwnedDescriptor, Error = filemap::Error>,
{
    let mut options = OpenOptions::new();
    let opened =
        options.read(true).write(true).open(format!("/proc/self/fd/{}", object.as_raw_fd()));
    match opened {
        Ok(file) => Ok(T::try_from(OwnedFd::from(file))?),
        // Without `/proc` it has the source's, and a child what the source may be used for.
        Err(_) => Ok(object.twin()?),
    }
}

impl Descriptor for Waitable {
    fn number(&self) -> RawFd {
        each!(&self.signal, object => object.as_raw_fd())
    }

    fn close(self) -> Result<()> {
        Ok(())
    }

    fn forget(self) {
        let (name, lost) =
            each!(self.signal, object => (object.name().cloned(), object.into_descriptor()));
        if let Ok(lost) = lost {
            let _number = lost.into_raw_fd();
        }
        // The name is dead, if this was its last handle. Looking for it frees its memory.
        if let Some(name) = name {
            drop(Registry::system().open(name));
        }
    }
}
