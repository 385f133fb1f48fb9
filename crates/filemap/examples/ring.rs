//! One process puts numbers into a ring in shared memory, another takes them out: two semaphores say
//! how many places are free, and how many are filled.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::env;
use std::process::Command;

use filemap::{Access, FileMapping, Semaphore, View};

/// Numbers in the ring.
const PLACES: u32 = 4;
const COUNT: u64 = 1000;

/// What both processes open, by one name.
struct Ring {
    /// Keeps the name, which a view does not.
    _mapping: FileMapping,
    view: View,
    free: Semaphore,
    filled: Semaphore,
}

impl Ring {
    fn open(name: &str) -> Result<Self, filemap::Error> {
        let size = u64::from(PLACES) * 8;
        let mapping = FileMapping::options().name(name).size(size).create()?;
        let view = mapping.map(Access::Write)?;
        let semaphore = |what| Semaphore::options(PLACES).name(format!("{name} {what}"));
        let free = semaphore("free").count(PLACES).create()?;
        let filled = semaphore("filled").create()?;
        Ok(Self { _mapping: mapping, view, free, filled })
    }

    fn put(&self, number: u64) -> Result<(), filemap::Error> {
        self.free.acquire()?;
        self.view.write(Self::place(number), &number)?;
        self.filled.release(1)?;
        Ok(())
    }

    fn take(&self, expected: u64) -> Result<u64, filemap::Error> {
        self.filled.acquire()?;
        let number = self.view.read(Self::place(expected))?;
        self.free.release(1)?;
        Ok(number)
    }

    fn place(number: u64) -> usize {
        usize::try_from(number % u64::from(PLACES)).unwrap_or(0) * 8
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(name) = env::args().nth(1) {
        let ring = Ring::open(&name)?;
        for number in 0..COUNT {
            ring.put(number)?;
        }
        println!("second: put {COUNT} numbers through {PLACES} places");
        return Ok(());
    }
    let name = format!("Local\\ring {}", std::process::id());
    let ring = Ring::open(&name)?;
    let mut second = Command::new(env::current_exe()?).arg(&name).spawn()?;
    let mut sum = 0;
    for expected in 0..COUNT {
        let number = ring.take(expected)?;
        assert_eq!(number, expected, "a number was lost");
        sum += number;
    }
    assert!(second.wait()?.success(), "the second process failed");
    println!("first:  took them all, in order; their sum is {sum}");
    Ok(())
}
