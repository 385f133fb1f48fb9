//! Claims about a value that is read while it is replaced.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use super::slots::{NONE, Slots, publish, snapshot};
use crate::types::{Error, ErrorKind, Result};

/// Shared memory, whose values are of two words that are copied in no order.
#[derive(Debug, Default)]
struct Memory {
    version: AtomicU32,
    slots: [[AtomicU32; 2]; 2],
}

/// A thread of a process with the memory.
struct Process {
    memory: Arc<Memory>,
    /// How many words it stores before it is killed.
    lives: usize,
}

impl Process {
    fn of(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), lives: usize::MAX }
    }

    /// Copies the value, at the first attempt or never.
    fn snapshot(&self) -> Result<Option<(u32, [u32; 2])>> {
        let mut value = [0; 2];
        let version = snapshot(self, &mut value, || Err(Error(ErrorKind::OutOfMemory)))?;
        Ok(version.map(|version| (version, value)))
    }
}

impl Slots for Process {
    type Value = [u32; 2];

    fn version(&self) -> Result<u32> {
        Ok(self.memory.version.load(Ordering::Acquire))
    }

    fn set_version(&self, version: u32) -> Result<()> {
        self.memory.version.store(version, Ordering::Release);
        Ok(())
    }

    fn load(&self, second: bool, into: &mut [u32; 2]) -> Result<()> {
        let [one, other] = &self.memory.slots[usize::from(second)];
        *into = [one.load(Ordering::Relaxed), other.load(Ordering::Relaxed)];
        Ok(())
    }

    fn store(&self, second: bool, value: &[u32; 2]) -> Result<()> {
        for (number, (word, value)) in
            self.memory.slots[usize::from(second)].iter().zip(value).enumerate()
        {
            if number == self.lives {
                return Err(Error(ErrorKind::OutOfMemory));
            }
            word.store(*value, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The value that is published with a version.
fn value(version: u32) -> [u32; 2] {
    [10 * version, 10 * version + 1]
}

/// Checks snapshots of a reader beside `write`, which begins after one publication and ends after
/// three.
fn check(write: impl Fn(&Arc<Memory>) + Copy + Send + Sync + 'static) {
    loom::model(move || {
        let memory = Arc::new(Memory::default());
        publish(&Process::of(&memory), &value(1)).expect("it lives");
        let [of_writer, of_reader] = [Arc::clone(&memory), Arc::clone(&memory)];
        let writer = thread::spawn(move || write(&of_writer));
        let reader = thread::spawn(move || {
            let snapshot = Process::of(&of_reader).snapshot();
            if let Ok(seen) = snapshot {
                let (version, seen) = seen.expect("there is a value");
                assert_eq!(seen, value(version), "of version {version}");
            }
        });
        writer.join().expect("it ends");
        reader.join().expect("it ends");

        assert_eq!(Process::of(&memory).snapshot().expect("nobody writes"), Some((3, value(3))));
    });
}

fn publish_up_to_the_third(writer: &Process) {
    for version in 2..=3 {
        assert_eq!(publish(writer, &value(version)).expect("it lives"), version);
    }
}

#[test]
fn a_snapshot_is_whole_while_the_value_is_replaced() {
    check(|memory| publish_up_to_the_third(&Process::of(memory)));
}

#[test]
fn what_a_killed_writer_left_is_not_seen_and_another_writer_goes_on() {
    check(|memory| {
        let killed = Process { lives: 1, ..Process::of(memory) };
        assert!(publish(&killed, &[7, 7]).is_err());
        publish_up_to_the_third(&Process::of(memory));
    });
}

#[test]
fn before_the_first_value_there_is_none_and_after_the_last_version_comes_one_with_the_other_slot() {
    loom::model(|| {
        let memory = Arc::new(Memory::default());
        let process = Process::of(&memory);
        assert_eq!(process.snapshot().expect("nobody writes"), None);
        memory.version.store(u32::MAX - 1, Ordering::Relaxed);
        assert_eq!(publish(&process, &[1, 1]).expect("it lives"), u32::MAX);
        let version = publish(&process, &[2, 2]).expect("it lives");
        assert_ne!(version, NONE);
        assert!(version.is_multiple_of(2), "the last one was in the second slot");
        assert_eq!(process.snapshot().expect("nobody writes"), Some((version, [2, 2])));
    });
}
