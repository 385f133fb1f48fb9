//! All names of a registry, as the kernel's folders list them.

use std::os::windows::io::AsHandle as _;
use std::time::SystemTime;

use crate::sys::platform::registry::directory::{Directory, content_of};
use crate::sys::platform::registry::objects;
use crate::sys::platform::section::Traits;
use crate::sys::platform::waitable;
use crate::sys::{Content, Listed};
use crate::types::{
    Attributes, Error, ErrorKind, Name, ObjectKind, Operation, Protection, Result, Scope,
};

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
            for (own, kind) in objects::names(objects::folder(scope))? {
                let Some(base) = self.base_of(&own) else { continue };
                // A name that is gone meanwhile, or that this user may not open, is left out.
                if let Ok(name) = Name::parse(&format!("{scope}\\{base}"))
                    && let Ok(Some(entry)) = self.inspect_as(kind, &name)
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
        let path = self.path_of(name, "", Operation::UseRegistry)?;
        let kind = objects::kind_named(&path).unwrap_or(ObjectKind::Mapping);
        self.inspect_as(kind, name)
    }

    /// The same of a name whose object is of this kind.
    fn inspect_as(&self, kind: ObjectKind, name: &Name) -> Result<Option<Listed>> {
        let operation = Operation::UseRegistry;
        let path = self.path_of(name, "", operation)?;
        let Some(object) = objects::open(kind, &path, objects::QUERY, operation)? else {
            return Ok(None);
        };
        let unknown = self.unknown(name);
        if kind != ObjectKind::Mapping {
            let object = object.as_handle();
            return Ok(waitable::kind_of(object).map(|kind| Listed {
                content: Content::Waitable(kind),
                state: waitable::state(object, kind),
                ..unknown
            }));
        }
        let traits = Traits::of(object.as_handle())?
            .ok_or_else(|| Error::new(ErrorKind::WrongObject, operation))?;
        Ok(Some(match self.record(name)? {
            Some((record, _)) => Listed {
                size: record.size,
                protection: record.protection,
                attributes: record.attributes,
                content: record.content,
                creator: record.creator,
                created: record.created,
                permissions: Some(record.permissions),
                ..unknown
            },
            None => Listed {
                size: Some(traits.size),
                protection: self.probe(name, &object),
                attributes: traits.attributes,
                content: content_of(traits),
                ..unknown
            },
        }))
    }

    /// A name of which nothing else is known.
    fn unknown(&self, name: &Name) -> Listed {
        Listed {
            name: name.clone(),
            size: Some(0),
            protection: Protection::ReadWrite,
            attributes: Attributes::COMMIT,
            content: Content::Held,
            state: None,
            waiters: None,
            creator: 0,
            created: SystemTime::UNIX_EPOCH,
            // The kernel removes a name with its last handle.
            is_live: true,
            is_withdrawn: false,
            path: [objects::folder(name.scope()), &self.own_name(name)].join("\\").into(),
            permissions: None,
        }
    }
}
