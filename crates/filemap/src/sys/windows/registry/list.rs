//! Names as the kernel's folders list them.

use std::os::windows::io::AsHandle as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::sys::Content;
use crate::sys::platform::Section;
use crate::sys::platform::registry::{Directory, objects};
use crate::sys::platform::section::{Traits, access_mask};
use crate::types::{
    Attributes, Error, ErrorKind, Name, Operation, Permissions, Protection, Result, Rights, Scope,
};

/// A name as a listing shows it.
#[derive(Debug)]
pub(crate) struct Listed {
    name: Name,
    size: u64,
    protection: Protection,
    attributes: Attributes,
    content: Content,
    creator: u32,
    created: SystemTime,
    path: PathBuf,
    permissions: Option<Permissions>,
}

impl Listed {
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Bytes; 0 if the object is as long as its file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn protection(&self) -> Protection {
        self.protection
    }

    pub(crate) fn attributes(&self) -> Attributes {
        self.attributes
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The process that made it; 0 if another program's, of which that is not known.
    pub(crate) fn creator(&self) -> u32 {
        self.creator
    }

    pub(crate) fn created(&self) -> SystemTime {
        self.created
    }

    /// A name that is there is held: the kernel removes others.
    #[expect(clippy::unused_self, reason = "on other platforms names may be dead")]
    pub(crate) fn is_live(&self) -> bool {
        true
    }

    /// Who else may open it; nothing, if another program decided that.
    pub(crate) fn permissions(&self) -> Option<Permissions> {
        self.permissions
    }

    /// Where the kernel has it, which is no path of a file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Directory {
    /// Lists the names that this user may look at, by scope and name.
    pub(crate) fn list(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        let mut scopes = vec![Scope::Local];
        if objects::folder(Scope::Local) != objects::folder(Scope::Global) {
            scopes.push(Scope::Global);
        }
        for scope in scopes {
            for own in objects::sections(objects::folder(scope))? {
                let Some(base) = self.base_of(&own) else { continue };
                // What goes away while it is looked at is left out, and what may not be looked at.
                if let Ok(name) = Name::parse(&format!("{scope}\\{base}"))
                    && let Ok(Some(entry)) = self.inspect(&name)
                {
                    listed.push(entry);
                }
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    }

    /// Looks at one name without opening its object for anything else.
    pub(crate) fn inspect(&self, name: &Name) -> Result<Option<Listed>> {
        let operation = Operation::UseRegistry;
        let own = format!("{}{}", self.prefix(), name.base());
        let prefix = if name.scope() == Scope::Global { "Global\\" } else { "" };
        let path: Vec<u16> = format!("{prefix}{own}\0").encode_utf16().collect();
        let Some(object) = objects::open(&path, access_mask(Rights::empty()), operation)? else {
            return Ok(None);
        };
        let traits = Traits::of(object.as_handle())?
            .ok_or_else(|| Error::new(ErrorKind::WrongObject, operation))?;
        let path = PathBuf::from(format!("{}\\{own}", objects::folder(name.scope())));
        let name = name.clone();
        if let Some((record, _)) = self.record(&name)? {
            return Ok(Some(Listed {
                name,
                size: record.size,
                protection: record.protection,
                attributes: record.attributes,
                content: record.content,
                creator: record.creator,
                created: record.created,
                path,
                permissions: Some(record.permissions),
            }));
        }
        let Traits { attributes, size, is_file } = traits;
        let content = if is_file { Content::File(PathBuf::new()) } else { Content::Memory };
        let protection = self.probe(&name, &object);
        let (creator, created, permissions) = (0, SystemTime::UNIX_EPOCH, None);
        Ok(Some(Listed {
            name,
            size,
            protection,
            attributes,
            content,
            creator,
            created,
            path,
            permissions,
        }))
    }
}

/// What one pass over all processes found.
#[derive(Debug)]
pub(crate) struct Census {
    /// For each name that was asked about, in the same order.
    pub(crate) sighted: Vec<Vec<Sighted>>,
    /// Processes that could not be looked into, or not wholly.
    pub(crate) unseen: usize,
    /// Whether there may be processes that cannot even be counted.
    pub(crate) hidden: bool,
    /// For each name, whether more hold it than are in sight.
    pub(crate) held_elsewhere: Vec<bool>,
}

/// A process that has a name's handles, or views of its bytes.
#[derive(Debug)]
pub(crate) struct Sighted {
    pub(crate) process: u32,
    pub(crate) command: String,
    pub(crate) handles: usize,
    pub(crate) views: usize,
}

impl Census {
    /// Refuses: Windows has no interface that tells who has an object open.
    pub(crate) fn take<'l>(listed: impl IntoIterator<Item = &'l Listed>) -> Result<Self> {
        let _names = listed;
        Err(Error::new(ErrorKind::NotSupported, Operation::UseRegistry)
            .because("Windows does not tell which processes have an object open"))
    }

    /// Refuses, for the same reason.
    pub(crate) fn of_views(_section: &Section) -> Result<Self> {
        Err(Error::new(ErrorKind::NotSupported, Operation::LookAt)
            .because("Windows does not tell which processes have an object mapped"))
    }
}
