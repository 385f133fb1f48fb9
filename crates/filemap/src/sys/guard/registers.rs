//! What a platform's handler knows of an interrupted thread, and what it must change.

use super::table::{self, Kind};

/// The registers by which a faulting routine is understood, and those that its landing reads.
///
/// The platform fills them from the context of the interrupted thread, and after
/// [`resume`](Self::resume) puts them back there. Which register is which is the machine's
/// convention, which its module states.
#[derive(Debug, Clone, Copy)]
pub(in crate::sys) struct Registers {
    /// The instruction.
    pub(in crate::sys) pc: usize,
    /// The first argument: the target of a copy or a fill.
    pub(in crate::sys) to: usize,
    /// The second: the source of a copy, the byte of a fill.
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
    /// Returns whether the instruction is guarded.
    #[cfg(target_arch = "x86_64")]
    pub(in crate::sys) fn is_guarded(&self) -> bool {
        table::find(self.pc).is_some()
    }

    /// Sends the thread to the landing of its instruction, and returns whether it has one.
    ///
    /// Called while a fault is handled: takes no lock, allocates nothing, cannot panic.
    pub(in crate::sys) fn resume(&mut self, address: usize) -> bool {
        let Some((landing, kind)) = table::find(self.pc) else {
            return false;
        };
        self.pc = landing;
        if kind == Kind::Inlined {
            return true;
        }

        self.fault = address;
        if kind == Kind::Copy {
            // A fill has its byte in place of a source: it is less than the address of any target, so
            // that the target's count is the smaller one.
            let before = |start| table::before(start, self.len, address);
            self.repeat = before(self.to).min(before(self.from));
            self.rest = self.len - self.repeat;
        }
        true
    }
}
