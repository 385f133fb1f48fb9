//! Recordings of file mappings that replay: the bytes of names as they change, in an MCAP file.
//!
//! A [`Recorder`] looks at mappings at a steady rate, and stores each frame that differs from the one
//! before. A [`Recording`] is such a file, which is read frame by frame, also if its recorder was killed.
//! A [`Player`] creates the names and writes each frame when it is due.
//!
//! The format is [MCAP](https://mcap.dev): a channel for each name, whose messages are the bytes of the
//! mapping, in chunks that are compressed and have checksums. Programs that show MCAP files open it.

mod error;
mod stop;
mod schedule;
mod record;
mod chunk;
mod channel;
mod subject;
mod content;
mod frame;
mod recording;
mod sys;
mod output;
mod writer;
mod source;
mod recorder;
mod counting;
mod target;
mod player;

pub use channel::Channel;
pub use error::{Error, Result};
pub use frame::{Frame, Frames};
pub use player::{Played, Player, PlayerOptions};
pub use recorder::{Recorder, RecorderOptions, Totals};
pub use recording::Recording;
pub use stop::Stop;
pub use subject::Subject;
