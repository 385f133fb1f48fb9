//! What is to be recorded: a name, and what is known of its bytes.

use filemap::Name;
use filemap_layout::{Layout, Versions};

use crate::error::{Error, Result};

/// The largest mapping that is recorded.
const MOST: u64 = 1 << 28;

/// A name to record.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(crate) name: Name,
    layout: Option<Layout>,
}

/// What the messages of a channel are, as ROS 1 defines a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What stands between a definition and those of the types in it.
const BETWEEN: &str = "\n====";

impl Subject {
    /// Returns a name of whose bytes nothing is known: other programs then show it as numbers of 8 bits.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self { name, layout: None }
    }

    /// Says what the bytes mean, from the first one on.
    ///
    /// A mapping that is there when the recorder starts must be large enough for it. One that comes later
    /// and is smaller is recorded as bytes.
    ///
    /// The layout is attached to the recording, and programs that show MCAP files show its fields. If it
    /// has [`Versions`], a frame is a whole version, or is marked as torn.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = Some(layout);
        self
    }

    /// Checks that a mapping of this size has its layout, and can be recorded.
    pub(crate) fn check(&self, size: u64) -> Result<()> {
        match &self.layout {
            Some(layout) if layout.size() > size => {
                Err(self.refused(size, &format!("`{}` has {}", layout.name(), layout.size())))
            }
            _ => self.check_size(size),
        }
    }

    /// Checks that a mapping of this size can be recorded.
    pub(crate) fn check_size(&self, size: u64) -> Result<()> {
        if size <= MOST {
            return Ok(());
        }
        Err(self.refused(size, &format!("{MOST} are the most that are recorded")))
    }

    fn refused(&self, size: u64, why: &str) -> Error {
        let message = format!("could not record `{}`: it has {size} bytes, and {why}", self.name);
        Error::Content { message }
    }

    /// Returns how the bytes say that they are being written.
    pub(crate) fn versions(&self, size: usize) -> Option<&Versions> {
        self.fitting(size)?.versions()
    }

    /// Returns the layout as text, with the name of the file that it is in a recording.
    pub(crate) fn attachment(&self, size: usize) -> Option<(String, String)> {
        let layout = self.fitting(size)?;
        Some((format!("{}.toml", self.name.to_string().replace('\\', "/")), layout.to_toml()))
    }

    /// Returns what messages of this size are.
    pub(crate) fn schema(&self, size: usize) -> Schema {
        let Some(layout) = self.fitting(size) else {
            return Schema {
                name: format!("filemap/Bytes{size}"),
                text: format!("uint8[{size}] bytes\n"),
            };
        };
        let usable = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = layout.name().chars().map(usable).collect();
        let name = name.trim_start_matches('_');
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let name = format!("filemap/{}{name}", if begins { "" } else { "Type" });
        Schema { name, text: filled(&layout.ros1(), size as u64 - layout.size()) }
    }

    /// Returns the layout, unless the mapping is too small for it.
    fn fitting(&self, size: usize) -> Option<&Layout> {
        self.layout.as_ref().filter(|layout| layout.size() <= size as u64)
    }
}

/// Returns the definition of a message with so many bytes after it: all bytes have to be something.
fn filled(text: &str, rest: u64) -> String {
    if rest == 0 {
        return text.to_owned();
    }
    let own = text.find(BETWEEN).map_or(text.len(), |at| at + 1);
    let (own, others) = text.split_at(own);
    format!("{own}uint8[{rest}] bytes_after_it\n{others}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_a_message_belong_to_it_and_not_to_the_types_in_it() {
        let text = "Point at\n================\nMSG: filemap/Point\nfloat64 x\n";

        assert_eq!(filled(text, 0), text);
        let longer = "Point at\nuint8[2] bytes_after_it\n================\nMSG: filemap/Point\n\
                      float64 x\n";
        assert_eq!(filled(text, 2), longer);
        assert_eq!(filled("int8 a\n", 1), "int8 a\nuint8[1] bytes_after_it\n");
    }

    #[test]
    fn a_mapping_that_is_too_small_for_its_layout_is_bytes() {
        let layout = Layout::from_words("rpm:f32").unwrap();
        let subject = Subject::new("a".parse().unwrap()).layout(layout);

        assert_eq!(subject.schema(3).text, "uint8[3] bytes\n");
        assert_eq!(subject.schema(4).text, "float32 rpm\n");
        assert!(subject.attachment(3).is_none() && subject.attachment(4).is_some());
    }
}
