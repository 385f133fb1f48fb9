//! What a moment of the protocol is: names, files, locks, and where each agent is.
//!
//! An *agent* is whatever has handles and does one thing at a time: a process, or a thread of one.
//! It has at most one handle of each name.

/// The most agents that a model has.
pub const AGENTS: usize = 3;

/// The most names that a model has.
pub const NAMES: usize = 2;

/// A file, by a number that means nothing but itself; 0 is none.
pub type File = u8;

/// The description of a handle whose lock somebody else gave up: that must not be.
pub const LOST: u8 = 3;

/// What a description has on its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lock {
    #[default]
    None,
    Shared,
    Exclusive,
}

/// What an agent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Doing {
    #[default]
    Nothing,
    Open,
    Create,
    /// The end of a create whose handle may not write: its first description is given up.
    Settle,
    Close,
    Exit,
    Collect,
    List,
}

/// The step that an agent has done last, in words of what it is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum At {
    #[default]
    Idle,
    /// About to open the entry.
    Look,
    /// About to see the locks of others.
    Opened,
    /// About to claim.
    SawFree,
    /// About to see the locks once more: its description cannot claim.
    Unable,
    /// About to read which names there are.
    Listing,
    /// About to open the entry anew, in order to free it.
    Anew,
    /// About to claim.
    OpenedAnew,
    /// About to see whether the name leads to what it claimed.
    Claimed,
    /// About to unlink.
    StillLinked,
    /// There is no such name: about to end, or to make a file.
    Gone,
    /// About to take the shared lock.
    SawHeld,
    /// About to open the name once more.
    Held,
    /// About to let go of what it has, and to start over.
    Restart,
    /// About to write the trailer.
    Unnamed,
    /// About to lock the file.
    Written,
    /// About to link the file.
    HeldUnnamed,
    /// About to lock the description that cannot write.
    Twin,
    /// About to give up the one that can.
    TwinHeld,
    /// About to give up a handle.
    CloseStart,
    /// About to give up a lock, with nothing to do afterwards: only broken protocols do.
    GiveUp,
    /// About to claim through the description whose lock it gave up.
    LetGo,
    /// About to replace the next description.
    Replacing,
    /// About to close its descriptor, and to end.
    End,
    /// Listing: it saw a holder, and is about to see whether the name still leads to the file.
    ListedLive,
    /// A program between `fork` and `exec`.
    Starting,
}

/// A handle of an agent's; none if its file is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handle {
    pub file: File,
    /// Equal for handles that share one.
    pub description: u8,
    /// Nobody else can have the description, as far as the agent knows.
    pub alone: bool,
    pub writes: bool,
    /// It came from a parent: the end of the process leaves it to the kernel.
    pub inherited: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agent {
    pub at: At,
    pub doing: Doing,
    pub name: u8,
    /// What the operation has open, if that matters.
    pub file: File,
    pub lock: Lock,
    pub writes: bool,
    /// The names that are still to be freed, one bit each.
    pub remaining: u8,
    /// Somebody had the file that it looks at as a handle since it opened it. Nothing in the
    /// protocol knows this; it is there to be checked.
    pub witness: bool,
    /// Others had handles of the name all the time since the operation began. The same.
    pub throughout: bool,
    pub handles: [Handle; NAMES],
}

impl Agent {
    pub fn is_idle(&self) -> bool {
        self.at == At::Idle
    }

    pub fn has_handles(&self) -> bool {
        self.handles.iter().any(|handle| handle.file != 0)
    }

    /// Ends the operation.
    pub fn finish(&mut self) {
        *self = Self { handles: self.handles, ..Self::default() };
    }
}

/// A moment: which file each name leads to, and where each agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    pub names: [File; NAMES],
    pub agents: [Agent; AGENTS],
}

/// What an agent sees of the locks of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Free,
    Held,
    Claimed,
}

impl State {
    /// The locks that descriptions have on a file, but for the one that `agent` works with.
    pub fn sight(&self, agent: usize, file: File) -> Sight {
        let mut sight = Sight::Free;
        for (number, other) in self.agents.iter().enumerate() {
            let held = other
                .handles
                .iter()
                .any(|handle| handle.file == file && handle.description != LOST);
            if held {
                sight = Sight::Held;
            }
            if number != agent && other.file == file {
                match other.lock {
                    Lock::None => {}
                    Lock::Shared => sight = Sight::Held,
                    Lock::Exclusive => return Sight::Claimed,
                }
            }
        }
        sight
    }

    /// Whether somebody but `agent` has a handle of the name.
    pub fn is_live(&self, agent: usize, name: usize) -> bool {
        self.names[name] != 0
            && self.agents.iter().enumerate().any(|(number, other)| {
                let handle = other.handles[name];
                number != agent && handle.file == self.names[name] && handle.description != LOST
            })
    }

    /// A number for a file that nobody knows yet.
    pub fn new_file(&self) -> File {
        let known = |file: File| {
            self.names.contains(&file)
                || self.agents.iter().any(|agent| {
                    agent.file == file || agent.handles.iter().any(|handle| handle.file == file)
                })
        };
        (1..).find(|file| !known(*file)).expect("a state has few files")
    }

