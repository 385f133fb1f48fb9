//! `cargo xtask bench --wine`: what a name costs that native programs share with one under Wine.
//!
//! Messages between two spinning threads, a number there and a number back, between two native programs
//! and between a native one and one under Wine, in turn; and how long `filemap wine attach` takes beside
//! a start of its helper alone.
//!
//! Arguments: the command `filemap`, its helper, a prefix, and the program for Windows that answers.

use std::env;
use std::error::Error;
use std::hint;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use filemap::{Access, FileMapping, Registry, View};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Round trips in one row, and rows of each kind.
const TRIPS: usize = 100_000;
const ROWS: usize = 3;

/// Starts of each kind.
const STARTS: usize = 15;

/// Where the numbers are, in cache lines of their own, and the one that ends the answers.
const ASKED: usize = 0;
const ANSWERED: usize = 64;
const END: u32 = u32::MAX;

/// How long a name, or an answer, may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let words: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    match &*words {
        [role, registry] if role == Path::new("answer") => answer(registry),
        [filemap, helper, prefix, program] => {
            let registry = tempfile::tempdir()?;
            let stage = Stage { filemap, helper, prefix, program, registry: registry.path() };
            stage.latency()?;
            stage.starts()
        }
        _ => Err("expected filemap, its helper, a prefix and a program".into()),
    }
}

struct Stage<'p> {
    filemap: &'p Path,
    helper: &'p Path,
    prefix: &'p Path,
    program: &'p Path,
    registry: &'p Path,
}

/// Who answers.
#[derive(Clone, Copy)]
enum Partner {
    Native,
    Run,
    Attach,
}

impl Stage<'_> {
    fn latency(&self) -> Result<()> {
        let processors = processors()?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "round trips of {TRIPS}, ns: min / median / p90 / p99")?;
        for _ in 0..ROWS {
            for (partner, called) in [
                (Partner::Native, "native - native"),
                (Partner::Run, "native - Wine, by `run`"),
                (Partner::Attach, "native - Wine, by `attach`"),
            ] {
                let mut times = self.round_trips(partner, processors)?;
                times.sort_unstable();
                let at = |part: usize| times[(times.len() - 1) * part / 100];
                writeln!(
                    out,
                    "{called:27} {:5} / {:5} / {:5} / {:5}",
                    at(0),
                    at(50),
                    at(90),
                    at(99)
                )?;
            }
        }
        Ok(())
    }

    /// Starts the partner on the other processor, and measures round trips.
    fn round_trips(&self, partner: Partner, [own, other]: [usize; 2]) -> Result<Vec<u64>> {
        let on_other = |program: &Path| {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(other.to_string()).arg(program);
            self.prepared(command)
        };
        let game = [self.program.as_os_str(), "answer".as_ref(), "latency".as_ref()];
        let registry = Registry::at(self.registry);
        let mut children = Children(Vec::new());
        let _native;
        match partner {
            Partner::Native => {
                let options = FileMapping::options().registry(&registry).name("latency");
                _native = options.size(4096).create_new()?;
                let mut command = on_other(&env::current_exe()?);
                children.0.push(command.arg("answer").arg(self.registry).spawn()?);
            }
            Partner::Run => {
                let mut command = on_other(self.filemap);
                command.args(["wine", "run", "--map", "latency=4096", "--helper"]);
                command.arg(self.helper).args(["--", "wine"]).args(game);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                children.0.push(command.spawn()?);
            }
            Partner::Attach => {
                let mut command = on_other(Path::new("wine"));
                let mut child = command.args(game).stdout(Stdio::piped()).spawn()?;
                // It says when it has its name.
                first_line(&mut child)?;
                children.0.push(child);
                children.0.push(self.attached()?.0);
            }
        }
        let view = until(|| registry.open("latency").ok())?.map(Access::Write)?;
        let mut one = CpuSet::new();
        one.set(own);
        let before = sched_getaffinity(None)?;
        sched_setaffinity(None, &one)?;
        let times = ask(&view);
        sched_setaffinity(None, &before)?;
        for child in &mut children.0 {
            child.wait()?;
        }
        times
    }

    /// Times starts of the helper alone, and of `attach` until the name is there, in turn.
    fn starts(&self) -> Result<()> {
        let mut game = self.prepared(Command::new("wine"));
        game.arg(self.program).args(["answer", "latency"]).stdout(Stdio::piped());
        let mut children = Children(vec![game.spawn()?]);
        first_line(&mut children.0[0])?;
        let (mut alone, mut attaching) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let start = Instant::now();
            let mut helper = self.prepared(Command::new("wine"));
            helper.arg(self.helper).arg("list").stdout(Stdio::null());
            helper.status()?;
            alone.push(start.elapsed());

            let (mut attached, time) = self.attached()?;
            attaching.push(time);
            attached.kill()?;
            attached.wait()?;
            // The name of one that was killed is free at its next use.
            until(|| Registry::at(self.registry).open("latency").err())?;
        }
        let median = |mut times: Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2]
        };
        let (alone, attaching) = (median(alone), median(attaching));
        let ratio = attaching.as_secs_f64() / alone.as_secs_f64();
        writeln!(
            std::io::stdout(),
            "the helper alone: {alone:.1?}, `attach`: {attaching:.1?}, which is {ratio:.2} times \
             that (median of {STARTS})"
        )?;
        Ok(())
    }

    /// Attaches to the name, and returns how long that took.
    fn attached(&self) -> Result<(Child, Duration)> {
        let mut command = self.prepared(Command::new(self.filemap));
        command.args(["wine", "attach", "latency", "--helper"]).arg(self.helper);
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        first_line(&mut child)?;
        Ok((child, start.elapsed()))
    }

    fn prepared(&self, mut command: Command) -> Command {
        command.env("WINEPREFIX", self.prefix).env("FILEMAP_DIR", self.registry);
        command.stdin(Stdio::null());
        command
    }
}

