//! libclang: loaded once, and used by one thread.
//!
//! What libclang is asked stands on one thread of this process, because its interface allows one
//! user at a time. The others send it what they want done, and wait, though not for ever: a header
//! can be made such that it keeps a compiler busy for days.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use clang::Clang;

use crate::error::{Error, Result};

/// How long one header may take.
const LONGEST: Duration = Duration::from_secs(60);
/// Types may be deep inside each other, and each takes some of the stack.
const STACK: usize = 64 << 20;

type Job = Box<dyn FnOnce(&std::result::Result<Clang, String>) + Send>;

static JOBS: LazyLock<Option<Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = channel();
    let thread = thread::Builder::new().name("filemap-libclang".to_owned()).stack_size(STACK);
    thread.spawn(move || work(&jobs)).ok().map(|_| sender)
});

fn work(jobs: &Receiver<Job>) {
    let clang = match catch_unwind(Clang::new) {
        Ok(clang) => clang,
        Err(panic) => Err(text(panic.as_ref())),
    };
    while let Ok(job) = jobs.recv() {
        job(&clang);
    }
}

/// Runs `ask` where libclang is.
///
/// # Errors
///
/// If there is no libclang, or it took more than a minute; otherwise, what `ask` returns.
pub(super) fn with<T: Send + 'static>(
    what: &str,
    ask: impl FnOnce(&Clang) -> Result<T> + Send + 'static,
) -> Result<T> {
    let refused = |why: &str| Err(Error::new(format!("could not read `{what}`: {why}")));
    let Some(jobs) = &*JOBS else {
        return refused("no thread could be started for libclang");
    };
    let (sender, answer) = channel();
    let job = move |clang: &std::result::Result<Clang, String>| {
        let done =
            match clang {
                Ok(clang) => Ok(catch_unwind(AssertUnwindSafe(|| ask(clang)))
                    .map_err(|panic| text(panic.as_ref()))),
                Err(why) => Err(why.clone()),
            };
        // Who asked may have stopped waiting.
        drop(sender.send(done));
    };
    if jobs.send(Box::new(job)).is_err() {
        return refused("the thread of libclang has ended");
    }
    match answer.recv_timeout(LONGEST) {
        Ok(Ok(Ok(answer))) => answer,
        // The functions of newer versions are missing in old ones.
        Ok(Ok(Err(panic))) => refused(&format!(
            "this libclang cannot do what is needed ({panic}); version 9 and newer can"
        )),
        // It is there, and what it needs is not.
        Ok(Err(why)) if why.contains("could not be opened") => {
            refused(&format!("headers are read by libclang, and {why}; {SOURCES}"))
        }
        Ok(Err(_)) => {
            refused(&format!("headers are read by libclang, which was not found; {SOURCES}"))
        }
        Err(_) => refused("libclang was not done with it after a minute"),
    }
}

const SOURCES: &str = "the package `libclang1` of Debian and Ubuntu, `clang-libs` of Fedora, or LLVM for Windows has it, and so has \
    `pip install libclang`, if LIBCLANG_PATH names the directory of its library";

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it stopped").to_owned()
}
