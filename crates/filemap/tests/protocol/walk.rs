//! One step of one agent: the system's answer, and the agent's next position.

use crate::model::{Event, Mistake, Model, Move, Outcome, Step};
use crate::state::{AGENTS, Agent, At, Doing, Handle, LOST, Lock, Sight, State};

/// Records what has happened during the agents' operations.
pub(crate) fn witnessed(mut state: State) -> State {
    for number in 0..AGENTS {
        let Agent { at, name, file, .. } = state.agents[number];
        let name = usize::from(name);
        if state.agents[number].throughout {
            state.agents[number].throughout = state.is_live(number, name);
        }
        if matches!(at, At::Opened | At::Reaching | At::SawHeld | At::Held)
            && !state.agents[number].witness
        {
            // An opener that is about to succeed has a handle already.
            state.agents[number].witness = file == state.names[name]
                && (state.is_live(number, name)
                    || state.agents.iter().enumerate().any(|(other, opener)| {
                        let settled = opener.at == At::Held && opener.witness
                            || matches!(opener.at, At::Twin | At::TwinHeld);
                        other != number && opener.file == file && settled
                    }));
        }
    }
    state
}

/// Returns what is wrong in this state.
pub(crate) fn broken(state: &State) -> Option<&'static str> {
    for agent in &state.agents {
        for (handle, named) in agent.handles.iter().zip(state.names) {
            if handle.file != 0 && (handle.file == named) == handle.withdrawn {
                return Some(if handle.withdrawn {
                    "a name that was withdrawn leads to its object"
                } else {
                    "a live handle's name does not lead to its object"
                });
            }
        }
    }
    None
}

/// Does one step of one agent.
pub(crate) struct Walk<'model> {
    model: &'model Model,
    next: State,
    agent: usize,
    outcome: Option<Outcome>,
    wrong: Option<&'static str>,
}

impl<'model> Walk<'model> {
    pub(crate) fn begin(model: &'model Model, next: State, agent: usize) -> Self {
        Self { model, next, agent, outcome: None, wrong: None }
    }

    pub(crate) fn one_step(mut self) -> Move {
        let step = self.step();
        let next = witnessed(self.next);
        let wrong = self.wrong.or(broken(&next));
        Move { event: Event::Step(step), next, outcome: self.outcome, wrong }
    }

    fn me(&mut self) -> &mut Agent {
        &mut self.next.agents[self.agent]
    }

    fn finish(&mut self, outcome: Outcome) {
        let throughout = self.me().throughout;
        if throughout && matches!(outcome, Outcome::NotFound | Outcome::Made | Outcome::ListedDead)
        {
            self.wrong = Some("a name was not found that had a handle all the time");
        }
        self.me().finish();
        self.outcome = Some(outcome);
    }

    /// The name is free.
    fn gone(&mut self) {
        let me = *self.me();
        match me.doing {
            Doing::Create => self.me().at = At::Gone,
            Doing::Open if me.lock == Lock::None => self.finish(Outcome::NotFound),
            Doing::Open => self.me().at = At::Gone,
            Doing::Settle => self.wrong = Some("a create lost its object to itself"),
            _ => self.freed(),
        }
    }

    /// The name was not removed: another agent has it, or removed it before.
    fn refused(&mut self) {
        match self.me().doing {
            Doing::Open | Doing::Create => self.start_over(),
            Doing::Settle => self.finish(Outcome::Made),
            _ => self.freed(),
        }
    }

    /// Continues after a name that was to be removed.
    fn freed(&mut self) {
        let me = self.me();
        if matches!(me.doing, Doing::Exit | Doing::Collect) {
            me.remaining &= !(1 << me.name);
        }
        if me.remaining != 0 {
            me.name = u8::from(me.remaining & 1 == 0);
            me.at = At::Anew;
            self.forget_file();
        } else if me.lock == Lock::None {
            self.finish(Outcome::Done);
        } else {
            me.at = At::End;
        }
    }

    fn start_over(&mut self) {
        self.me().at = At::Restart;
        self.forget_file();
    }

