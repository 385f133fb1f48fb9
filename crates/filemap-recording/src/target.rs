//! A mapping that frames are written into.

use std::sync::atomic::{Ordering, fence};

use filemap::{Access, FileMapping, Name, PositionedIo as _, Registry, View};
use filemap_layout::Versions;

use crate::channel::Channel;
use crate::counting::{Counting, Written};
use crate::error::{Error, Result};

/// How finely changes are told apart: of so many bytes all are written if one has changed.
const BLOCK: usize = 64;

/// A mapping that frames are written into.
#[derive(Debug)]
pub(crate) struct Target {
    name: Name,
    /// Holds the name. None while it gets another size.
    mapping: Option<FileMapping>,
    view: View,
    /// Whether the mapping is somebody else's.
    is_foreign: bool,
    /// The bytes that were written last.
    shown: Vec<u8>,
    counting: Option<Counting>,
}

impl Target {
    /// Creates the name, or opens a live one if that is asked for.
    ///
    /// # Errors
    ///
    /// [`filemap::ErrorKind::AlreadyExists`] if it is live; [`Error::Content`] if a live one is too small.
    pub(crate) fn new(
        name: Name,
        channel: &Channel,
        versions: Option<Versions>,
        registry: &Registry,
        forces: bool,
    ) -> Result<Self> {
        let size = channel.longest;
        if forces && let Ok(mapping) = registry.open(&name) {
            let view = mapping.map(Access::Write)?;
            has_room(&name, &view, size)?;
            let mut shown = vec![0; view.len()];
            view.read_exact_at(&mut shown, 0)?;
            let counting = versions.map(|versions| Counting::on_from(versions, &shown));
            let mapping = Some(mapping);
            return Ok(Self { name, mapping, view, is_foreign: true, shown, counting });
        }
        let mapping = create(&name, size, registry)?;
        let view = mapping.map(Access::Write)?;
        let shown = vec![0; size];
        let counting = versions.map(Counting::new);
        Ok(Self { name, mapping: Some(mapping), view, is_foreign: false, shown, counting })
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn size(&self) -> u64 {
        self.view.len() as u64
    }

    /// Is told that the recording begins, perhaps again.
    pub(crate) fn begin_round(&mut self) {
        if let Some(counting) = &mut self.counting {
            counting.begin_round();
        }
    }

    /// Writes what has changed in a frame.
    ///
    /// # Errors
    ///
    /// Those of the mapping; [`Error::Content`] if it is somebody else's, and too small.
    pub(crate) fn show(&mut self, frame: &[u8], registry: &Registry) -> Result<()> {
        // Another program's message of no bytes; no mapping has none.
        if frame.is_empty() {
            return Ok(());
        }
        if self.is_foreign {
            has_room(&self.name, &self.view, frame.len())?;
        } else if frame.len() != self.view.len() {
            // As it was when it was recorded: the name has ended, and come back with another size.
            self.mapping = None;
            let mapping = create(&self.name, frame.len(), registry)?;
            self.view = mapping.map(Access::Write)?;
            self.mapping = Some(mapping);
            self.shown = vec![0; frame.len()];
        }
        let Some(mut counting) = self.counting.take() else { return self.write_changes(frame) };
        let mut frame = frame.to_vec();
        let written = self.write_counted(&mut frame, &mut counting);
        self.counting = Some(counting);
        written
    }

    /// Writes what has changed in a frame as the program did that made it: it says so before and after.
    fn write_counted(&mut self, frame: &mut [u8], counting: &mut Counting) -> Result<()> {
        let [before, after] = counting.next(frame);
        if !counting.has_changed() && self.is_shown(frame, [&before, &after]) {
            return Ok(());
        }
        self.write_number(&before)?;
        fence(Ordering::Release);
        self.keep_numbers(frame, [&before, &after]);
        self.write_changes(frame)?;
        fence(Ordering::Release);
        self.write_number(&after)
    }

    /// Returns whether a frame is what was written last, but for its numbers.
    fn is_shown(&self, frame: &mut [u8], numbers: [&Written; 2]) -> bool {
        self.keep_numbers(frame, numbers);
        *frame == self.shown[..frame.len()]
    }

    /// Leaves the numbers of a frame as they are in the mapping: they are written by themselves.
    fn keep_numbers(&self, frame: &mut [u8], numbers: [&Written; 2]) {
        for (place, _) in numbers.into_iter().flatten() {
            let place = place.clone();
            if let (Some(to), Some(from)) = (frame.get_mut(place.clone()), self.shown.get(place)) {
                to.copy_from_slice(from);
            }
        }
    }

    fn write_number(&mut self, number: &Written) -> Result<()> {
        let Some((place, bytes)) = number else { return Ok(()) };
        if let Some(shown) = self.shown.get_mut(place.clone()) {
            self.view.write_all_at(bytes, place.start as u64)?;
            shown.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn write_changes(&mut self, frame: &[u8]) -> Result<()> {
        let shown = &mut self.shown[..frame.len()];
        let mut at = 0;
        while at < frame.len() {
            let end = |from: usize, is_alike: bool| {
                let blocks = (from..frame.len()).step_by(BLOCK);
                let same = |at: usize| {
                    let range = at..(at + BLOCK).min(frame.len());
                    frame[range.clone()] == shown[range]
                };
                blocks.into_iter().find(|at| same(*at) != is_alike).unwrap_or(frame.len())
            };
            let start = end(at, true);
            let stop = end(start, false);
            if start < stop {
                self.view.write_all_at(&frame[start..stop], start as u64)?;
                shown[start..stop].copy_from_slice(&frame[start..stop]);
            }
            at = stop;
        }
        Ok(())
    }
}

fn has_room(name: &Name, view: &View, len: usize) -> Result<()> {
    if len <= view.len() {
        return Ok(());
    }
    let message = format!(
        "could not write into `{name}`: it has {} bytes, and the frame has {len}",
        view.len()
    );
    Err(Error::Content { message })
}

fn create(name: &Name, size: usize, registry: &Registry) -> Result<FileMapping> {
    let options = FileMapping::options().registry(registry).name(name).size(size as u64);
    Ok(options.create_new()?)
}
