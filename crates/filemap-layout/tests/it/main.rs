//! What layouts promise, through the public interface.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod hostile;
mod robust;
mod ros1;
mod sections;
mod shipped;
mod toml;
mod values;
mod versions;
