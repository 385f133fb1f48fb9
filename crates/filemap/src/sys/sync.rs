//! What threads share, from the standard library; the model checker puts its own in its place.
//!
//! Files that use nothing else to share are compiled a second time by `tests/loom`, where
//! `crate::sys::sync` is loom's.

#![allow(unused_imports, unused_macros, reason = "each choice of features uses a part")]

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

pub(crate) use arc_swap::ArcSwapOption;

/// A value of the process, which the model checker makes anew for each execution.
macro_rules! global {
    ($name:ident: $type:ty = $value:expr) => {
        static $name: $type = $value;
    };
}

pub(crate) use global;
