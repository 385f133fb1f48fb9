//! The names of one registry: opening and creating mappings by name.

use std::fs::{File, OpenOptions};
use std::os::windows::io::{AsHandle as _, OwnedHandle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest as _, Sha256};

use crate::sys::platform::file::{self, Identity};
use crate::sys::platform::page_size;
use crate::sys::platform::registry::entry::Entry;
use crate::sys::platform::registry::objects;
use crate::sys::platform::registry::record::{MOST, Record};
use crate::sys::platform::registry::security::{self, Security};
use crate::sys::platform::section::{self, Plan, Section, Traits, access_mask, rights_of};
use crate::sys::{Content, Draft, Opened, Request, SectionContract as _, Wanted};
use crate::types::{
    Access, Attributes, Error, ErrorKind, Name, OnLoss, Operation, Protection, Result, Rights,
    Scope, geometry,
};

/// The beginning of the names of records.
pub(super) const RECORD: &str = "filemap.record.";

/// The beginning of the names of registries in directories.
pub(super) const APART: &str = "filemap.apart.";

/// The longest name in UTF-16 units; the kernel cuts longer ones.
const LONGEST: usize = 32766;

/// The access right that stands for all rights that the object's owner allows.
const MAXIMUM_ALLOWED: u32 = 0x0200_0000;

/// How long another process may take between the section and its record.
const PATIENCE: Duration = Duration::from_secs(2);

/// The kernel's names that begin with one prefix.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Stands before each name, so that it is none of another registry's.
    prefix: String,
}

impl Directory {
    /// A registry for the directory `base`, in which nothing is stored: only its path is used.
    pub(crate) fn at(base: &Path) -> Self {
        let path = std::fs::canonicalize(base)
            .or_else(|_| std::path::absolute(base))
            .unwrap_or_else(|_| base.to_owned());
        let hash = hexadecimal(&path.to_string_lossy());
        Self { prefix: format!("{APART}{hash}.") }
    }

    /// Returns `None`: no directory of the file system has names.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms have one")]
    pub(crate) fn path(&self, _scope: Scope) -> Result<Option<PathBuf>> {
        Ok(None)
    }

    /// Returns 0: the kernel removes a name with its last handle.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms free some")]
    pub(crate) fn remove_dead(&self) -> Result<u64> {
        Ok(0)
    }

    /// The kernel's name of a section, without that of its folder.
    pub(super) fn own_name(&self, name: &Name) -> String {
        format!("{}{}", self.prefix, name.base())
    }

    /// Opens the mapping that has a name; `None` if there is none.
    pub(crate) fn open(&self, name: &Name, wanted: Wanted) -> Result<Option<Opened>> {
        let operation = Operation::OpenMapping;
        let Some(object) = self.object(name, wanted, operation)? else { return Ok(None) };
        self.enter(object, name, wanted, operation).map(Some)
    }

    /// Creates a mapping under a name, or opens the one that has the name: then true is returned
    /// beside it.
    pub(crate) fn create(&self, name: &Name, mut draft: Draft) -> Result<(Opened, bool)> {
        let operation = Operation::CreateMapping;
        let wanted = Wanted::Exactly(draft.protection.rights());
        let since = Instant::now();
        loop {
            if let Some(object) = self.object(name, wanted, operation)? {
                return Ok((self.enter(object, name, wanted, operation)?, true));
            }
            match self.publish(name, &mut draft)? {
                Some(opened) => return Ok((opened, false)),
                // Another process creates or closes it.
                None if since.elapsed() < PATIENCE => std::thread::yield_now(),
                None => return Err(Error::new(ErrorKind::TimedOut, operation)),
            }
        }
    }

    /// Takes over a handle that another one gave away, or any other memory or file.
    pub(crate) fn adopt(&self, handle: OwnedHandle) -> Result<Opened> {
        let operation = Operation::AdoptDescriptor;
        file::set_inheritable(handle.as_handle(), false)
            .map_err(|error| error.during(operation))?;
        let name = match Traits::of(handle.as_handle())? {
            Some(_) => self.name_of(handle.as_handle()),
            None => None,
        };
        if let Some(name) = name {
            let wanted = Wanted::Exactly(rights_of(file::granted(handle.as_handle())));
            return self.enter(handle, &name, wanted, operation);
        }
        let (section, protection, attributes) = Section::adopt(handle)?;
        Ok(Opened::unnamed(section, protection, attributes))
    }

    /// The name in this registry that the kernel's path of an object stands for.
    pub(super) fn name_at(&self, path: &str) -> Option<Name> {
        let (folder, own) = path.rsplit_once('\\')?;
        let scopes = [Scope::Local, Scope::Global];
        let scope = scopes.into_iter().find(|scope| objects::folder(*scope) == folder)?;
        Name::parse(&format!("{scope}\\{}", self.base_of(own)?)).ok()
    }

