//! The sweep: what the dead left is removed bit by bit, while anybody uses the registry.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use rustix::fs::{Dir, OFlags, SeekFrom};

use crate::sys::platform::registry::removal;
use crate::sys::platform::registry::root::{Root, TEMPORARY};

/// The beginning of the name of the file whose time is that of the last sweep, and whose content is
/// where it ended in the directory.
const SWEPT: &str = ".swept-";

/// How long no process of a user sweeps after a sweep.
const INTERVAL: Duration = Duration::from_secs(1);

/// The most files of one sweep, so that nobody waits for ten thousand.
const MOST: usize = 256;

impl Root {
    /// Removes some dead entries, if nobody of this user did in the last second.
    ///
    /// Dead names are invisible without that; it frees their memory. A failure is not the caller's.
    pub(super) fn sweep(&self) {
        if self.last_look.is_past(INTERVAL) {
            let _ignored = self.sweep_on();
        }
    }

    /// Removes dead entries from where the last sweep ended.
    fn sweep_on(&self) -> Option<()> {
        let mark = File::from(self.open_own(SWEPT).ok()?);
        // One process at a time. The mark is not an entry, and this is not a handle's lock.
        mark.try_lock().ok()?;
        let mut place = [0; 8];
        let is_new = mark.read_at(&mut place, 0).ok()? == 0;
        let since = mark.metadata().ok()?.modified().ok()?.elapsed();
        if !is_new && since.is_ok_and(|since| since < INTERVAL) {
            return None;
        }
        // Noted first: a sweep that is killed halfway is not begun again by everybody at once.
        mark.write_all_at(&place, 0).ok()?;
        let directory = self.open_file(".", OFlags::RDONLY | OFlags::DIRECTORY).ok()?;
        // Where files come and go the place is about right, which will do.
        rustix::fs::seek(&directory, SeekFrom::Start(u64::from_le_bytes(place))).ok();
        let (mut names, mut end) = (Vec::new(), 0);
        for entry in Dir::new(directory).ok()?.take(MOST) {
            let entry = entry.ok()?;
            names.push(entry.file_name().to_owned());
            end = entry.offset();
        }
        // At the end of the directory the next one begins anew.
        let end = if names.len() < MOST { 0 } else { end };
        mark.write_all_at(&end.to_le_bytes(), 0).ok()?;
        for name in names.iter().filter_map(|name| name.to_str().ok()) {
            self.remove_if_dead(name);
        }
        Some(())
    }

    /// Removes an entry if it is one, and dead; returns true if it did.
    pub(super) fn remove_if_dead(&self, file_name: &str) -> bool {
        (!file_name.starts_with('.') || file_name.starts_with(TEMPORARY))
            && removal::remove_if_dead(self, file_name).unwrap_or(false)
    }
}
