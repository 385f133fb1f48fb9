//! Who holds names, and who has views.

use crate::model::{FileMapping, NamedMapping, Registry};
use crate::sys;
use crate::types::{Holders, Result};

impl Registry {
    /// Returns the holders of each of these names, in the same order.
    ///
    /// Looks at everything that every process has open or mapped, which is slow. It does so once
    /// for all names, so a whole listing costs little more than one name.
    ///
    /// ```
    /// use filemap::{FileMapping, Registry};
    ///
    /// let place = tempfile::tempdir()?;
    /// let registry = Registry::at(place.path());
    /// let _held = FileMapping::options().registry(&registry).name("x").size(1).create()?;
    ///
    /// # // Windows does not support this.
    /// # if cfg!(windows) { return Ok(()); }
    /// let names = registry.list()?;
    /// for (name, holders) in names.iter().zip(registry.holders(&names)?) {
    ///     assert_eq!((name.name().base(), holders.len()), ("x", 1));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) if the system does not show its
    /// processes, and the errors of reading them, such as
    /// [`ErrorKind::TooManyOpenFiles`](crate::ErrorKind::TooManyOpenFiles).
    ///
    /// # Platforms
    ///
    /// On Linux processes are found through `/proc`. Only the superuser may look into those of
    /// other users. On Windows: [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported).
    pub fn holders<'names>(
        &self,
        names: impl IntoIterator<Item = &'names NamedMapping>,
    ) -> Result<Vec<Holders>> {
        let listed: Vec<_> = names.into_iter().map(NamedMapping::listed).collect();
        sys::holders(&listed)
    }

    /// Returns the mappings that have handles and lost their names: see
    /// [`FileMapping::withdraw_name`].
    ///
    /// As slow as [`holders`](Self::holders), which tells who has the handles. Those of processes
    /// that this one may not look into are left out.
    ///
    /// # Errors
    ///
    /// Those of [`holders`](Self::holders), and of [`list`](Self::list).
    ///
    /// # Platforms
    ///
    /// On Windows there are none.
    pub fn withdrawn(&self) -> Result<Vec<NamedMapping>> {
        Ok(self.directory.withdrawn()?.into_iter().map(NamedMapping::of).collect())
    }
}

impl NamedMapping {
    /// Returns the processes that have handles of the name, or views without a handle.
    ///
    /// As slow as [`Registry::holders`], which asks for many names at once. The mapping is the one
    /// that was listed, even if another one has the name by now.
    ///
    /// # Errors
    ///
    /// Those of [`Registry::holders`].
    pub fn holders(&self) -> Result<Holders> {
        Ok(sys::holders(&[self.listed()])?.remove(0))
    }
}

impl FileMapping {
    /// Returns the processes that have views of the bytes, by whatever name or by none.
    ///
    /// As slow as [`Registry::holders`]. Handles are not counted: they belong to names, of which a
    /// file may have many or none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) if the system does not show its
    /// processes.
    ///
    /// # Platforms
    ///
    /// As for [`Registry::holders`].
    pub fn viewers(&self) -> Result<Holders> {
        sys::viewers(self.section()).map_err(|error| error.or_about(|| self.subject()))
    }
}