    /// A description without a lock needs no further step.
    fn forget_file(&mut self) {
        let me = self.me();
        if me.lock == Lock::None {
            (me.file, me.withdrawn) = (0, false);
        }
    }

    fn become_handle(&mut self, writes: bool) {
        let name = usize::from(self.me().name);
        let description = self.next.new_description(name);
        let me = self.me();
        let Agent { file, withdrawn, .. } = *me;
        me.handles[name] =
            Handle { file, description, alone: true, writes, inherited: false, withdrawn };
    }

    fn claim(&mut self) -> Step {
        let Agent { file, writes, at, .. } = *self.me();
        if !writes && at != At::OpenedAnew {
            self.me().at = At::Unable;
            return Step::MayNotClaim;
        }
        if self.model.makes(Mistake::RemovesUnclaimed) && at == At::SawFree {
            self.me().at = At::Claimed;
            return Step::Claimed;
        }
        let is_free = self.next.sight(self.agent, file) == Sight::Free;
        if is_free && !self.next.is_name_claimed(self.agent, file) {
            self.me().lock = Lock::Exclusive;
            self.me().at = At::Claimed;
            Step::Claimed
        } else {
            self.refused();
            Step::ClaimRefused
        }
    }

    fn step(&mut self) -> Step {
        let me = *self.me();
        let name = usize::from(me.name);
        let named = self.next.names[name];
        match me.at {
            At::Idle => unreachable!("it does nothing"),
            At::Look if named == 0 => {
                self.absent();
                Step::NoEntry
            }
            At::Look => {
                self.me().file = named;
                self.me().at = At::Opened;
                Step::Opened
            }
            At::Opened => self.see(),
            At::SawFree | At::LetGo | At::OpenedAnew => self.claim(),
            At::Unable => match self.next.sight(self.agent, me.file) {
                Sight::Free => {
                    self.me().at = At::Anew;
                    self.forget_file();
                    Step::SawFree
                }
                seen => {
                    self.refused();
                    if seen == Sight::Held { Step::SawHeld } else { Step::SawClaimed }
                }
            },
            At::Listing => {
                let [one, other] = self.next.names.map(|file| u8::from(file != 0));
                let me = self.me();
                me.remaining = one | other << 1;
                if me.remaining >> me.name & 1 == 0 {
                    me.name = 1 - me.name;
                }
                me.at = At::Anew;
                if me.remaining == 0 {
                    self.finish(Outcome::Done);
                }
                Step::Listed
            }
            At::Anew => self.open_anew(),
            At::Claimed
                if me.file == named || self.model.makes(Mistake::RemovesWhateverIsThere) =>
            {
                self.me().at = At::StillLinked;
                if self.model.makes(Mistake::ClaimsTooShortly) {
                    self.me().lock = Lock::None;
                }
                Step::StillLinked
            }
            At::Claimed => {
                self.refused();
                Step::LedElsewhere
            }
            At::StillLinked => {
                if me.file != named {
                    self.wrong = Some("a file was removed that nobody has claimed");
                }
                self.next.names[name] = 0;
                self.gone();
                Step::Unlinked
            }
            At::Gone if me.doing == Doing::Open => {
                self.finish(Outcome::NotFound);
                Step::Ended
            }
            At::Gone => {
                let file = self.next.new_file();
                let me = self.me();
                (me.file, me.lock, me.at) = (file, Lock::None, At::Unnamed);
                me.withdrawn = false;
                Step::MadeUnnamed
            }
            At::Reaching => self.reach(),
            At::SawHeld if self.next.sight(self.agent, me.file) == Sight::Claimed => {
                self.start_over();
                Step::HoldRefused
            }
            At::SawHeld => {
                self.me().lock = Lock::Shared;
                let early = self.model.makes(Mistake::HoldsBeforeReaching);
                self.me().at = if early { At::Reaching } else { At::Held };
                Step::Held
            }
            At::Held if me.file == named || self.model.makes(Mistake::TrustsItsLock) => {
                if !me.witness {
                    self.wrong = Some("a dead entry became a live one");
                }
                self.become_handle(me.writes);
                self.finish(Outcome::Found);
                Step::OpenedAgain
            }
            At::Held => {
                self.start_over();
                Step::LedElsewhere
            }
            At::Restart => {
                let me = self.me();
                (me.file, me.lock, me.at) = (0, Lock::None, At::Look);
                (me.witness, me.withdrawn, me.remaining) = (false, false, 0);
                Step::StartedOver
            }
            At::Unnamed | At::Written | At::HeldUnnamed => self.publish(named),
            At::Twin => {
                self.become_handle(false);
                self.me().at = At::TwinHeld;
                Step::HeldDuplicate
            }
            At::TwinHeld => {
                let me = self.me();
                (me.lock, me.doing, me.writes, me.at) =
                    (Lock::None, Doing::Settle, true, At::LetGo);
                Step::LetGo
            }
            At::CloseStart => self.close(),
            At::GiveUp => {
                self.finish(Outcome::Done);
                Step::LetGo
            }
            At::Replacing => {
                let me = self.me();
                me.handles[name] = Handle::default();
                me.remaining |= 1 << me.name;
                if me.has_handles() {
                    me.name = 1 - me.name;
                } else {
                    // In the order of their replacement.
                    me.at = At::Anew;
                    me.name = if me.remaining == 3 { 1 - me.name } else { me.name };
                }
                Step::Replaced
            }
            At::End => {
                self.finish(Outcome::Done);
                Step::Ended
            }
            At::ListedLive => {
                if me.file == named {
                    if !me.witness {
                        self.wrong = Some("a listing calls a dead entry live");
                    }
                    self.finish(Outcome::ListedLive);
                } else {
                    self.finish(Outcome::ListedDead);
                }
                Step::Looked
            }
            At::Withdraw | At::WithdrawOpened | At::NameClaimed | At::NameLinked => {
                self.withdraw(named)
            }
            At::Starting => {
                *self.me() = Agent::default();
                Step::Ended
            }
        }
    }

