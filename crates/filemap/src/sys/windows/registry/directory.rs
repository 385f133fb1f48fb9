//! Looking a name up, and giving a name.

use std::fs::{File, OpenOptions};
use std::os::windows::io::{AsHandle as _, OwnedHandle};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::page_size;
use crate::sys::platform::registry::objects;
use crate::sys::platform::registry::record::{MOST, Record};
use crate::sys::platform::registry::security::Security;
use crate::sys::platform::registry::{Adopted, Draft, Entry, Found};
use crate::sys::platform::section::{self, Plan, Section, Traits, access_mask, rights_of};
use crate::sys::{Content, Copying as _, Request, SectionContract as _, Wanted};
use crate::types::{
    Access, Attributes, Error, ErrorKind, Name, Operation, Protection, Result, Rights, Scope,
};

/// The environment variable that moves the system's registry.
const PLACE: &str = "FILEMAP_DIR";

/// What the names of records begin with.
pub(super) const RECORD: &str = "filemap.record.";

/// What the names of registries of their own begin with.
pub(super) const APART: &str = "filemap.apart.";

/// The longest name, in UTF-16 units, that the kernel does not cut.
const LONGEST: usize = 32766;

/// All that the kernel would give: it looks what its object's owner allows.
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// How long somebody may take between a record and its section, or after the one for the other.
const PATIENCE: Duration = Duration::from_secs(2);

/// The names of one registry.
#[derive(Debug)]
pub(crate) struct Directory {
    /// What stands before each name, to keep it apart from the system's.
    prefix: String,
}

impl Directory {
    /// The session's registry, or the one that `FILEMAP_DIR` names.
    pub(crate) fn system() -> Arc<Self> {
        static SYSTEM: OnceLock<Arc<Directory>> = OnceLock::new();
        let system = SYSTEM.get_or_init(|| {
            let place = std::env::var_os(PLACE).filter(|place| !place.is_empty());
            Arc::new(match place {
                Some(place) => Self::at(Path::new(&place)),
                None => Self { prefix: String::new() },
            })
        });
        Arc::clone(system)
    }

    /// A registry of its own for the directory `base`: nothing is stored there, its path alone
    /// tells the names apart.
    pub(crate) fn at(base: &Path) -> Self {
        let path = std::fs::canonicalize(base)
            .or_else(|_| std::path::absolute(base))
            .unwrap_or_else(|_| base.to_owned());
        let hash = hexadecimal(&path.to_string_lossy());
        Self { prefix: format!("{APART}{hash}.") }
    }

    /// No directory of the file system holds names.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms have one")]
    pub(crate) fn path(&self, _scope: Scope) -> Result<Option<PathBuf>> {
        Ok(None)
    }

