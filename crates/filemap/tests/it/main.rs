//! What the library promises, through its public interface: a module for each concept.

mod support;

mod mapping;
mod protection;
mod view;
mod flush;
mod descriptors;
mod bad_input;
mod names;
mod processes;
mod registry;
mod mapped_file;
mod windows;
mod cursor;
#[cfg(feature = "json")]
mod objects;
