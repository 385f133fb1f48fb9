//! Many names at once, held by other processes.

use filemap::Registry;

use crate::Result;
use crate::place::Place;
use crate::second::{Role, Second, bare_name};

/// Names of one process: it has a descriptor or two for each, and may not have many.
const SHARE: usize = 1000;

/// A registry with so many live names, and so many made by the bare calls.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) count: usize,
    pub(crate) registry: Registry,
    family: String,
    /// Gone before their place is.
    _holders: Vec<Second>,
    _place: Place,
}

impl Crowd {
    /// Makes `count` names of `len` bytes each, in either way.
    pub(crate) fn new(count: usize, len: u64) -> Result<Self> {
        let place = Place::in_memory()?;
        let family = format!("/filemap-bench-{}-{count}", std::process::id());
        let mut holders = Vec::new();
        for first in (0..count).step_by(SHARE) {
            holders.push(Second::begin(&Role::Hold {
                place: place.path().to_owned(),
                first,
                count: SHARE.min(count - first),
                len,
                fill: false,
                family: Some(family.clone()),
            })?);
        }
        for holder in &mut holders {
            holder.wait()?;
        }
        let registry = Registry::at(place.path());
        Ok(Self { count, registry, family, _holders: holders, _place: place })
    }

    /// What the bare calls call the object of this number; `count` is the first that is free.
    pub(crate) fn bare_name(&self, number: usize) -> String {
        bare_name(&self.family, number)
    }
}
