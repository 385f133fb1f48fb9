use crate::sys::Sighted;

/// A process that has a name's handles, or views of its bytes.
///
/// Handles keep the name, views do not: they keep the memory alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    process: u32,
    command: String,
    handles: usize,
    views: usize,
}

impl Holder {
    /// The number of the process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// What the process runs: a word for people, which the process can choose.
    ///
    /// # Platforms
    ///
    /// On Linux the name of its first thread, which is that of its program unless it says
    /// otherwise; of a script it is the script's. The kernel cuts it after 15 bytes; it is whole
    /// here if the first of the program's arguments begins with what is left.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// How many handles it has: descriptors that keep the name.
    ///
    /// A handle that a fork copied, or that was passed on, counts wherever it is open.
    #[must_use]
    pub fn handles(&self) -> usize {
        self.handles
    }

    /// How many views it has, as seen from outside.
    ///
    /// Views that lie side by side in memory as they do in the mapping are one. Whether a view
    /// was made through this library is not to be seen, so everything that is mapped counts; and
    /// if the mapping is over a file, all that the process has mapped of that file, through the
    /// name or not.
    #[must_use]
    pub fn views(&self) -> usize {
        self.views
    }

    /// Tells whether it keeps the name: without a handle it has views alone.
    #[must_use]
    pub fn keeps_name(&self) -> bool {
        self.handles > 0
    }
}

/// Who holds a name, as one look at all processes found it.
///
/// All of it may have changed when it is read. Processes that this one may not look into are
/// left out, and [`is_complete`](Self::is_complete) tells whether there are any.
///
/// ```
/// use filemap::{Access, FileMapping, Registry};
///
/// let place = tempfile::tempdir()?;
/// let registry = Registry::at(place.path());
/// let mapping = FileMapping::options().registry(&registry).name("x").size(1).create()?;
/// let _view = mapping.map(Access::Write)?;
///
/// # // Windows does not tell.
/// # if cfg!(windows) { return Ok(()); }
/// let holders = registry.inspect("x")?.holders()?;
/// for holder in &holders {
///     println!("{} runs {}", holder.process(), holder.command());
/// }
/// let own = holders.iter().find(|holder| holder.process() == std::process::id());
/// assert_eq!(own.map(|own| (own.handles(), own.views())), Some((1, 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    list: Vec<Holder>,
    unseen: usize,
    complete: bool,
}

impl Holders {
    /// Joins what was found with what is known about who was not.
    pub(crate) fn new(sighted: Vec<Sighted>, unseen: usize, hidden: bool, live: bool) -> Self {
        let list: Vec<_> = sighted.into_iter().map(Holder::from).collect();
        // A live name that nobody in sight keeps is kept from out of sight.
        let kept = !live || list.iter().any(Holder::keeps_name);
        Self { list, unseen, complete: unseen == 0 && !hidden && kept }
    }

    /// The holders, by the number of the process.
    pub fn iter(&self) -> std::slice::Iter<'_, Holder> {
        self.list.iter()
    }

    /// Tells whether nobody in sight has a handle or a view.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many processes have a handle or a view.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many processes were left out because this one may not look into them, or not wholly.
    ///
    /// Whether they have anything of the name is not known. An ordinary user may look into
    /// processes of the same user alone.
    #[must_use]
    pub fn unseen(&self) -> usize {
        self.unseen
    }

    /// Tells whether nobody was left out, as far as can be known.
    ///
    /// It is not so if there are processes that this one may not look into, if the system does not
    /// show all processes, or if more hold the name than are in sight: from another container, say,
    /// or by a handle that is on its way from one process to another.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl From<Sighted> for Holder {
    fn from(Sighted { process, command, handles, views }: Sighted) -> Self {
        Self { process, command, handles, views }
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
