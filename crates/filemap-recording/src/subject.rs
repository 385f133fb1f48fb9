//! What is to be recorded: a name, and what is known of its bytes.

use filemap::Name;

/// A name to record.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(crate) name: Name,
    message: Option<Message>,
    layout: Option<String>,
}

/// The ROS 1 message that the first bytes of a mapping are.
#[derive(Debug, Clone)]
struct Message {
    schema: Schema,
    size: usize,
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
        Self { name, message: None, layout: None }
    }

    /// Says which ROS 1 message the first `size` bytes of the mapping are, by its name, such as
    /// `filemap/Telemetry`, and its definition. Programs that show MCAP files then show its fields.
    #[must_use]
    pub fn message(
        mut self,
        name: impl Into<String>,
        definition: impl Into<String>,
        size: usize,
    ) -> Self {
        let schema = Schema { name: name.into(), text: definition.into() };
        self.message = Some(Message { schema, size });
        self
    }

    /// Attaches a layout to the recording, as text, which
    /// [`Recording::layout`](crate::Recording::layout) returns.
    #[must_use]
    pub fn layout(mut self, text: impl Into<String>) -> Self {
        self.layout = Some(text.into());
        self
    }

    /// Returns the layout, with the name of the file that it is in a recording.
    pub(crate) fn attachment(&self) -> Option<(String, &str)> {
        let layout = self.layout.as_deref()?;
        Some((format!("{}.toml", self.name.to_string().replace('\\', "/")), layout))
    }

    /// Returns what messages of this size are.
    pub(crate) fn schema(&self, size: usize) -> Schema {
        match &self.message {
            Some(Message { schema, size: known }) if *known <= size => {
                let Schema { name, text } = schema;
                // All bytes of a message have to be something.
                let rest = match size - known {
                    0 => String::new(),
                    rest => format!("uint8[{rest}] bytes_after_it\n"),
                };
                let own = text.find(BETWEEN).map_or(text.len(), |at| at + 1);
                let (own, others) = text.split_at(own);
                let line = if own.is_empty() || own.ends_with('\n') { "" } else { "\n" };
                Schema { name: name.clone(), text: format!("{own}{line}{rest}{others}") }
            }
            _ => Schema {
                name: format!("filemap/Bytes{size}"),
                text: format!("uint8[{size}] bytes\n"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_a_message_belong_to_it_and_not_to_the_types_in_it() {
        let text = "Point at\n================\nMSG: filemap/Point\nfloat64 x\n";
        let subject = Subject::new("a".parse().unwrap()).message("filemap/Car", text, 8);

        assert_eq!(subject.schema(8).text, text);
        let longer =
            "Point at\nuint8[2] bytes_after_it\n================\nMSG: filemap/Point\nfloat64 x\n";
        assert_eq!(
            subject.schema(10),
            Schema { name: "filemap/Car".to_owned(), text: longer.to_owned() }
        );
        assert_eq!(subject.schema(7).text, "uint8[7] bytes\n");
    }
}
