//! Writes a layout as a TOML document.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::kind::{Fields, Kind};
use crate::layout::Layout;
use crate::names::Names;
use crate::number::Order;
use crate::section::Extent;
use crate::versions::Versions;

impl Layout {
    /// Returns the layout as a TOML document, which [`Layout::from_toml`] reads to the same offsets.
    ///
    /// ```
    /// use filemap_layout::Layout;
    ///
    /// let layout = Layout::from_words("time:f64 rpm:f32 name:char[64]")?;
    /// assert_eq!(Layout::from_toml(&layout.to_toml())?, layout);
    /// # Ok::<(), filemap_layout::Error>(())
    /// ```
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut names = TypeNames::default();
        names.add_fields(self.root());
        for section in self.sections() {
            names.add_fields(&section.fields);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _: Result<(), _> = self.write(&names, &mut text);
        text
    }

    fn write(&self, names: &TypeNames, text: &mut String) -> std::fmt::Result {
        writeln!(text, "root = {}", quoted(names.of_fields(self.root())))?;
        if let Some(abi) = self.abi() {
            writeln!(text, "abi = {}", quoted(abi))?;
        }
        match self.versions() {
            None => {}
            Some(Versions::Pair { begin, end }) => {
                let (begin, end) = (quoted(&begin.path.to_string()), quoted(&end.path.to_string()));
                writeln!(text, "\n[versions]\npair = [{begin}, {end}]")?;
            }
            Some(Versions::Odd(one)) => {
                writeln!(text, "\n[versions]\nodd = {}", quoted(&one.path.to_string()))?;
            }
            Some(Versions::Tick(one)) => {
                writeln!(text, "\n[versions]\ntick = {}", quoted(&one.path.to_string()))?;
            }
            Some(Versions::Busy(one)) => {
                writeln!(text, "\n[versions]\nbusy = {}", quoted(&one.path.to_string()))?;
            }
        }
        for (fields, name) in &names.fields {
            names.write_fields(fields, name, text)?;
        }
        for (values, name) in &names.names {
            let table = if values.is_flags() { "flags" } else { "enum" };
            writeln!(text, "\n[{table}.{}]", key(name))?;
            writeln!(text, "type = \"{}\"", values.number().name())?;
            writeln!(text, "values = {{")?;
            for (name, value) in values.values() {
                // Numbers of 64 bits without a sign are those of the same bits with one.
                let bits = u64::try_from(value & i128::from(u64::MAX)).unwrap_or(0);
                let value = i64::try_from(*value).unwrap_or(bits.cast_signed());
                writeln!(text, "    {} = {value},", key(name))?;
            }
            writeln!(text, "}}")?;
        }
        for section in self.sections() {
            writeln!(text, "\n[[section]]\nname = {}", quoted(&section.name))?;
            writeln!(text, "type = {}", quoted(names.of_fields(&section.fields)))?;
            writeln!(text, "offset = {}", extent(&section.offset))?;
            if let Some(stride) = &section.stride {
                writeln!(text, "stride = {}", extent(stride))?;
            }
            writeln!(text, "count = {}", extent(&section.count))?;
            if let Some(key) = &section.key {
                writeln!(text, "key = {}", quoted(&key.to_string()))?;
            }
        }
        Ok(())
    }
}

fn extent(extent: &Extent) -> String {
    match extent {
        Extent::Fixed(number) => number.to_string(),
        Extent::Field { path, .. } => quoted(&path.to_string()),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Returns a key, in quotation marks unless it needs none.
fn key(name: &str) -> String {
    let is_bare = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// Each type once, under a name that no other has.
#[derive(Default)]
struct TypeNames {
    fields: Vec<(Arc<Fields>, String)>,
    names: Vec<(Arc<Names>, String)>,
    taken: HashMap<String, u32>,
}

impl TypeNames {
    fn free(&mut self, wanted: &str) -> String {
        let usable = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
        let mut name: String = wanted.chars().map(usable).collect();
        if name.is_empty() || is_builtin(&name) {
            name.insert_str(0, "Type");
        }
        let mut free = name.clone();
        while self.taken.contains_key(&free) {
            let count = self.taken.entry(name.clone()).or_default();
            *count += 1;
            free = format!("{name}_{count}");
        }
        self.taken.insert(free.clone(), 1);
        free
    }

    fn add_fields(&mut self, fields: &Arc<Fields>) {
        if self.fields.iter().any(|(known, _)| known == fields) {
            return;
        }
        let name = self.free(fields.name());
        self.fields.push((Arc::clone(fields), name));
        for field in fields.fields() {
            self.add(&field.kind);
        }
    }

    fn add(&mut self, kind: &Kind) {
        match kind {
            Kind::Fields(fields) => self.add_fields(fields),
            Kind::Array(element, _) => self.add(element),
            Kind::Names(names, _) if !self.names.iter().any(|(known, _)| known == names) => {
                let name = self.free(names.name());
                self.names.push((Arc::clone(names), name));
            }
            _ => {}
        }
    }

    fn of_fields(&self, fields: &Arc<Fields>) -> &str {
        self.fields.iter().find(|(known, _)| known == fields).map_or("", |(_, name)| name)
    }

    fn write_fields(&self, fields: &Fields, name: &str, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\n[type.{name}]\nsize = {}", fields.size())?;
        if fields.is_union() {
            writeln!(text, "union = true")?;
        }
        let natural = fields.fields().iter().map(|field| field.kind.alignment()).max().unwrap_or(1);
        if fields.alignment() < natural {
            writeln!(text, "pack = {}", fields.alignment())?;
        }
        writeln!(text, "fields = [")?;
        for field in fields.fields() {
            write!(text, "    {{ ")?;
            if !field.name.is_empty() {
                write!(text, "name = {}, ", quoted(&field.name))?;
            }
            write!(text, "type = {}, at = {}", quoted(&self.spelled(&field.kind)), field.offset)?;
            if let Kind::Bits { first, .. } = field.kind {
                write!(text, ", bit = {first}")?;
            }
            if order(&field.kind) == Order::Big {
                write!(text, ", order = \"big\"")?;
            }
            if let Some(unit) = &field.unit {
                write!(text, ", unit = {}", quoted(unit))?;
            }
            writeln!(text, " }},")?;
        }
        writeln!(text, "]")
    }

    fn spelled(&self, kind: &Kind) -> String {
        let (mut element, mut counts) = (kind, String::new());
        while let Kind::Array(inner, count) = element {
            counts.push_str(&format!("[{count}]"));
            element = inner;
        }
        let name = match element {
            Kind::Fields(fields) => self.of_fields(fields).to_owned(),
            Kind::Names(names, _) => self
                .names
                .iter()
                .find(|(known, _)| known == names)
                .map_or(String::new(), |(_, name)| name.clone()),
            other => other.to_string(),
        };
        match name.split_once('[') {
            Some((name, rest)) => format!("{name}{counts}[{rest}"),
            None => format!("{name}{counts}"),
        }
    }
}

fn is_builtin(name: &str) -> bool {
    crate::number::Number::named(name).is_some()
        || ["char", "char16", "char32", "bytes"].contains(&name)
}

fn order(kind: &Kind) -> Order {
    match kind {
        Kind::Number(_, order)
        | Kind::Names(_, order)
        | Kind::Bits { order, .. }
        | Kind::Text { order, .. } => *order,
        Kind::Bytes(_) | Kind::Fields(_) => Order::Little,
        Kind::Array(element, _) => order(element),
    }
}