    /// A number for a description of a handle of the name.
    pub fn new_description(&self, name: usize) -> u8 {
        let known = |description| {
            self.agents.iter().any(|agent| {
                let handle = agent.handles[name];
                handle.file != 0 && handle.description == description
            })
        };
        (0..LOST).find(|description| !known(*description)).expect("an agent has one handle a name")
    }

    /// The same moment as all that differ from it in the numbers of files and descriptions, with a
    /// number of its own. Agents and names keep their places.
    #[must_use]
    pub fn numbered(mut self) -> (Self, u128) {
        self.number_files();
        self.number_descriptions();
        let names = u128::from(self.names[0] != 0) << 1 | u128::from(self.names[1] != 0);
        let codes = self.agents.map(|agent| agent.code(File::MAX));
        (self, codes.iter().fold(names, |all, code| all << 40 | u128::from(*code)))
    }

    /// The same moment as all that differ from it in names only, with a number of its own.
    ///
    /// Agents are alike, and so are names, and what a file is called says nothing. States that look
    /// alike but for files without a name may be told apart all the same. That is a state more,
    /// and no mistake.
    pub fn canonical(mut self, sharing: bool) -> (Self, u128) {
        self.sort_names();
        let has_strangers = self.number_files();
        if sharing {
            self.number_descriptions();
        } else {
            self.each_handle(|handle| handle.description = 0);
        }
        let mut codes = self.agents.map(|agent| agent.code(3));
        for (one, other) in [(0, 1), (1, 2), (0, 1)] {
            if codes[one] < codes[other] {
                codes.swap(one, other);
                self.agents.swap(one, other);
            }
        }
        if has_strangers || sharing {
            return self.numbered();
        }
        let names = u128::from(self.names[0] != 0) << 1 | u128::from(self.names[1] != 0);
        (self, codes.iter().fold(names, |all, code| all << 40 | u128::from(*code)))
    }

    fn each_handle(&mut self, change: impl FnMut(&mut Handle)) {
        self.agents.iter_mut().flat_map(|agent| &mut agent.handles).for_each(change);
    }

    /// Puts the name of which there is more to say first.
    fn sort_names(&mut self) {
        let mut weights = self.names.map(|file| u32::from(file != 0) << 16);
        for agent in &self.agents {
            for (weight, handle) in weights.iter_mut().zip(agent.handles) {
                *weight += u32::from(handle.file != 0) << 12;
            }
            weights[usize::from(agent.name)] += agent.at as u32;
        }
        if weights[0] >= weights[1] {
            return;
        }
        self.names.swap(0, 1);
        for agent in &mut self.agents {
            agent.handles.swap(0, 1);
            agent.remaining = agent.remaining >> 1 | (agent.remaining & 1) << 1;
            // Who does nothing is at no name.
            if agent.doing != Doing::Nothing {
                agent.name = 1 - agent.name;
            }
        }
    }

    /// Numbers the files that have names by these, and others, of which it tells whether there
    /// are any, in the order in which they come.
    fn number_files(&mut self) -> bool {
        let mut numbers = [0; 8];
        let mut next = 3;
        for (file, number) in self.names.iter_mut().zip([1, 2]) {
            if *file != 0 {
                numbers[usize::from(*file)] = number;
                *file = number;
            }
        }
        let mut number = |file: &mut File| {
            if *file != 0 {
                let known = &mut numbers[usize::from(*file)];
                if *known == 0 {
                    *known = next;
                    next += 1;
                }
                *file = *known;
            }
        };
        for agent in &mut self.agents {
            number(&mut agent.file);
            agent.handles.iter_mut().for_each(|handle| number(&mut handle.file));
        }
        next > 3
    }

    fn number_descriptions(&mut self) {
        for name in 0..NAMES {
            let mut numbers = [LOST; 3];
            let mut next = 0;
            for agent in &mut self.agents {
                let handle = &mut agent.handles[name];
                if handle.file != 0 && handle.description != LOST {
                    let known = &mut numbers[usize::from(handle.description)];
                    if *known == LOST {
                        *known = next;
                        next += 1;
                    }
                    handle.description = *known;
                }
            }
        }
    }
}

impl Agent {
    /// Forty bits, of which none is lost; files from `strangers` on look alike.
    fn code(&self, strangers: File) -> u64 {
        let mut code = 0;
        let mut put = |value: u8, bits: u32| code = code << bits | u64::from(value);
        put(self.at as u8, 5);
        put(self.doing as u8, 3);
        put(self.file.min(strangers), 3);
        put(
            self.name | (self.lock as u8) << 1 | u8::from(self.writes) << 3 | self.remaining << 4,
            6,
        );
        put(u8::from(self.witness) | u8::from(self.throughout) << 1, 2);
        for handle in self.handles {
            if handle.file == 0 {
                put(0, 8);
                continue;
            }
            let shared = if strangers == File::MAX { handle.description } else { 0 };
            let flags = u8::from(handle.alone) << 2 | u8::from(handle.writes) << 3;
            put(handle.file.min(strangers), 3);
            put(shared | flags | u8::from(handle.inherited) << 4, 5);
        }
        code
    }
}
