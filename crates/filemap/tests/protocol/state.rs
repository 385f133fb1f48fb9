//! A state of the protocol: names, files, locks, and the position of each agent.
//!
//! An *agent* is a process, or a thread of one: it has handles and does one operation at a time.
//! It has at most one handle of each name.

/// The most agents that a model has.
pub const AGENTS: usize = 3;

/// The most names that a model has.
pub const NAMES: usize = 2;

/// A file, by an arbitrary number; 0 is none.
pub type File = u8;

/// The description of a handle that another agent unlocked, which must not happen.
pub const LOST: u8 = 3;

/// The lock of a description on its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lock {
    #[default]
    None,
    Shared,
    Exclusive,
    /// On the name alone, of a live mapping that is about to lose it.
    Name,
}

/// The operation of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Doing {
    #[default]
    Nothing,
    Open,
    Create,
    /// The end of a create whose handle may not write: its first description is closed.
    Settle,
    Close,
    Exit,
    Collect,
    List,
    Withdraw,
}

/// The position of an agent in its operation, by its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum At {
    #[default]
    Idle,
    /// About to open the entry.
    Look,
    /// About to read the locks of others.
    Opened,
    /// About to claim.
    SawFree,
    /// About to read the locks once more: its description cannot claim.
    Unable,
    /// About to read the names of all files.
    Listing,
    /// About to open the entry again, in order to remove it.
    Anew,
    /// About to claim.
    OpenedAnew,
    /// About to check whether the name leads to the claimed file.
    Claimed,
    /// About to unlink.
    StillLinked,
    /// There is no such name: about to return, or to create a file.
    Gone,
    /// About to take the shared lock.
    SawHeld,
    /// About to open the name once more.
    Held,
    /// About to close everything, and to start over.
    Restart,
    /// About to write the trailer.
    Unnamed,
    /// About to lock the file.
    Written,
    /// About to link the file.
    HeldUnnamed,
    /// About to lock the description that cannot write.
    Twin,
    /// About to close the one that can.
    TwinHeld,
    /// About to close a handle.
    CloseStart,
    /// About to unlock and then return, which only a protocol with a mistake does.
    GiveUp,
    /// About to claim through the unlocked description.
    LetGo,
    /// About to replace the next description.
    Replacing,
    /// About to close its descriptor, and to return.
    End,
    /// Listing: it saw a holder, and is about to check whether the name still leads to the file.
    ListedLive,
    /// A program between `fork` and `exec`.
    Starting,
    /// About to open the entry of a handle's name, in order to withdraw it.
    Withdraw,
    /// About to claim the name.
    WithdrawOpened,
    /// About to check whether the name leads to the file.
    NameClaimed,
    /// About to unlink.
    NameLinked,
    /// About to open the memory through a process that has it.
    Reaching,
}

/// A handle of an agent; none if its file is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handle {
    pub file: File,
    /// The description; equal for handles that share one.
    pub description: u8,
    /// No other agent can have the description, as far as this one knows.
    pub alone: bool,
    pub writes: bool,
    /// It came from a parent: an exiting process leaves it to the kernel.
    pub inherited: bool,
    /// A holder took the name from its file.
    pub withdrawn: bool,
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
    /// The names that are still to be removed, one bit each.
    pub remaining: u8,
    /// Another agent had a handle of the file since this one opened it. It is not part of the protocol,
    /// and is here to be checked.
    pub witness: bool,
    /// Others had handles of the name since the operation began, without a gap. It is here to be
    /// checked as well.
    pub throughout: bool,
    /// A holder took the name from what the operation has open.
    pub withdrawn: bool,
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

/// A state: which file each name leads to, and what each agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    pub names: [File; NAMES],
    pub agents: [Agent; AGENTS],
}

/// The locks of others, as an agent reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Free,
    Held,
    Claimed,
}

