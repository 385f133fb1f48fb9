//! Recordings: made of live names, read, and read after kills and damage.

#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod support;
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod player;
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod recorder;
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod hostile;
