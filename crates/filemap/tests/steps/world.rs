//! Processes and their model, which go through the same states.

#![expect(unsafe_code, reason = "signals and locks are the C library's")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use filemap::Scope;
use filemap_protocol::model::{Event, Model, Move, Outcome, Step};
use filemap_protocol::search::{Edge, alone};
use filemap_protocol::state::{AGENTS, Agent, At, Lock, Sight, State};

use crate::agent::NAME;
use crate::support::{self, Place, Second, eventually, named};

/// The agent whose operations do not stop between steps.
///
/// It is not the test's own process: other tests start programs meanwhile, which have that process's
/// descriptors until their `exec`.
pub(crate) const BYSTANDER: usize = AGENTS - 1;

/// A process that was started by the test, or forked by one of those.
struct Process {
    number: libc::pid_t,
    second: Option<Second>,
    /// The result of its operation, if it is stopped at the last step and has not reported it yet.
    comes_to: Option<Outcome>,
    /// The process exits with its operation.
    exits: bool,
}

/// A registry of one name, with processes that stop at each step, and their state in the model.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) model: Model,
    pub(crate) state: State,
    /// The edges that processes have taken.
    pub(crate) gone: BTreeSet<Edge>,
    pub(crate) steps: u64,
    /// The test that is run as a second process.
    test: &'static str,
    processes: [Option<Process>; AGENTS],
    trace: File,
    /// A sweep needs this file's lock. While the test has it, no process sweeps.
    _sweeps: File,
    entry: PathBuf,
    inode: Option<u64>,
}

