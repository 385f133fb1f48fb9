//! What headers say, compared with what compilers make of them.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![allow(clippy::print_stdout, reason = "a test says why it was skipped")]

mod answers;
mod compilers;
mod constructs;
mod generated;
mod hostile;
mod support;
