//! All names of a registry, as the kernel's folders list them.

use std::os::windows::io::AsHandle as _;
use std::time::SystemTime;

use crate::sys::Listed;
use crate::sys::platform::registry::directory::{Directory, content_of};
use crate::sys::platform::registry::objects;
use crate::sys::platform::section::{Traits, access_mask};
use crate::types::{Error, ErrorKind, Name, Operation, Result, Rights, Scope};

impl Directory {
    /// Returns none: the kernel keeps a name for as long as a handle.
    #[cfg(feature = "holders")]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms look")]
    pub(crate) fn withdrawn(&self) -> Result<Vec<Listed>> {
        Ok(Vec::new())
    }

    /// Lists the names that this user may open, by scope and name.
    pub(crate) fn list(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        let mut scopes = vec![Scope::Local];
        if objects::folder(Scope::Local) != objects::folder(Scope::Global) {
            scopes.push(Scope::Global);
        }
        for scope in scopes {
            for own in objects::sections(objects::folder(scope))? {
                let Some(base) = self.base_of(&own) else { continue };
                // A name that is gone meanwhile, or that this user may not open, is left out.
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

    /// Returns what is known of one name, without opening the mapping.
    pub(crate) fn inspect(&self, name: &Name) -> Result<Option<Listed>> {
        let operation = Operation::UseRegistry;
        let path = self.path_of(name, "", operation)?;
        let Some(object) = objects::open(&path, access_mask(Rights::empty()), operation)? else {
            return Ok(None);
        };
        let traits = Traits::of(object.as_handle())?
            .ok_or_else(|| Error::new(ErrorKind::WrongObject, operation))?;
        let record = self.record(name)?.map(|(record, _)| record);
        let (protection, content) = match &record {
            Some(record) => (record.protection, record.content.clone()),
            None => (self.probe(name, &object), content_of(traits)),
        };
        let known = record.as_ref();
        Ok(Some(Listed {
            name: name.clone(),
            size: known.map_or(Some(traits.size), |record| record.size),
            protection,
            attributes: known.map_or(traits.attributes, |record| record.attributes),
            content,
            creator: known.map_or(0, |record| record.creator),
            created: known.map_or(SystemTime::UNIX_EPOCH, |record| record.created),
            // The kernel removes a name with its last handle.
            is_live: true,
            is_withdrawn: false,
            path: [objects::folder(name.scope()), &self.own_name(name)].join("\\").into(),
            permissions: known.map(|record| record.permissions),
        }))
    }
}
