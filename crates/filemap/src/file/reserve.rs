use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::file::MappedFile;
use crate::file::bytes::CHUNK;
use crate::file::cutting::Uncut;
use crate::model::{FileMapping, Unfinished};
use crate::types::{Operation, Result};

/// How many bytes of room are made ready for appends at once.
const READY: u64 = 64 << 10;

impl MappedFile {
    /// Makes room for `bytes` more behind the end, so that small appends need no system call.
    ///
    /// Disk space is set aside for all of them, and the file itself becomes that much longer, with
    /// zeros. To this `MappedFile` its length stays what was written: [`len`](Self::len) is exact
    /// after every write, reads end there, and a [`Cursor`](crate::Cursor) finds the end there.
    /// Where there is room already, it becomes no smaller. What is written past the room makes the
    /// file longer as always, and the room is then used up.
    ///
    /// The room that is left is given back when the file is closed or dropped, and by
    /// [`set_len`](Self::set_len), also if its length is what it was.
    ///
    /// ```
    /// use filemap::MappedFile;
    ///
    /// let place = tempfile::tempdir()?;
    /// let path = place.path().join("log");
    /// let log = MappedFile::open(&path)?;
    /// log.reserve(1 << 20)?;
    /// for number in 0..1000_u64 {
    ///     log.write(log.len()?, &number)?;
    /// }
    /// assert_eq!(log.len()?, 8000);
    /// assert_eq!(std::fs::metadata(&path)?.len(), 1 << 20); // what others see
    ///
    /// log.close()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), 8000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # What others see
    ///
    /// To everybody else, and to other `MappedFile`s of the file, it has its whole length, with
    /// zeros at its end. Who appends does so behind the room: the file is then no shorter for
    /// anybody any more, this one included, and nothing is given back. What others write *into* the
    /// room is not seen as part of the file here, and later appends overwrite it; when room is
    /// given back, the file is cut behind the last byte there that is not zero. Only what is
    /// written there in that very moment is cut off.
    ///
    /// Others who make the file shorter take the room away. This shows when the length is asked
    /// for, or an append meets the next page; what was appended into the file's last page until
    /// then is lost.
    ///
    /// # After a crash
    ///
    /// A process that ends without dropping the file, killed or not, leaves it with the zeros at
    /// its end: nothing that was written is lost, and where it ended has to be told by what was
    /// written. A forked child gives nothing back.
    ///
    /// # Errors
    ///
    /// The file is then as it was.
    ///
    /// | what is wrong | kind |
    /// |---|---|
    /// | no space for so many bytes | [`DiskFull`](crate::ErrorKind::DiskFull) |
    /// | no file can be so long, or the process's limit does not allow it | [`FileTooLarge`](crate::ErrorKind::FileTooLarge) |
    /// | it was opened for reading only | [`AccessDenied`](crate::ErrorKind::AccessDenied) |
    /// | it is memory, or a mapping of a fixed size; or its file system sets no space aside | [`NotSupported`](crate::ErrorKind::NotSupported) |
    ///
    /// # Platforms
    ///
    /// Windows cuts no file that is mapped or named: what others have mapped, or what has a name,
    /// keeps its zeros. On Linux the same holds as long as somebody keeps the file's length with a
    /// [`KeptLength`](crate::KeptLength). [`close`](Self::close) says so.
    #[doc(alias = "fallocate")]
    pub fn reserve(&self, bytes: u64) -> Result<()> {
        let operation = Operation::ResizeFile;
        self.check_writable(operation)?;
        self.check_growing(operation)?;
        let _cut = self.cutting.cut();
        let len = self.look()?;
        let end = self.end_of(len, bytes, operation)?;
        if bytes == 0 || end <= self.room.end() {
            return Ok(());
        }
        self.mapping.reserve_file(end).map_err(|error| self.named(error))?;
        self.room.begin(len, end);
        self.look()?;
        // Whoever was making the file longer is done: setting space aside waited for it.
        self.settled_len.fetch_max(len, Ordering::Relaxed);
        self.reach();
        Ok(())
    }

    /// Makes the pages ready that the next appends go to, which takes two thirds of the time of
    /// their first stores, one after the other.
    fn make_ready(&self, end: u64, room: u64) {
        if let Some((view, at)) = self.whole_at(end)
            && let Ok(until) = usize::try_from(room.min((end / READY + 1) * READY))
        {
            view.expect_stores(at..until);
        }
    }

    /// Writes into the room behind the end, or into the file before it, through the map; false if
    /// there is no such room, and nothing was written then.
    pub(super) fn write_into_room(&self, offset: u64, bytes: &[u8]) -> Result<bool> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > self.room.end() {
            return Ok(false);
        }
        // Nobody here gives the room back between the store and the note of it.
        let uncut = self.cutting.uncut();
        let room = self.room.end();
        if end > room {
            return Ok(false);
        }
        if offset / READY != end / READY {
            self.make_ready(end, room);
        }
        let stored = self.each_of(room, offset, bytes.len(), |view, part| {
            let bytes = &bytes[part.done..part.done + part.len];
            view.write_asking(part.at, bytes, Unfinished::UNTRIED)
                .map(ControlFlow::Continue)
                .map_err(|error| error.lost_after(part.done))
        });
        match stored {
            Ok(()) => {
                self.room.wrote(end, &uncut);
                self.note(end, end);
                Ok(true)
            }
            // Somebody took the room away: output makes the file longer again.
            Err(error) if self.may_be_back(&error) => {
                self.room.is_over();
                Ok(false)
            }
            Err(error) => Err(self.named(error)),
        }
    }
}

