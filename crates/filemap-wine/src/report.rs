//! What the helper answers: lines on standard output, or in a file if that belongs to the game.

use alloc::string::String;

use crate::field;
use crate::sys::handle::Handle;
use crate::sys::{file, system};

#[derive(Debug)]
pub(crate) struct Report {
    output: Handle,
    /// Whether the last line was written: if it was not, nobody reads any more.
    is_read: bool,
}

impl Report {
    pub(crate) fn to_output() -> Self {
        Self { output: system::output(), is_read: true }
    }

    /// Writes to a file, which exists, at a path of the system around Wine.
    pub(crate) fn to_file(path: &str) -> Result<Self, u32> {
        let output = file::open(&system::outside(path), file::For::Appending)?;
        Ok(Self { output, is_read: true })
    }

    pub(crate) fn is_read(&self) -> bool {
        self.is_read
    }

    /// Writes a line of a word and fields.
    pub(crate) fn say(&mut self, word: &str, fields: &[&str]) {
        let mut line = String::from(word);
        for field in fields {
            line.push('\t');
            line.push_str(&field::encode(field));
        }
        line.push('\n');
        self.is_read &= file::write(&self.output, line.as_bytes()).is_ok();
    }
}