    /// The base in this registry that the kernel's name of an object stands for.
    pub(super) fn base_of<'own>(&self, own: &'own str) -> Option<&'own str> {
        let base = own.strip_prefix(&self.prefix)?;
        let is_other = base.starts_with(RECORD) || base.starts_with(APART);
        (!is_other && !base.is_empty()).then_some(base)
    }

    /// Opens the section of a name with the rights that are wanted; `None` if there is none.
    fn object(
        &self,
        name: &Name,
        wanted: Wanted,
        operation: Operation,
    ) -> Result<Option<OwnedHandle>> {
        let path = self.path_of(name, "", operation)?;
        let mask = match wanted {
            Wanted::Most => MAXIMUM_ALLOWED,
            Wanted::Exactly(rights) => access_mask(rights),
        };
        match objects::section(&path, mask, operation) {
            // The owner may allow mapping, and not queries.
            Err(error) if error.kind() == ErrorKind::AccessDenied && wanted != Wanted::Most => {
                objects::section(&path, mask & !access_mask(Rights::empty()), operation)
            }
            opened => opened,
        }
    }

    /// The kernel's name of a section, or with a `record` prefix that of its record; ends in a NUL.
    pub(super) fn path_of(
        &self,
        name: &Name,
        record: &str,
        operation: Operation,
    ) -> Result<Vec<u16>> {
        let own = match record {
            "" => self.own_name(name),
            _ => format!("{record}{}", hexadecimal(&self.own_name(name))),
        };
        let scope = if name.scope() == Scope::Global { "Global\\" } else { "" };
        let mut path: Vec<u16> = scope.encode_utf16().chain(own.encode_utf16()).collect();
        if path.len() > LONGEST {
            return Err(Error::new(ErrorKind::NameTooLong, operation));
        }
        path.push(0);
        Ok(path)
    }

    /// Opens the record of a name; `None` if there is none, or it is not valid.
    pub(super) fn record(&self, name: &Name) -> Result<Option<(Record, Arc<OwnedHandle>)>> {
        let operation = Operation::OpenMapping;
        let path = self.path_of(name, RECORD, operation)?;
        let Ok(Some(handle)) = objects::section(&path, access_mask(Rights::READ), operation) else {
            return Ok(None);
        };
        let Some(traits) = Traits::of(handle.as_handle())? else { return Ok(None) };
        let len = usize::try_from(traits.size).unwrap_or(MOST).min(MOST);
        let handle = Arc::new(handle);
        let section = Section::named(Arc::clone(&handle), None, traits, Protection::ReadOnly);
        let mut bytes = vec![0; len];
        section.map(whole(len, Access::Read))?.read(0, &mut bytes)?;
        Ok(Record::decode(&bytes).map(|record| (record, handle)))
    }

    /// Makes the record and the section of a name; `None` if the name is taken.
    ///
    /// After a failure the draft can be tried again.
    fn publish(&self, name: &Name, draft: &mut Draft) -> Result<Option<Opened>> {
        let operation = Operation::CreateMapping;
        let Draft { protection, attributes, space, permissions, .. } = *draft;
        let (content, identity, size) = match &draft.object {
            None => {
                let plan = Plan::of_memory(draft.size.bytes(), protection, attributes)?;
                (Content::Held, Identity { volume: 0, id: [0; 16] }, Some(plan.size))
            }
            Some(section) => {
                let size = section.sized(draft.size, protection)?;
                let file = section.file(operation)?;
                (Content::File(file::path_of(file)), file::identity(file, operation)?, size)
            }
        };
        let record = Record {
            protection,
            attributes,
            size,
            content: content.clone(),
            identity,
            permissions,
            creator: std::process::id(),
            created: SystemTime::now(),
        };
        let path = self.path_of(name, "", operation)?;
        let Some(record) = self.write_record(name, &record)? else { return Ok(None) };
        let security = Security::of(permissions, &security::SECTION)?;
        let plan = match (&draft.object, size) {
            (None, _) => Plan { file: None, protection, attributes, size: size.unwrap_or(0) },
            // There is no section over a file without bytes. A page of memory has the name instead,
            // and the record says that the file is meant.
            (Some(section), None) if section.file_len().is_ok_and(|len| len == 0) => {
                let (size, attributes) = (page_size() as u64, Attributes::COMMIT);
                Plan { file: None, protection, attributes, size }
            }
            (Some(section), _) => section.plan(size.unwrap_or(0), space)?,
        };
        let (object, false) =
            plan.make(Some(&path), security.as_ref().map(Security::attributes))?
        else {
            return Ok(None);
        };
        let object = Arc::new(object);
        let entry = Some(Entry { object: Arc::clone(&object), record: Some(record) });
        let section = match (draft.object.take(), size) {
            (Some(section), None) => section,
            (Some(section), Some(size)) => section.with_object(object, size),
            (None, _) => {
                let traits = Traits { attributes, size: size.unwrap_or(0), is_file: false };
                Section::named(object, None, traits, protection)
            }
        };
        let (name, rights) = (Some(name.clone()), protection.rights());
        Ok(Some(Opened { section, entry, name, protection, attributes, rights, content }))
    }

    /// Makes the record of a name that is created; `None` if there is one.
    fn write_record(&self, name: &Name, record: &Record) -> Result<Option<Arc<OwnedHandle>>> {
        let operation = Operation::CreateMapping;
        let path = self.path_of(name, RECORD, operation)?;
        let bytes = record.encode();
        let len = bytes.len();
        let plan = Plan::of_memory(len as u64, Protection::ReadWrite, Attributes::COMMIT)?;
        let security = Security::of(record.permissions, &security::RECORD)?;
        let made = plan.make(Some(&path), security.as_ref().map(Security::attributes));
        let handle = match made {
            Ok((handle, false)) => Arc::new(handle),
            Ok((_, true)) => return Ok(None),
            // It is another user's, who may be creating or closing.
            Err(error) if error.kind() == ErrorKind::AccessDenied => return Ok(None),
            Err(error) => return Err(error),
        };
        let traits = Traits { attributes: plan.attributes, size: plan.size, is_file: false };
        let section = Section::named(Arc::clone(&handle), None, traits, Protection::ReadWrite);
        section.map(whole(len, Access::Write))?.write(0, &bytes)?;
        Ok(Some(handle))
    }

    /// Makes a handle of the kernel's section, with what its record says.
    fn enter(
        &self,
        object: OwnedHandle,
        name: &Name,
        wanted: Wanted,
        operation: Operation,
    ) -> Result<Opened> {
        let object = Arc::new(object);
        let traits = Traits::of(object.as_handle())?
            .ok_or_else(|| Error::new(ErrorKind::WrongObject, operation))?;
        // A record may be left over, or forged. Then it does not describe this section.
        let fitting = self.record(name)?.filter(|(record, _)| fits(record, traits));
        let (record, handle) = fitting.unzip();
        let protection = match &record {
            Some(record) => record.protection,
            None => self.probe(name, &object),
        };
        let mut rights = match wanted {
            Wanted::Exactly(rights) => rights,
            Wanted::Most => rights_of(file::granted(object.as_handle())) & protection.rights(),
        };
        let entry = Some(Entry { object: Arc::clone(&object), record: handle });
        let (section, content, attributes) = match record {
            Some(record) if record.size.is_none() => {
                let file = follow(&record, &mut rights, wanted, operation)?;
                let writes = rights.contains(Rights::WRITE) && protection.is_writable();
                let own = if writes { Protection::ReadWrite } else { Protection::ReadOnly };
                (Section::following(file, own), record.content, record.attributes)
            }
            Some(record) => {
                let file = at_hand(&record).map(Arc::new);
                // The kernel knows the size of memory in pages alone.
                let traits = Traits { size: record.size.unwrap_or(traits.size), ..traits };
                let section = Section::named(object, file, traits, protection);
                (section, record.content, record.attributes)
            }
            None => {
                let section = Section::named(object, None, traits, protection);
                (section, content_of(traits), traits.attributes)
            }
        };
        let name = Some(name.clone());
        Ok(Opened { section, entry, name, protection, attributes, rights, content })
    }

    /// Returns what a section of another program allows its views, by trying it.
    pub(super) fn probe(&self, name: &Name, object: &OwnedHandle) -> Protection {
        // The given handle may have fewer rights than the section would grant.
        let path = self.path_of(name, "", Operation::OpenMapping);
        let most =
            path.and_then(|path| objects::section(&path, MAXIMUM_ALLOWED, Operation::OpenMapping));
        match most {
            Ok(Some(most)) => section::probe(most.as_handle()),
            _ => section::probe(object.as_handle()),
        }
    }
}

