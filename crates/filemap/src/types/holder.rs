//! The processes that have handles of a name, or views of its bytes.

/// A process that has a name's handles, or views of its bytes.
///
/// Handles keep the name, views do not: they keep the memory alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub(crate) process: u32,
    pub(crate) command: String,
    pub(crate) handles: usize,
    pub(crate) views: usize,
}

impl Holder {
    /// Returns the number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process
    }

    /// Returns what the process runs, for people to read: the process can choose it.
    ///
    /// # Platforms
    ///
    /// On Linux the name of its first thread, which is the program's or the script's unless the
    /// process changes it. The kernel cuts it after 15 bytes; it is whole here if the program's
    /// first argument begins with the rest.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Returns how many handles it has: descriptors that keep the name.
    ///
    /// A handle that was copied by a fork or passed on counts in each process that has it open.
    #[must_use]
    pub fn handles(&self) -> usize {
        self.handles
    }

    /// Returns how many views it has, as the system shows them.
    ///
    /// Views that are adjacent both in memory and in the mapping count as one. The system does not
    /// show who made a view, so everything that is mapped counts; of a mapping over a file, all that
    /// the process has mapped of the file, by the name or not.
    #[must_use]
    pub fn views(&self) -> usize {
        self.views
    }

    /// Returns true if it keeps the name: it has a handle, and not only views.
    #[must_use]
    pub fn keeps_name(&self) -> bool {
        self.handles > 0
    }
}

/// The processes that hold a name, found by one look at all processes.
///
/// They may have changed since. Processes that this one may not look into are left out;
/// [`is_complete`](Self::is_complete) returns false if there are any.
///
/// ```
/// use filemap::{Access, FileMapping, Registry};
///
/// let place = tempfile::tempdir()?;
/// let registry = Registry::at(place.path());
/// let mapping = FileMapping::options().registry(&registry).name("x").size(1).create()?;
/// let _view = mapping.map(Access::Write)?;
///
/// # // Windows does not support this.
/// # if cfg!(windows) { return Ok(()); }
/// let holders = registry.inspect("x")?.holders()?;
/// for holder in &holders {
///     println!("{} runs {}", holder.pid(), holder.command());
/// }
/// let own = holders.iter().find(|holder| holder.pid() == std::process::id());
/// assert_eq!(own.map(|own| (own.handles(), own.views())), Some((1, 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    pub(crate) list: Vec<Holder>,
    pub(crate) unseen: usize,
    pub(crate) complete: bool,
}

impl Holders {
    /// Returns the holders, in the order of their process numbers.
    pub fn iter(&self) -> std::slice::Iter<'_, Holder> {
        self.list.iter()
    }

    /// Returns true if no process was found to have a handle or a view.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns how many processes have a handle or a view.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns how many processes were left out because this one may not look into them, or not
    /// wholly.
    ///
    /// Whether they hold the name is not known. An ordinary user may look only into processes of
    /// the same user.
    #[must_use]
    pub fn unseen(&self) -> usize {
        self.unseen
    }

    /// Returns true if no holder was left out, as far as that can be known.
    ///
    /// Returns false if there are processes that this one may not look into, if the system does not
    /// show all processes, or if the name has more handles than were found: one may be in another
    /// container, or on its way through a socket.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<'holders> IntoIterator for &'holders Holders {
    type Item = &'holders Holder;
    type IntoIter = std::slice::Iter<'holders, Holder>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Holders {
    type Item = Holder;
    type IntoIter = std::vec::IntoIter<Holder>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
