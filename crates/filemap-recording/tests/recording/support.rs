//! A registry and a folder for each test, and recorders that run beside it.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use filemap::{Access, FileMapping, Registry, View};
use filemap_recording::{RecorderOptions, Recording, Result, Stop, Subject, Totals};
use tempfile::TempDir;

/// Names and files of a test.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) registry: Registry,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let names = folder.path().join("names");
        std::fs::create_dir(&names).unwrap();
        Self { folder, registry: Registry::at(names) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Creates a mapping under a name.
    pub(crate) fn publish(&self, name: &str, size: u64) -> (FileMapping, View) {
        let options = FileMapping::options().registry(&self.registry).name(name).size(size);
        let mapping = options.create_new().unwrap();
        let view = mapping.map(Access::Write).unwrap();
        (mapping, view)
    }

    pub(crate) fn options(&self) -> RecorderOptions {
        RecorderOptions::new().registry(&self.registry).rate(1000.0)
    }

    /// Starts a recorder in a thread of its own, and returns when it has looked once.
    pub(crate) fn record(&self, options: RecorderOptions, names: &[&str], file: &str) -> Running {
        let subjects = names.iter().map(|name| Subject::new(name.parse().unwrap())).collect();
        self.record_all(options, subjects, file)
    }

    pub(crate) fn record_all(
        &self,
        options: RecorderOptions,
        subjects: Vec<Subject>,
        file: &str,
    ) -> Running {
        let recorder = options.start(subjects, self.path(file)).unwrap();
        let stop = Stop::new();
        let theirs = stop.clone();
        let (looked, looks) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            recorder.run(&theirs, None, |totals| {
                // A test that looks no more has ended its look.
                let _is_heard = looked.send(*totals).is_ok();
            })
        });
        let running = Running { stop, thread, looks };
        running.until(|totals| totals.looks > 0);
        running
    }

    pub(crate) fn open(&self, file: &str) -> Recording {
        Recording::open(self.path(file)).unwrap()
    }
}

/// A recorder in a thread of its own.
pub(crate) struct Running {
    stop: Stop,
    thread: JoinHandle<Result<Totals>>,
    looks: std::sync::mpsc::Receiver<Totals>,
}

impl Running {
    /// Waits for a look of which this is so.
    pub(crate) fn until(&self, is_so: impl Fn(&Totals) -> bool) {
        while !is_so(&self.looks.recv_timeout(Duration::from_secs(60)).unwrap()) {}
    }

    /// Waits for two more looks: the first may have begun already.
    pub(crate) fn look(&self) {
        while self.looks.try_recv().is_ok() {}
        for _ in 0..2 {
            self.looks.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }

    /// Stops it, and returns what it recorded.
    pub(crate) fn end(self) -> Totals {
        self.stop.request();
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(self) -> Totals {
        self.thread.join().unwrap().unwrap()
    }
}

/// Returns the frames of a recording: name, number of the look, bytes.
pub(crate) fn frames(recording: &Recording) -> Vec<(String, u32, Vec<u8>)> {
    let mut frames = recording.frames();
    let mut list = Vec::new();
    while let Some(frame) = frames.next_frame() {
        list.push((frame.channel.name().to_owned(), frame.look, frame.bytes.to_vec()));
    }
    list
}
