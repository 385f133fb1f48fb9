//! Which kind of object a name belongs to.

/// Which kind of object a name belongs to. All kinds share one set of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A mapping: memory or a file.
    Mapping,
    /// A mutex.
    Mutex,
    /// An event, of either kind.
    Event,
    /// A semaphore.
    Semaphore,
}

words!(ObjectKind[4] {
    Mapping = "mapping",
    Mutex = "mutex",
    Event = "event",
    Semaphore = "semaphore",
});

impl ObjectKind {
    /// Returns the word with its article.
    pub(crate) const fn with_article(self) -> &'static str {
        match self {
            Self::Mapping => "a mapping",
            Self::Mutex => "a mutex",
            Self::Event => "an event",
            Self::Semaphore => "a semaphore",
        }
    }
}
