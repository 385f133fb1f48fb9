//! A name that is looked at: its bytes while it is there, and whether it has ended.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use filemap::{Access, ErrorKind, PositionedIo as _, Registry, View};
use filemap_layout::Versions;

use crate::channel::key;
use crate::error::{Error, Result};
use crate::subject::Subject;
use crate::writer::Writer;

/// The time between two looks whether a name is still there, or is there again.
const PAUSE: Duration = Duration::from_millis(100);

/// The same while its bytes change: somebody is there then.
const PAUSE_WHILE_IT_CHANGES: Duration = Duration::from_secs(1);

/// A name that is looked at.
#[derive(Debug)]
pub(crate) struct Source {
    subject: Subject,
    present: Option<Present>,
    /// When the name was last looked for.
    asked: Option<Instant>,
    /// When its bytes had changed the last time.
    changed: Option<Instant>,
    /// Whether it was there once.
    was_there: bool,
    /// Whether its layout is attached to the file.
    is_attached: bool,
}

/// The bytes of a name while it is there.
struct Present {
    /// A view keeps the bytes, and not the name.
    view: View,
    identity: Identity,
    channel: u16,
    facts: Vec<(&'static str, String)>,
    versions: Option<Versions>,
    now: Vec<u8>,
    /// The last frame that was written.
    before: Option<Vec<u8>>,
    /// The last one that was torn, and the channel of such ones.
    torn: Option<(u16, Vec<u8>)>,
}

/// Which mapping has a name: another one has another creator, or was created at another time.
type Identity = (u32, SystemTime);

impl Source {
    pub(crate) fn new(subject: Subject) -> Self {
        Self {
            subject,
            present: None,
            asked: None,
            changed: None,
            was_there: false,
            is_attached: false,
        }
    }

    /// Returns whether the name is there.
    pub(crate) fn is_present(&self) -> bool {
        self.present.is_some()
    }

    /// Returns whether the name was there and has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.was_there && self.present.is_none()
    }

    /// Opens the name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it is not there; other errors of the library.
    pub(crate) fn open(&mut self, registry: &Registry, writer: &mut Writer) -> Result<()> {
        let name = &self.subject.name;
        let identity = identity(registry, &self.subject)?;
        let mapping = registry.open(name)?;
        let size = usize::try_from(mapping.size()).unwrap_or(usize::MAX);
        self.subject.check_size(mapping.size())?;
        let view = mapping.map(Access::Read)?;
        mapping.close()?;
        let mut facts = vec![(key::SIZE, size.to_string())];
        if let Some((file, text)) = self.subject.attachment(size) {
            if !std::mem::replace(&mut self.is_attached, true) {
                writer.attach(&file, "application/toml", text.as_bytes())?;
            }
            facts.push((key::LAYOUT, file));
        }
        let channel = writer.add_channel(name, &self.subject.schema(size), &facts, false)?;
        // Where it is not told which mapping it is, none is another one.
        let identity = identity.unwrap_or((0, SystemTime::UNIX_EPOCH));
        self.present = Some(Present {
            view,
            identity,
            channel,
            facts,
            versions: self.subject.versions(size).cloned(),
            now: vec![0; size],
            before: None,
            torn: None,
        });
        self.was_there = true;
        Ok(())
    }

    /// Looks at the bytes, and writes them if they have changed.
    pub(crate) fn look(
        &mut self,
        registry: &Registry,
        writer: &mut Writer,
        look: Look,
    ) -> Result<Seen> {
        let changes = self.changed.is_some_and(|changed| look.now - changed < PAUSE);
        let pause = if changes { PAUSE_WHILE_IT_CHANGES } else { PAUSE };
        let is_time = self.asked.is_none_or(|asked| look.now - asked >= pause);
        if is_time {
            self.asked = Some(look.now);
        }
        if self.present.is_none() {
            if !is_time || (self.was_there && !look.waits) {
                return Ok(Seen::Nothing);
            }
            match self.open(registry, writer) {
                Err(Error::Mapping(error)) if error.kind() == ErrorKind::NotFound => {
                    return Ok(Seen::Nothing);
                }
                opened => opened?,
            }
        }
        let Some(present) = &mut self.present else { return Ok(Seen::Nothing) };
        let has_ended = is_time && {
            let identity = identity(registry, &self.subject)?;
            identity.is_none_or(|identity| identity != present.identity)
                || present.view.generation_changed()
        };
        // The last bytes are those after the end.
        let written = present.look(&self.subject, writer, look)?;
        if written != Seen::Nothing {
            self.changed = Some(look.now);
        }
        if has_ended {
            self.present = None;
        }
        Ok(written)
    }
}

impl fmt::Debug for Present {
    /// Without the bytes, of which there may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Present {
    fn look(&mut self, subject: &Subject, writer: &mut Writer, look: Look) -> Result<Seen> {
        let is_whole = match &self.versions {
            Some(versions) => versions.take(&self.view, 0, &mut self.now)?,
            None => {
                self.view.read_exact_at(&mut self.now, 0)?;
                true
            }
        };
        if !is_whole {
            return self.keep_torn(subject, writer, look);
        }
        let Some(before) = &mut self.before else {
            writer.write(self.channel, look.number, look.now, &self.now)?;
            self.before = Some(self.now.clone());
            return Ok(Seen::Frame);
        };
        if self.now == *before {
            return Ok(Seen::Nothing);
        }
        writer.write(self.channel, look.number, look.now, &self.now)?;
        std::mem::swap(&mut self.now, before);
        Ok(Seen::Frame)
    }

    /// Writes what somebody was writing while it was read, to a channel of its own.
    fn keep_torn(&mut self, subject: &Subject, writer: &mut Writer, look: Look) -> Result<Seen> {
        let channel = match &mut self.torn {
            Some((_, before)) if *before == self.now => return Ok(Seen::Nothing),
            Some((channel, before)) => {
                before.copy_from_slice(&self.now);
                *channel
            }
            None => {
                let schema = subject.schema(self.now.len());
                let channel = writer.add_channel(&subject.name, &schema, &self.facts, true)?;
                self.torn = Some((channel, self.now.clone()));
                channel
            }
        };
        writer.write(channel, look.number, look.now, &self.now)?;
        Ok(Seen::Torn)
    }
}

/// What a look at a name came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing that was not there before.
    Nothing,
    /// A frame, which was written.
    Frame,
    /// A frame that is torn, which was written as such.
    Torn,
}

/// A look at all names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) number: u64,
    pub(crate) now: Instant,
    /// Whether names are awaited that have ended.
    pub(crate) waits: bool,
}

/// Returns which mapping has the name now, if one has.
fn identity(registry: &Registry, subject: &Subject) -> Result<Option<Identity>> {
    match registry.inspect(&subject.name) {
        Ok(listed) if listed.is_live() => Ok(Some((listed.creator(), listed.created()))),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