/// Returns the content of a section that has no record.
pub(super) fn content_of(traits: Traits) -> Content {
    if traits.is_file { Content::File(PathBuf::new()) } else { Content::Held }
}

/// Returns true if a record can describe a section.
fn fits(record: &Record, traits: Traits) -> bool {
    let is_file = matches!(record.content, Content::File(_));
    match record.size {
        // The section has the size that the file had.
        None => is_file,
        Some(size) if is_file => traits.is_file && traits.size == size,
        Some(size) => !traits.is_file && Some(traits.size) == geometry::round_up(size, page_size()),
    }
}

/// Opens the file that a mapping follows. Takes the right to write away if it is not granted and
/// was not asked for explicitly.
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
                    rights.set(Rights::WRITE, false);
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

/// The file of a mapping of a fixed size, if it is still at its path. Views do not need it; flushing
/// to the disk does.
fn at_hand(record: &Record) -> Option<File> {
    let Content::File(path) = &record.content else { return None };
    let write = record.protection.is_writable();
    let file = OpenOptions::new().read(true).write(write).open(path).ok()?;
    (file::identity(&file, Operation::OpenMapping).ok()? == record.identity).then_some(file)
}

/// The request for all of a small section.
fn whole(len: usize, access: Access) -> Request {
    let (address, alignment, guarded, on_loss) = (None, 1, true, OnLoss::Die);
    Request { offset: 0, len, access, address, alignment, guarded, on_loss }
}

/// The hash of a text, short enough for a part of a name.
fn hexadecimal(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