impl State {
    /// The locks on a file, without that of the description that `agent` uses.
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
                    Lock::None | Lock::Name => {}
                    Lock::Shared => sight = Sight::Held,
                    Lock::Exclusive => return Sight::Claimed,
                }
            }
        }
        sight
    }

    /// Whether another agent than `agent` has claimed the name of a file that is live.
    pub fn is_name_claimed(&self, agent: usize, file: File) -> bool {
        self.agents.iter().enumerate().any(|(number, other)| {
            number != agent && other.file == file && other.lock == Lock::Name
        })
    }

    /// Whether another agent than `agent` has the memory of a file, where that is not in the file.
    pub fn is_reached(&self, agent: usize, file: File) -> bool {
        self.agents.iter().enumerate().any(|(number, other)| {
            let has_handle = other.handles.iter().any(|handle| handle.file == file);
            // An opener gets the memory before the lock, and a creator makes both.
            let at_it = matches!(
                other.at,
                At::SawHeld | At::Held | At::Unnamed | At::Written | At::HeldUnnamed | At::Twin
            );
            number != agent && (has_handle || other.file == file && at_it)
        })
    }

    /// Whether another agent than `agent` has a handle of the name.
    pub fn is_live(&self, agent: usize, name: usize) -> bool {
        self.names[name] != 0
            && self.agents.iter().enumerate().any(|(number, other)| {
                let handle = other.handles[name];
                number != agent && handle.file == self.names[name] && handle.description != LOST
            })
    }

    /// A number for a new file.
    pub fn new_file(&self) -> File {
        let known = |file: File| {
            self.names.contains(&file)
                || self.agents.iter().any(|agent| {
                    agent.file == file || agent.handles.iter().any(|handle| handle.file == file)
                })
        };
        (1..).find(|file| !known(*file)).expect("a state has few files")
    }

    /// A number for a new description of a handle of the name.
    pub fn new_description(&self, name: usize) -> u8 {
        let known = |description| {
            self.agents.iter().any(|agent| {
                let handle = agent.handles[name];
                handle.file != 0 && handle.description == description
            })
        };
        (0..LOST).find(|description| !known(*description)).expect("an agent has one handle a name")
    }

    /// Returns a number that is the same for all states which differ only in the numbers of files and
    /// descriptions. Agents and names are not permuted.
    #[must_use]
    pub fn numbered(mut self) -> (Self, u128) {
        self.number_files();
        self.number_descriptions();
        let names = u128::from(self.names[0] != 0) << 1 | u128::from(self.names[1] != 0);
        let codes = self.agents.map(|agent| agent.code(File::MAX));
        (self, codes.iter().fold(names, |all, code| all << 42 | u128::from(*code)))
    }

    /// Returns a number that is the same for all states which differ only in the order of agents and
    /// names, and in the numbers of files.
    ///
    /// States that differ only in the numbers of files without a name may get different numbers. That
    /// makes the search larger, and not wrong.
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
        (self, codes.iter().fold(names, |all, code| all << 42 | u128::from(*code)))
    }

    fn each_handle(&mut self, change: impl FnMut(&mut Handle)) {
        self.agents.iter_mut().flat_map(|agent| &mut agent.handles).for_each(change);
    }

    /// Orders the names by what is known about them.
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
            // An idle agent is at no name.
            if agent.doing != Doing::Nothing {
                agent.name = 1 - agent.name;
            }
        }
    }

    /// Numbers the files that have names by the names, and the others in the order in which they are
    /// found. Returns whether there are others.
    fn number_files(&mut self) -> bool {
        let mut numbers = [0; 16];
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
    /// Packs it into forty-two bits without loss; files from `strangers` on are not distinguished.
    fn code(&self, strangers: File) -> u64 {
        let mut code = 0;
        let mut put = |value: u8, bits: u32| code = code << bits | u64::from(value);
        put(self.at as u8, 5);
        put(self.doing as u8, 4);
        put(self.file.min(strangers), 4);
        put(
            self.name | (self.lock as u8) << 1 | u8::from(self.writes) << 3 | self.remaining << 4,
            6,
        );
        let facts = u8::from(self.throughout) << 1 | u8::from(self.withdrawn) << 2;
        put(u8::from(self.witness) | facts, 3);
        for handle in self.handles {
            if handle.file == 0 {
                put(0, 10);
                continue;
            }
            let shared = if strangers == File::MAX { handle.description } else { 0 };
            let flags = u8::from(handle.alone) << 2 | u8::from(handle.writes) << 3;
            let past = u8::from(handle.inherited) << 4 | u8::from(handle.withdrawn) << 5;
            put(handle.file.min(strangers), 4);
            put(shared | flags | past, 6);
        }
        code
    }
}