    /// Nothing is ever left behind: the kernel removes a name with its last handle.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms free some")]
    pub(crate) fn collect(&self) -> Result<u64> {
        Ok(0)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Opens the object called `name`, if there is one.
    pub(crate) fn open(&self, name: &Name, wanted: Wanted) -> Result<Option<Found>> {
        let operation = Operation::OpenMapping;
        let Some(object) = self.object(name, wanted, operation)? else { return Ok(None) };
        self.enter(object, name, wanted, operation).map(Some)
    }

    /// Gives the drafted object the name, or opens the object that has it; tells which.
    pub(crate) fn create(&self, name: &Name, mut draft: Draft) -> Result<(Found, bool)> {
        let operation = Operation::CreateMapping;
        let wanted = Wanted::Exactly(draft.protection.rights());
        let since = Instant::now();
        loop {
            if let Some(object) = self.object(name, wanted, operation)? {
                return Ok((self.enter(object, name, wanted, operation)?, true));
            }
            match self.publish(name, &mut draft)? {
                Some(found) => return Ok((found, false)),
                // Somebody is creating or closing it.
                None if since.elapsed() < PATIENCE => std::thread::yield_now(),
                None => return Err(Error::new(ErrorKind::TimedOut, operation)),
            }
        }
    }

    /// Takes over a handle that another one became.
    pub(crate) fn adopt(&self, descriptor: OwnedHandle) -> Result<Adopted> {
        let operation = Operation::AdoptDescriptor;
        file::set_inheritable(descriptor.as_handle(), false)
            .map_err(|error| error.during(operation))?;
        if Traits::of(descriptor.as_handle())?.is_none() {
            return Ok(Adopted::Foreign(descriptor));
        }
        let path = objects::name_of(descriptor.as_handle());
        let name = path.as_deref().and_then(|path| self.name_at(path));
        let Some(name) = name else { return Ok(Adopted::Foreign(descriptor)) };
        let wanted = Wanted::Exactly(rights_of(file::granted(descriptor.as_handle())));
        self.enter(descriptor, &name, wanted, operation).map(Adopted::Named)
    }

    /// The name that an object of the kernel has in this registry.
    fn name_at(&self, path: &str) -> Option<Name> {
        let (folder, own) = path.rsplit_once('\\')?;
        let scopes = [Scope::Local, Scope::Global];
        let scope = scopes.into_iter().find(|scope| objects::folder(*scope) == folder)?;
        let base = self.base_of(own)?;
        Name::parse(&format!("{scope}\\{base}")).ok()
    }

    /// What an object of the kernel is called in this registry, if it belongs here.
    pub(super) fn base_of<'own>(&self, own: &'own str) -> Option<&'own str> {
        let base = own.strip_prefix(&self.prefix)?;
        let elsewhere = base.starts_with(RECORD) || base.starts_with(APART);
        (!elsewhere && !base.is_empty()).then_some(base)
    }

    /// Opens the kernel's object with the rights that are wanted.
    fn object(
        &self,
        name: &Name,
        wanted: Wanted,
        operation: Operation,
    ) -> Result<Option<OwnedHandle>> {
        let path = self.path_of(name, "", operation)?;
        match wanted {
            Wanted::Most => objects::open(&path, MAXIMUM_ALLOWED, operation),
            Wanted::Exactly(rights) => {
                let mask = access_mask(rights);
                match objects::open(&path, mask, operation) {
                    // The owner may allow mapping, and not asking.
                    Err(error) if error.kind() == ErrorKind::AccessDenied => {
                        objects::open(&path, mask & !access_mask(Rights::empty()), operation)
                    }
                    opened => opened,
                }
            }
        }
    }

    /// The name as the kernel is told it, with the NUL at its end; `record` names the object beside.
    fn path_of(&self, name: &Name, record: &str, operation: Operation) -> Result<Vec<u16>> {
        let own = match record {
            "" => format!("{}{}", self.prefix, name.base()),
            _ => format!("{record}{}", hexadecimal(&format!("{}{}", self.prefix, name.base()))),
        };
        let mut path: Vec<u16> = match name.scope() {
            Scope::Local => own.encode_utf16().collect(),
            Scope::Global => format!("Global\\{own}").encode_utf16().collect(),
        };
        if path.len() > LONGEST {
            return Err(Error::new(ErrorKind::NameTooLong, operation));
        }
        path.push(0);
        Ok(path)
    }

    /// The record of a name, if there is a whole one.
    pub(super) fn record(&self, name: &Name) -> Result<Option<(Record, OwnedHandle)>> {
        let operation = Operation::OpenMapping;
        let path = self.path_of(name, RECORD, operation)?;
        let Ok(Some(handle)) = objects::open(&path, access_mask(Rights::READ), operation) else {
            return Ok(None);
        };
        let traits = Traits::of(handle.as_handle())?;
        let Some(traits) = traits else { return Ok(None) };
        let len = usize::try_from(traits.size).unwrap_or(MOST).min(MOST);
        let twin = file::duplicate(handle.as_handle(), None, operation)?;
        let section = Section::named(Arc::new(twin), None, traits, Protection::ReadOnly);
        let mut bytes = vec![0; len];
        section.map(whole(len, Access::Read))?.copy_out(0, &mut bytes)?;
        Ok(Record::decode(&bytes).map(|record| (record, handle)))
    }

    /// Makes the record and the object, and gives it its name; `None` if the name is taken.
    ///
    /// The draft stays whole if that fails, so that it can be tried again.
    fn publish(&self, name: &Name, draft: &mut Draft) -> Result<Option<Found>> {
        let operation = Operation::CreateMapping;
        let Draft { protection, attributes, space, permissions, .. } = *draft;
        let is_file = draft.file.is_some();
        let (content, size, identity) = match &draft.file {
            None => {
                (Content::Memory, Plan::of_memory(draft.size, protection, attributes)?.size, None)
            }
            Some(section) => {
                let file = section.file(operation)?;
                let size = match draft.follows_file {
                    true => 0,
                    false => section.sized(draft.size, protection)?,
                };
                let identity = file::identity(file, operation)?;
                (Content::File(file::path_of(file)), size, Some(identity))
            }
        };
        let record = Record {
            protection,
            attributes,
            size,
            content: content.clone(),
            identity: identity.unwrap_or(Identity { volume: 0, id: [0; 16] }),
            permissions,
            creator: std::process::id(),
            created: SystemTime::now(),
        };
        let path = self.path_of(name, "", operation)?;
        let Some(record) = self.write_record(name, &record)? else { return Ok(None) };
        let security = Security::of(permissions, true)?;
        let security = security.as_ref().map(Security::attributes);
        let plan = match &draft.file {
            None => Plan { file: None, protection, attributes, size },
            // A file without bytes can have no section. A page of memory has the name for it, and
            // the record tells who opens it here that the file is meant.
            Some(section) if draft.follows_file && section.file_len().is_ok_and(|len| len == 0) => {
                let size = page_size() as u64;
                Plan { file: None, protection, attributes: Attributes::COMMIT, size }
            }
            Some(section) => section.plan(size, space)?,
        };
        let (object, existed) = plan.make(Some(&path), security)?;
        if existed {
            return Ok(None);
        }
        let object = Arc::new(object);
        let entry = Entry { object: Arc::clone(&object), record: Some(record) };
        let section = match draft.file.take() {
            Some(section) if draft.follows_file => section,
            Some(section) => section.with_object(object, size),
            None => {
                let traits = Traits { attributes, size, is_file };
                Section::named(object, None, traits, protection)
            }
        };
        let (name, rights) = (name.clone(), protection.rights());
        Ok(Some(Found { section, entry, name, protection, attributes, rights, content }))
    }

    /// Makes the record of a name that is to be; `None` if there is one.
    fn write_record(&self, name: &Name, record: &Record) -> Result<Option<OwnedHandle>> {
        let operation = Operation::CreateMapping;
        let path = self.path_of(name, RECORD, operation)?;
        let bytes = record.encode();
        let len = bytes.len();
        let plan = Plan::of_memory(len as u64, Protection::ReadWrite, Attributes::COMMIT)?;
        let security = Security::of(record.permissions, false)?;
        let made = plan.make(Some(&path), security.as_ref().map(Security::attributes));
        let (handle, existed) = match made {
            Ok(made) => made,
            // Of another user, who may be creating or closing.
            Err(error) if error.kind() == ErrorKind::AccessDenied => return Ok(None),
            Err(error) => return Err(error),
        };
        if existed {
            return Ok(None);
        }
        let twin = Arc::new(file::duplicate(handle.as_handle(), None, operation)?);
        let traits = Traits { attributes: plan.attributes, size: plan.size, is_file: false };
        let section = Section::named(twin, None, traits, Protection::ReadWrite);
        section.map(whole(len, Access::Write))?.copy_in(0, &bytes)?;
        Ok(Some(handle))
    }

    /// Turns the kernel's object into a handle, with what its record tells.
    fn enter(
        &self,
        object: OwnedHandle,
        name: &Name,
        wanted: Wanted,
        operation: Operation,
    ) -> Result<Found> {
        let object = Arc::new(object);
        let traits = Traits::of(object.as_handle())?
            .ok_or_else(|| Error::new(ErrorKind::WrongObject, operation))?;
        let (record, handle) = match self.record(name)? {
            // A record that was left alone, or is somebody's joke, says nothing about this object.
            Some((record, handle)) if fits(&record, traits) => (Some(record), Some(handle)),
            _ => (None, None),
        };
        let protection = match &record {
            Some(record) => record.protection,
            None => self.probe(name, &object),
        };
        let mut rights = match wanted {
            Wanted::Exactly(rights) => rights,
            Wanted::Most => rights_of(file::granted(object.as_handle())) & protection.rights(),
        };
        let entry = Entry { object: Arc::clone(&object), record: handle };
        let (section, content, attributes) = match record {
            Some(record) if record.follows_file() => {
                let file = follow(&record, &mut rights, wanted, operation)?;
                let writes = rights.contains(Rights::WRITE) && protection.is_writable();
                let own = if writes { Protection::ReadWrite } else { Protection::ReadOnly };
                (Section::following(file, own), record.content, record.attributes)
            }
            Some(record) => {
                let file = at_hand(&record).map(Arc::new);
                let section = Section::named(object, file, traits, protection);
                (section, record.content, record.attributes)
            }
            None => {
                let section = Section::named(object, None, traits, protection);
                let content =
                    if traits.is_file { Content::File(PathBuf::new()) } else { Content::Memory };
                (section, content, traits.attributes)
            }
        };
        let name = name.clone();
        Ok(Found { section, entry, name, protection, attributes, rights, content })
    }

    /// Finds out what a section of another program allows its views.
    pub(super) fn probe(&self, name: &Name, object: &OwnedHandle) -> Protection {
        // The handle at hand may have fewer rights than the section would give.
        let path = self.path_of(name, "", Operation::OpenMapping);
        let most =
            path.and_then(|path| objects::open(&path, MAXIMUM_ALLOWED, Operation::OpenMapping));
        match most {
            Ok(Some(most)) => section::probe(most.as_handle()),
            _ => section::probe(object.as_handle()),
        }
    }
}