impl World {
    pub(crate) fn new(test: &'static str, model: Model) -> Self {
        let place = Place::new();
        drop(named(&place.registry, NAME).expect("a first name makes the root"));
        let root = place.registry.path(Scope::Local).expect("it is trusted").expect("it is there");
        let user = fs::metadata(&root).expect("it is there").uid();
        let sweeps = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join(format!(".swept-{user}")))
            .expect("the file of sweeps can be opened");
        // A program that another test is starting may have the descriptor of this process's sweep.
        eventually("nobody sweeps", || sweeps.try_lock().is_ok());
        fs::write(place.path("trace"), "").expect("a trace can be made");
        let trace = File::open(place.path("trace")).expect("a trace can be read");
        Self {
            entry: root.join(NAME),
            place,
            model,
            state: State::default(),
            gone: BTreeSet::new(),
            steps: 0,
            test,
            processes: [const { None }; AGENTS],
            trace,
            _sweeps: sweeps,
            inode: None,
        }
    }

    /// Returns the model's move for an event; panics if the model does not have it.
    fn foreseen(&self, agent: usize, event: Event) -> Move {
        let mut foreseen = None;
        self.model.moves(&self.state, |who, next| {
            if (who, next.event) == (agent, event) {
                foreseen = Some(next);
            }
        });
        foreseen.unwrap_or_else(|| panic!("{agent} cannot {event:?} at {:?}", self.state))
    }

    /// Lets an event happen, in the model and in the process of `agent`.
    pub(crate) fn happens(&mut self, agent: usize, event: Event) {
        if let Event::Step(step) = event {
            assert_eq!(self.step(agent), step, "of {agent}");
            return;
        }
        let next = self.foreseen(agent, event);
        match event {
            Event::Crash => self.kill(agent),
            Event::Fork { child } => {
                self.command(agent, &format!("fork {child}"));
                self.fork(agent, child);
            }
            Event::Exit { .. } => {
                self.command(agent, words(event));
                self.processes[agent].as_mut().expect("it was told").exits = true;
            }
            _ => self.command(agent, words(event)),
        }
        self.state = next.next;
        self.compare();
    }

    /// Lets a process do its next step, and returns which that was.
    pub(crate) fn step(&mut self, agent: usize) -> Step {
        let next = self.model.step(&self.state, agent).expect("it is doing something");
        assert_eq!(next.wrong, None);
        let Agent { doing, at, .. } = self.state.agents[agent];
        let Event::Step(step) = next.event else { panic!("a step is a step") };
        if step != Step::Ended {
            let did = self.resume(agent);
            if did.as_deref() == Some("= TimedOut") && at == At::Look {
                panic!("it gave up: {:?}", self.state);
            }
            assert_eq!(did, Some(format!("{step:?}")), "of {agent} at {:?}", self.state);
        }
        self.gone.insert((doing, at, step));
        self.steps += 1;
        self.state = next.next;
        if let Some(process) = &mut self.processes[agent] {
            process.comes_to = next.outcome;
        }
        if step == Step::Ended {
            self.settle(agent);
        }
        self.compare();
        step
    }

    /// Checks that an operation without further steps ends, with the model's result.
    fn settle(&mut self, agent: usize) {
        let Some(process) = &mut self.processes[agent] else { return };
        let exits = process.exits;
        let Some(outcome) = process.comes_to.take() else { return };
        let told = self.resume(agent);
        if exits {
            assert_eq!(told, None, "it ends");
            self.reap(agent);
        } else {
            assert_eq!(told, Some(format!("= {outcome:?}")), "of {agent}");
        }
    }

    /// Lets an agent finish its operation.
    pub(crate) fn finish(&mut self, agent: usize) {
        while !self.state.agents[agent].is_idle() {
            self.step(agent);
        }
        self.settle(agent);
    }

    /// Lets an agent do a whole operation.
    pub(crate) fn does(&mut self, agent: usize, event: Event) {
        self.happens(agent, event);
        self.finish(agent);
    }

    /// Lets the bystander do an operation without stops while all others are stopped, and returns its
    /// result, which must be the model's.
    pub(crate) fn does_at_once(&mut self, event: Event) -> Outcome {
        let begun = self.foreseen(BYSTANDER, event).next;
        let outcome = match alone(&self.model, begun, BYSTANDER) {
            None => Outcome::TimedOut,
            Some(state) => {
                let existed = begun.names[0] != 0 && state.names[0] == begun.names[0];
                self.state = state;
                match (event, state.agents[BYSTANDER].has_handles()) {
                    (Event::Close { .. } | Event::Collect { .. } | Event::Withdraw { .. }, _) => {
                        Outcome::Done
                    }
                    (_, false) => Outcome::NotFound,
                    (_, true) if existed => Outcome::Found,
                    (_, true) => Outcome::Made,
                }
            }
        };
        self.command(BYSTANDER, &format!("at once {}", words(event)));
        let told = self.resume(BYSTANDER);
        assert_eq!(told, Some(format!("= {outcome:?}")), "{event:?} at {:?}", self.state);
        if outcome == Outcome::Made {
            self.inode = None;
        }
        self.compare();
        outcome
    }

    /// Finishes all operations, closes all handles, and checks that a collection removes everything
    /// that is left.
    pub(crate) fn clear(&mut self) {
        while self.state.agents.iter().any(|agent| !agent.is_idle()) {
            for agent in 0..AGENTS {
                if !self.state.agents[agent].is_idle() {
                    self.step(agent);
                }
            }
        }
        for agent in 0..AGENTS {
            if self.state.agents[agent].has_handles() {
                self.does(agent, Event::Close { name: 0 });
            }
        }
        if self.state.names[0] != 0 {
            self.does(0, Event::Collect { first: 0 });
        }
        for agent in 0..AGENTS {
            self.settle(agent);
        }
        assert_eq!(self.state, State::default());
        assert_eq!(self.place.leftovers(), [""; 0]);
    }

    /// Checks that names, files and locks are as the model says.
    fn compare(&mut self) {
        let named = self.state.names[0];
        let Ok(entry) = File::open(&self.entry) else {
            assert_eq!(named, 0, "the name is gone: {:?}", self.state);
            self.inode = None;
            return;
        };
        assert_ne!(named, 0, "there is a name: {:?}", self.state);
        // While the name exists, it leads to one file.
        let inode = entry.metadata().expect("it is open").ino();
        assert_eq!(*self.inode.get_or_insert(inode), inode, "another file: {:?}", self.state);
        assert_eq!(seen(&entry), self.state.sight(AGENTS, named), "{:?}", self.state);
    }

    /// Writes what a process is to do when it continues.
    fn command(&mut self, agent: usize, command: &str) {
        self.settle(agent);
        self.process(agent);
        fs::write(self.place.path(&format!("command-{agent}")), command).expect("it can be told");
    }

    /// Returns the number of an agent's process, which is started if there is none.
    fn process(&mut self, agent: usize) -> libc::pid_t {
        if let Some(process) = &self.processes[agent] {
            return process.number;
        }
        let (number, second) = self.begin(agent);
        self.processes[agent] =
            Some(Process { number, second: Some(second), comes_to: None, exits: false });
        number
    }

    /// Starts a process that stops before it does anything.
    ///
    /// Under an emulator one of many hundreds hangs before that. It is started again, and the state of
    /// its threads is printed.
    fn begin(&self, agent: usize) -> (libc::pid_t, Second) {
        const MOMENT: Duration = Duration::from_secs(20);
        for _ in 0..3 {
            let second = self.place.child(self.test, &agent.to_string());
            let number = libc::pid_t::try_from(second.process.id()).expect("a process's number");
            let since = Instant::now();
            while since.elapsed() < MOMENT {
                if condition(number) == Some('T') {
                    return (number, second);
                }
                thread::yield_now();
            }
            println!("a process does not stop: {}", whereabouts(number));
            assert!(support::emulated(), "a process stops: not within {MOMENT:?}");
        }
        panic!("a process stops: not one of three");
    }

    /// Lets a process continue to its next stop, and returns the line that it wrote; `None` if it
    /// ended.
    fn resume(&mut self, agent: usize) -> Option<String> {
        let number = self.process(agent);
        signal(number, libc::SIGCONT);
        eventually("a process stops or ends", || {
            matches!(condition(number), None | Some('T' | 'Z'))
        });
        let told = self.told();
        assert!(told.len() <= 1, "one line for each step: {told:?}");
        let line = told.into_iter().next()?;
        let (who, what) = line.split_once(' ').expect("a process and what it did");
        assert_eq!(who, number.to_string(), "nobody else goes on");
        Some(what.to_owned())
    }

    /// The lines that were added to the trace.
    fn told(&mut self) -> Vec<String> {
        let mut lines = String::new();
        self.trace.read_to_string(&mut lines).expect("the trace can be read");
        lines.lines().map(str::to_owned).collect()
    }

    fn fork(&mut self, agent: usize, child: usize) {
        assert!(self.processes[child].is_none(), "a child takes the place of nobody");
        let number = self.process(agent);
        signal(number, libc::SIGCONT);
        let mut told = Vec::new();
        eventually("both tell", || {
            told.extend(self.told());
            told.len() == 2
        });
        for line in told {
            if let Some(number) = line.strip_suffix(" = Forked") {
                let number = number.parse().expect("a process's number");
                self.processes[child] =
                    Some(Process { number, second: None, comes_to: None, exits: false });
                eventually("a child stops", || condition(number) == Some('T'));
            }
        }
        assert!(self.processes[child].is_some(), "the child tells who it is");
        eventually("its parent stops", || condition(number) == Some('T'));
    }

    /// Kills an agent's process, at a step or after the last one.
    pub(crate) fn dies(&mut self, agent: usize) {
        if self.state.agents[agent] == Agent::default() {
            self.kill(agent);
        } else {
            self.happens(agent, Event::Crash);
        }
    }

    fn kill(&mut self, agent: usize) {
        if let Some(process) = &self.processes[agent] {
            signal(process.number, libc::SIGKILL);
            self.reap(agent);
        }
    }

    /// Waits until a process has ended.
    fn reap(&mut self, agent: usize) {
        let Some(Process { number, second, .. }) = self.processes[agent].take() else { return };
        match second {
            Some(mut second) => {
                second.process.wait().expect("a child can be waited for");
            }
            // A child of a child cannot be waited for here.
            None => eventually("a process is gone", || is_over(number)),
        }
    }

    /// Returns true if an agent has claimed the file that the name leads to.
    pub(crate) fn has_claimed(&self, agent: usize) -> bool {
        let Agent { lock, file, .. } = self.state.agents[agent];
        lock == Lock::Exclusive && file == self.state.names[0]
    }

    /// Returns true if an agent has no process, so that a forked child can be this agent.
    pub(crate) fn is_vacant(&self, agent: usize) -> bool {
        self.processes[agent].is_none()
    }

    /// Ends the process of an idle agent, so that a forked child can be this agent.
    pub(crate) fn vacate(&mut self, agent: usize) {
        assert_eq!(self.state.agents[agent], Agent::default());
        self.kill(agent);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for agent in 0..AGENTS {
            if let Some(process) = &self.processes[agent] {
                signal(process.number, libc::SIGKILL);
            }
        }
    }
}