    fn absent(&mut self) {
        if self.me().doing == Doing::List {
            self.finish(Outcome::ListedDead);
        } else {
            self.gone();
        }
    }

    /// Reads the locks of others.
    fn see(&mut self) -> Step {
        let me = *self.me();
        if self.model.makes(Mistake::HoldsTheDead) {
            self.me().at = At::SawHeld;
            return Step::SawHeld;
        }
        let seen = self.next.sight(self.agent, me.file);
        let list = me.doing == Doing::List;
        match seen {
            Sight::Held if list => self.me().at = At::ListedLive,
            Sight::Free if list && self.model.makes(Mistake::ListsByClaiming) => {
                self.me().lock = Lock::Exclusive;
                self.me().at = At::End;
            }
            Sight::Free | Sight::Claimed if list => self.finish(Outcome::ListedDead),
            Sight::Held => {
                let early = self.model.makes(Mistake::HoldsBeforeReaching);
                let reaches = self.model.reaches && !early;
                self.me().at = if reaches { At::Reaching } else { At::SawHeld };
            }
            Sight::Free => self.me().at = At::SawFree,
            Sight::Claimed => self.start_over(),
        }
        match seen {
            Sight::Free => Step::SawFree,
            Sight::Held => Step::SawHeld,
            Sight::Claimed => Step::SawClaimed,
        }
    }

    /// Opens the memory through another agent that has it.
    fn reach(&mut self) -> Step {
        let me = *self.me();
        if !self.next.is_reached(self.agent, me.file) {
            self.start_over();
            return Step::NotReached;
        }
        self.me().at = if me.lock == Lock::None { At::SawHeld } else { At::Held };
        Step::Reached
    }

    fn open_anew(&mut self) -> Step {
        let name = usize::from(self.me().name);
        let file = self.next.names[name];
        let me = self.me();
        (me.file, me.lock, me.withdrawn) = (file, Lock::None, false);
        if file == 0 {
            self.gone();
            Step::NoEntry
        } else {
            me.at = At::OpenedAnew;
            Step::OpenedAnew
        }
    }