/// The room behind the end of what was written, which is the file's end to everybody else.
///
/// It is there for as long as the file is as long as it was made for it: another length is
/// another's doing, and from then on the file is as long as it is. Dropped, it is given back; so
/// all views must be gone before, where a mapped file cannot be cut.
#[derive(Debug)]
pub(super) struct Room {
    mapping: Arc<FileMapping>,
    /// Where the file ends with the room; 0 if there is none.
    end: AtomicU64,
    /// Where the last byte was written, if there is room, by those who were not alone: the length
    /// as it is told is the greater of this and the next.
    written: AtomicU64,
    /// The same by those who were, which a store is enough to note.
    written_alone: AtomicU64,
    /// The process that made the room, and whose it is.
    owner: AtomicU32,
}

impl Room {
    pub(super) fn none(mapping: Arc<FileMapping>) -> Self {
        let nowhere = || AtomicU64::new(0);
        let (end, written, written_alone) = (nowhere(), nowhere(), nowhere());
        Self { mapping, end, written, written_alone, owner: AtomicU32::new(0) }
    }

    /// Where the file ends with the room; 0 if there is none.
    #[inline(always)]
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Begins with room from `written` to `end`; the caller lets nobody else write meanwhile.
    fn begin(&self, written: u64, end: u64) {
        self.set_written(written);
        self.owner.store(std::process::id(), Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
    }

    /// Notes where a write ended, by whatever way it went; the caller keeps the file uncut.
    #[inline(always)]
    pub(super) fn wrote(&self, end: u64, uncut: &Uncut<'_>) {
        let room = self.end();
        if room == 0 {
            return;
        }
        if !uncut.is_alone() {
            self.written.fetch_max(end, Ordering::Relaxed);
        } else if self.written_alone.load(Ordering::Relaxed) < end {
            // Nobody else stores there now, and an instruction that waits for nothing will do.
            self.written_alone.store(end, Ordering::Relaxed);
        }
        if end > room {
            self.is_over();
        }
    }

    /// Where the last byte was written.
    #[inline]
    fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed).max(self.written_alone.load(Ordering::Relaxed))
    }

    /// Sets that; the caller lets nobody else write meanwhile.
    fn set_written(&self, end: u64) {
        self.written.store(end, Ordering::Relaxed);
        self.written_alone.store(end, Ordering::Relaxed);
    }

    /// Forgets the room: the file is as long as it is.
    pub(super) fn is_over(&self) {
        self.end.store(0, Ordering::Relaxed);
    }

    /// The length to be told, while `file_len` tells the file's own.
    pub(super) fn len(&self, file_len: impl FnOnce() -> Result<u64>) -> Result<u64> {
        // In this order: where there is room, what is written past it moves the end of the file
        // before the room is over.
        let room = self.end();
        let len = file_len()?;
        if room == 0 {
            return Ok(len);
        }
        if len == room {
            return Ok(self.written());
        }
        self.is_over();
        Ok(len)
    }

    /// Makes `len` the length that is told, if there is room and it lies in it; the caller lets nobody else
    /// write meanwhile.
    pub(super) fn set_len(&self, len: u64) -> bool {
        let end = self.end();
        let inside = end != 0 && (self.written()..=end).contains(&len);
        if inside {
            self.set_written(len);
        }
        inside
    }

    /// Gives back what is left of the room, if the file still ends with it.
    pub(super) fn give_back(&mut self) -> Result<()> {
        let end = std::mem::take(self.end.get_mut());
        let written = self.written();
        if written >= end || *self.owner.get_mut() != std::process::id() {
            return Ok(());
        }
        if self.mapping.file_len()? != end {
            return Ok(());
        }
        let len = self.others_in(written, end)?;
        if len < end { self.mapping.set_file_len(len) } else { Ok(()) }
    }

    /// Where the last byte in a part of the file ends that is not zero.
    fn others_in(&self, from: u64, to: u64) -> Result<u64> {
        let mut last = from;
        let mut seen = [0; CHUNK];
        for data in self.mapping.extents(from..to)? {
            let data = data?;
            let mut at = data.start;
            while at < data.end {
                let count = usize::try_from(data.end - at).unwrap_or(CHUNK).min(CHUNK);
                let seen = &mut seen[..count];
                let count = self.mapping.read_file(at, seen)?;
                if count == 0 {
                    return Ok(last);
                }
                if let Some(place) = seen[..count].iter().rposition(|byte| *byte != 0) {
                    last = at + place as u64 + 1;
                }
                at += count as u64;
            }
        }
        Ok(last)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // In silence, as everything that is dropped; `close` tells.
        let _ignored = self.give_back();
    }
}