/// Tells whether a record can be about a section.
fn fits(record: &Record, traits: Traits) -> bool {
    match &record.content {
        // The section of a mapping that follows its file has the size that the file had.
        Content::File(_) if record.follows_file() => true,
        Content::File(_) => traits.is_file && traits.size == record.size,
        Content::Memory | Content::Held => !traits.is_file && traits.size == record.size,
    }
}

/// Opens the file that a mapping follows, as far as the rights go; takes away those that are not
/// to be had, if that may be.
fn follow(
    record: &Record,
    rights: &mut Rights,
    wanted: Wanted,
    operation: Operation,
) -> Result<File> {
    let Content::File(path) = &record.content else {
        return Err(Error::new(ErrorKind::BackingGone, operation));
    };
    let about = || format!("the file {} behind the name", path.display());
    let write = rights.contains(Rights::WRITE) && record.protection.is_writable();
    let modes: &[bool] = match (write, wanted) {
        (false, _) => &[false],
        (true, Wanted::Exactly(_)) => &[true],
        (true, Wanted::Most) => &[true, false],
    };
    for write in modes {
        match OpenOptions::new().read(true).write(*write).open(path) {
            Ok(file) if file::identity(&file, operation)? == record.identity => {
                if !write && wanted == Wanted::Most {
                    *rights -= Rights::WRITE;
                }
                return Ok(file);
            }
            Err(error)
                if modes.len() == 1 && error.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                return Err(Error::new(ErrorKind::AccessDenied, operation)
                    .about(about())
                    .caused_by(error));
            }
            _ => {}
        }
    }
    Err(Error::new(ErrorKind::BackingGone, operation)
        .about(about())
        .because("it is no longer at its path"))
}

/// The file of a mapping of a fixed size, if it can still be found: views do not need it, flushing
/// to the disk does.
fn at_hand(record: &Record) -> Option<File> {
    let Content::File(path) = &record.content else { return None };
    let write = record.protection.is_writable();
    let file = OpenOptions::new().read(true).write(write).open(path).ok()?;
    (file::identity(&file, Operation::OpenMapping).ok()? == record.identity).then_some(file)
}

/// All of a small section.
fn whole(len: usize, access: Access) -> Request {
    Request { offset: 0, len, access, address: None, alignment: 1, guarded: true }
}

/// A text as a hash that is short enough for a name.
fn hexadecimal(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