    /// A creator's steps from a file without a name to a linked one.
    fn publish(&mut self, named: u8) -> Step {
        let early = self.model.makes(Mistake::LinksBeforeLocking);
        let me = *self.me();
        let (lock, link) =
            if early { (At::HeldUnnamed, At::Written) } else { (At::Written, At::HeldUnnamed) };
        if me.at == At::Unnamed {
            self.me().at = At::Written;
            return Step::WroteTrailer;
        }
        if me.at == lock {
            self.me().lock = Lock::Shared;
            self.me().at = At::HeldUnnamed;
            if early {
                self.become_handle(true);
                self.finish(Outcome::Made);
            }
            return Step::HeldUnnamed;
        }
        assert_eq!(me.at, link);
        if named != 0 {
            self.start_over();
            return Step::LinkTaken;
        }
        self.next.names[usize::from(me.name)] = me.file;
        if early {
            self.me().at = At::HeldUnnamed;
        } else if me.writes {
            self.become_handle(true);
            self.finish(Outcome::Made);
        } else {
            self.me().at = At::Twin;
        }
        Step::Linked
    }

    /// A holder's steps to a free name.
    fn withdraw(&mut self, named: u8) -> Step {
        let me = *self.me();
        let name = usize::from(me.name);
        let own = me.handles[name].file;
        match me.at {
            At::Withdraw if named == own => {
                (self.me().file, self.me().at) = (own, At::WithdrawOpened);
                Step::OpenedAnew
            }
            At::Withdraw => {
                self.finish(Outcome::Done);
                if named == 0 { Step::NoEntry } else { Step::LedElsewhere }
            }
            At::WithdrawOpened
                if self.next.is_name_claimed(self.agent, own)
                    && !self.model.makes(Mistake::WithdrawsUnclaimed) =>
            {
                (self.me().file, self.me().at) = (0, At::Withdraw);
                Step::ClaimRefused
            }
            At::WithdrawOpened => {
                (self.me().lock, self.me().at) = (Lock::Name, At::NameClaimed);
                Step::ClaimedName
            }
            At::NameClaimed
                if named == own || self.model.makes(Mistake::WithdrawsWhateverIsThere) =>
            {
                self.me().at = At::NameLinked;
                Step::StillLinked
            }
            At::NameClaimed => {
                self.me().at = At::End;
                Step::LedElsewhere
            }
            _ => {
                if own != named {
                    self.wrong = Some("a holder took another mapping's name");
                }
                self.next.names[name] = 0;
                for agent in &mut self.next.agents {
                    agent.withdrawn |= agent.file == own;
                    for handle in &mut agent.handles {
                        handle.withdrawn |= handle.file == own;
                    }
                }
                self.me().at = At::End;
                Step::Unlinked
            }
        }
    }

    /// The first step of a close.
    fn close(&mut self) -> Step {
        let name = usize::from(self.me().name);
        let handle = std::mem::take(&mut self.me().handles[name]);
        if !handle.alone && !self.model.makes(Mistake::LetsGoForOthers) {
            self.me().at = At::Anew;
            if self.model.makes(Mistake::ClosesWithoutALook) {
                self.finish(Outcome::Done);
            }
            return Step::Closed;
        }
        let me = self.me();
        (me.file, me.writes, me.withdrawn) = (handle.file, handle.writes, handle.withdrawn);
        if self.model.makes(Mistake::ClaimsBeforeLettingGo) {
            let free = self.next.sight(self.agent, handle.file) == Sight::Free;
            let me = self.me();
            (me.lock, me.at) =
                if free { (Lock::Exclusive, At::Claimed) } else { (Lock::Shared, At::GiveUp) };
            return if free { Step::Claimed } else { Step::ClaimRefused };
        }
        self.me().at = At::LetGo;
        if self.model.makes(Mistake::ClosesWithoutALook) {
            self.finish(Outcome::Done);
        }
        // Every agent that shares the description loses its lock.
        for other in &mut self.next.agents {
            let shared = &mut other.handles[name];
            if shared.file == 0 || shared.description != handle.description {
                continue;
            }
            if other.at == At::Starting {
                *shared = Handle::default();
            } else {
                shared.description = LOST;
            }
        }
        Step::LetGo
    }
}
