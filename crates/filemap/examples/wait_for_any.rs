//! A worker that waits for any of three names: an event that stops it, another that has it look at its
//! settings again, and a semaphore that counts the work to do.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;
use std::time::Duration;

use filemap::{Event, Semaphore, wait_any};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = |what| format!("Local\\wait_for_any {} {what}", std::process::id());
    let stop = Event::options().name(name("stop")).manual_reset().create()?;
    let settings = Event::create(name("settings"))?;
    let work = Semaphore::options(100).name(name("work")).create()?;

    // Another thread here, or another process that knows the names: it makes no difference.
    let [stop_name, settings_name, work_name] = ["stop", "settings", "work"].map(name);
    let worker = thread::spawn(move || -> Result<(u32, u32), filemap::Error> {
        let stop = Event::open(stop_name)?;
        let settings = Event::open(settings_name)?;
        let work = Semaphore::open(work_name)?;
        let (mut looked, mut worked) = (0, 0);
        // The first in the list that is signalled: so a stop comes before what is left to do.
        while let Some(signalled) =
            wait_any(&[&stop, &settings, &work], Some(Duration::from_secs(30)))?
        {
            match signalled.index {
                0 => return Ok((looked, worked)),
                1 => looked += 1,
                _ => worked += 1,
            }
        }
        panic!("nobody signalled anything in time");
    });

    settings.set()?;
    work.release(3)?;
    // What is taken is seen by all who have the name.
    while settings.is_set()? || work.count()? > 0 {
        thread::yield_now();
    }
    stop.set()?;
    let (looked, worked) = worker.join().map_err(|_| "the worker panicked")??;
    println!("looked at the settings {looked} time, worked {worked} times, and stopped");
    assert_eq!((looked, worked), (1, 3));
    Ok(())
}
