//! Layouts as message definitions of ROS 1, which tools for plots read.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::kind::{Fields, Kind};
use crate::layout::Layout;
use crate::number::{Number, Order};

impl Layout {
    /// Returns the definition of a message of ROS 1 whose bytes are those of the struct at the start.
    ///
    /// Bytes between fields are declared as `uint8[n]`. Texts and numbers of the other byte order are
    /// bytes, bits are their number, an array of arrays is one array. A union is its first field that
    /// fills it, or else bytes. Rows of sections are not part of it.
    ///
    /// ```
    /// let layout = filemap_layout::Layout::from_words("gear:i8 rpm:f32")?;
    ///
    /// assert_eq!(layout.ros1(), "int8 gear\nuint8[3] padding0\nfloat32 rpm\n");
    /// # Ok::<(), filemap_layout::Error>(())
    /// ```
    #[must_use]
    pub fn ros1(&self) -> String {
        let names = BUILT_IN.map(str::to_owned).into();
        let mut messages = Messages { text: String::new(), types: Vec::new(), names };
        messages.define(self.root());
        let mut done = 0;
        while let Some((fields, name)) = messages.types.get(done).cloned() {
            done += 1;
            let line = "=".repeat(80);
            // Writing to a string does not fail.
            let _: Result<(), _> = writeln!(messages.text, "{line}\nMSG: filemap/{name}");
            messages.define(&fields);
        }
        messages.text
    }
}

/// The types that ROS has itself, and takes for them whatever message has such a name.
const BUILT_IN: [&str; 17] = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32",
    "float64", "string", "time", "duration", "char", "byte", "Header",
];

struct Messages {
    text: String,
    types: Vec<(Arc<Fields>, String)>,
    names: HashSet<String>,
}

/// What a field is in a message: a type and how many.
struct Part {
    kind: String,
    count: Option<u64>,
}

impl Messages {
    fn define(&mut self, fields: &Fields) {
        let mut body = Body { lines: Vec::new(), end: 0, padding: 0, names: HashSet::new() };
        self.fill(fields, 0, &mut body);
        body.pad_to(fields.size());
        for line in body.lines {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    fn fill(&mut self, fields: &Fields, base: u64, body: &mut Body) {
        let fills = |field: &&crate::kind::Field| field.kind.size() == fields.size();
        let only = match fields.is_union() {
            true => fields.fields().iter().find(fills),
            false => None,
        };
        for field in fields.fields() {
            if fields.is_union() && only.is_none_or(|only| only != field) {
                continue;
            }
            let (offset, size) = (base + field.offset, field.kind.size());
            // Bits of one number come once, and what overlaps what came before is left out.
            if size == 0 || offset < body.end {
                continue;
            }
            body.pad_to(offset);
            match &field.kind {
                Kind::Fields(inner) if field.name.is_empty() => self.fill(inner, offset, body),
                kind => {
                    let part = self.part(kind);
                    body.push(&part, &field.name);
                    body.end = offset + size;
                }
            }
        }
        // What a struct without a name has at its end may be used by the one that it is in.
    }

    fn part(&mut self, kind: &Kind) -> Part {
        let bytes = |len| Part { kind: "uint8".to_owned(), count: Some(len) };
        let one = |number: Number, order: Order| match order {
            Order::Big if number.size() > 1 => bytes(number.size() as u64),
            _ => Part { kind: primitive(number).to_owned(), count: None },
        };
        match kind {
            Kind::Number(number, order) => one(*number, *order),
            Kind::Names(names, order) => one(names.number(), *order),
            Kind::Bits { number, order, .. } => one(*number, *order),
            Kind::Text { unit: 2, order: Order::Little, len } => {
                Part { kind: "uint16".to_owned(), count: Some(*len) }
            }
            Kind::Text { .. } | Kind::Bytes(_) => bytes(kind.size()),
            Kind::Fields(fields) => Part { kind: self.name(fields), count: None },
            Kind::Array(element, count) => {
                let part = self.part(element);
                let count = part.count.unwrap_or(1).saturating_mul(*count);
                Part { kind: part.kind, count: Some(count) }
            }
        }
    }

    fn name(&mut self, fields: &Arc<Fields>) -> String {
        if let Some((_, name)) = self.types.iter().find(|(known, _)| known == fields) {
            return name.clone();
        }
        let name = free(fields.name(), "Type", &mut self.names);
        self.types.push((Arc::clone(fields), name.clone()));
        name
    }
}

struct Body {
    lines: Vec<String>,
    end: u64,
    padding: u32,
    names: HashSet<String>,
}

impl Body {
    fn pad_to(&mut self, offset: u64) {
        if offset > self.end {
            let part = Part { kind: "uint8".to_owned(), count: Some(offset - self.end) };
            let name = format!("padding{}", self.padding);
            self.push(&part, &name);
            (self.end, self.padding) = (offset, self.padding + 1);
        }
    }

    fn push(&mut self, part: &Part, name: &str) {
        let name = free(name, "field", &mut self.names);
        self.lines.push(match part.count {
            Some(count) => format!("{}[{count}] {name}", part.kind),
            None => format!("{} {name}", part.kind),
        });
    }
}

/// Returns a name that ROS allows, and that is not taken.
fn free(wanted: &str, otherwise: &str, taken: &mut HashSet<String>) -> String {
    let usable = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let mut name: String = wanted.chars().map(usable).collect();
    name = name.trim_start_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, otherwise);
    }
    let mut free = name.clone();
    let mut count = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}_{count}");
        count += 1;
    }
    free
}

fn primitive(number: Number) -> &'static str {
    match number {
        Number::U8 => "uint8",
        Number::U16 => "uint16",
        Number::U32 => "uint32",
        Number::U64 => "uint64",
        Number::I8 => "int8",
        Number::I16 => "int16",
        Number::I32 => "int32",
        Number::I64 => "int64",
        Number::F32 => "float32",
        Number::F64 => "float64",
        Number::Bool => "bool",
    }
}