/// Waits for the first line of a child, whose other lines stay in its pipe.
fn first_line(child: &mut Child) -> Result<()> {
    let output = child.stdout.as_mut().ok_or("no output")?;
    let mut line = String::new();
    BufReader::with_capacity(1, output).read_line(&mut line)?;
    if line.is_empty() { Err("it ended".into()) } else { Ok(()) }
}

/// Asks as often as a row says, and returns how long each answer took.
fn ask(view: &View) -> Result<Vec<u64>> {
    let (asked, answered) = (view.atomic::<u32>(ASKED)?, view.atomic::<u32>(ANSWERED)?);
    // Somebody is there when the first one is answered.
    asked.store(1)?;
    until(|| answered.load().is_ok_and(|number| number == 1).then_some(()))?;
    let mut times = Vec::with_capacity(TRIPS);
    for number in (2..).take(TRIPS) {
        let start = Instant::now();
        asked.store(number)?;
        while answered.load()? != number {
            hint::spin_loop();
        }
        times.push(u64::try_from(start.elapsed().as_nanos())?);
    }
    asked.store(END)?;
    Ok(times)
}

/// Answers until it is told to end.
fn answer(registry: &Path) -> Result<()> {
    let view = Registry::at(registry).open("latency")?.map(Access::Write)?;
    let (asked, answered) = (view.atomic::<u32>(ASKED)?, view.atomic::<u32>(ANSWERED)?);
    let mut last = 0;
    while last != END {
        let number = asked.load()?;
        if number != last {
            answered.store(number)?;
            last = number;
        }
        hint::spin_loop();
    }
    Ok(())
}

/// Two processors that this process may use.
fn processors() -> Result<[usize; 2]> {
    let all = sched_getaffinity(None)?;
    let mut usable = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor));
    match (usable.next(), usable.next()) {
        (Some(one), Some(other)) => Ok([one, other]),
        _ => Err("two processors are needed".into()),
    }
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            return Err("nothing came".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Children that are ended when this ends.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