/// Returns the command that begins an operation.
fn words(event: Event) -> &'static str {
    match event {
        Event::Exit { .. } => "exit",
        Event::Collect { .. } => "collect",
        Event::Close { .. } => "close",
        Event::Withdraw { .. } => "withdraw",
        Event::Open { writes: true, .. } => "open",
        Event::Open { writes: false, .. } => "open to read",
        Event::Create { writes: true, .. } => "create",
        Event::Create { writes: false, .. } => "create to read",
        _ => panic!("{event:?} is not for a process to be told"),
    }
}

fn signal(number: libc::pid_t, signal: libc::c_int) {
    // SAFETY: a signal to a process that was started here and was not waited for.
    let sent = unsafe { libc::kill(number, signal) };
    assert_eq!(sent, 0, "a process that was started here can be told to go on");
}

/// Returns the kernel's letter for the state of a process; `None` if there is no such process.
fn condition(number: libc::pid_t) -> Option<char> {
    let told = fs::read_to_string(Path::new("/proc").join(number.to_string()).join("stat")).ok()?;
    // The command before it may hold anything, including blanks and brackets.
    told.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
}

/// Describes the threads of a process, for a failure's message.
fn whereabouts(number: libc::pid_t) -> String {
    let process = Path::new("/proc").join(number.to_string());
    let threads = fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    let told = threads.map(|thread| {
        let told = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        format!("{} in {} [{}]", told("stat").trim(), told("wchan"), told("syscall").trim())
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Returns true if a process has ended with all its threads, and so has nothing open.
///
/// The letter of a process is that of its first thread. An emulator has a second thread in each
/// process, which may outlive the first, and keeps the descriptors of both open.
fn is_over(number: libc::pid_t) -> bool {
    let threads = fs::read_dir(Path::new("/proc").join(number.to_string()).join("task"));
    let Ok(threads) = threads else { return true };
    matches!(condition(number), None | Some('Z')) && threads.flatten().count() <= 1
}

/// Returns the locks on an entry.
fn seen(entry: &File) -> Sight {
    let short = |number: libc::c_int| libc::c_short::try_from(number).expect("a small number");
    let (l_type, l_whence) = (short(libc::F_WRLCK), short(libc::SEEK_SET));
    let place = libc::off_t::MAX - 1;
    let mut lock = libc::flock { l_type, l_whence, l_start: place, l_len: 1, l_pid: 0 };
    // SAFETY: the file is open, and the structure is the one that the command changes.
    let looked = unsafe { libc::fcntl(entry.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
    assert_eq!(looked, 0, "locks can be looked at");
    match libc::c_int::from(lock.l_type) {
        libc::F_UNLCK => Sight::Free,
        libc::F_RDLCK => Sight::Held,
        _ => Sight::Claimed,
    }
}
