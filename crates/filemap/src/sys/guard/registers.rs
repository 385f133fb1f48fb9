//! What a platform's handler knows of an interrupted thread, and what it must change.

use super::table::{self, Kind};

/// The registers by which a faulting routine is understood, and those that its landing reads.
///
/// The platform fills them from the context of the interrupted thread, and after
/// [`resume`](Self::resume) puts them back there. Which register is which is the machine's
/// convention, told in its module.
#[derive(Debug, Clone, Copy)]
pub(in crate::sys) struct Registers {
    /// The instruction.
    pub(in crate::sys) pc: usize,
    /// The first argument: the target of a copy or a fill, the place of a search.
    pub(in crate::sys) to: usize,
    /// The second: the source of a copy.
    pub(in crate::sys) from: usize,
    /// The third: how many bytes are left.
    pub(in crate::sys) len: usize,
    /// For the landing: bytes to repeat one by one, those before the lost page.
    pub(in crate::sys) repeat: usize,
    /// For the landing: bytes after those.
    pub(in crate::sys) rest: usize,
    /// For the landing: the address that faulted.
    pub(in crate::sys) fault: usize,
}

impl Registers {
    /// Sends the thread to the landing of its instruction, if it has one.
    ///
    /// Called while a fault is handled: takes no lock, allocates nothing, cannot panic.
    pub(in crate::sys) fn resume(&mut self, address: usize) -> bool {
        let Some(landing) = table::find(self.pc) else {
            return false;
        };
        self.pc = landing.pc;
        if landing.kind == Kind::Value {
            return true;
        }

        self.fault = address;
        let first = table::before(self.to, self.len, address);
        match landing.kind {
            Kind::Copy => {
                self.repeat = first.min(table::before(self.from, self.len, address));
                self.rest = self.len - self.repeat;
            }
            Kind::Fill => {
                self.repeat = first;
                self.rest = self.len - first;
            }
            Kind::Search => self.repeat = first,
            Kind::Value | Kind::Count => {}
        }
        true
    }
}
