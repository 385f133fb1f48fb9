//! The fields that have a value, one after the other.

use crate::kind::{Fields, Kind};
use crate::value::Value;

/// A field that has a value, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf<'l> {
    /// Its path, such as `wheel[3].temp`.
    pub path: String,
    /// Its offset from the start of the memory.
    pub offset: u64,
    /// What its bytes are.
    pub kind: &'l Kind,
    /// The unit of its value.
    pub unit: Option<&'l str>,
}

impl Leaf<'_> {
    /// Returns its bytes in `memory`, or `None` if they reach outside.
    #[must_use]
    pub fn bytes<'m>(&self, memory: &'m [u8]) -> Option<&'m [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.kind.size()).ok()?)?;
        memory.get(start..end)
    }

    /// Returns its value in `memory`, or `None` if its bytes reach outside.
    #[must_use]
    pub fn value(&self, memory: &[u8]) -> Option<Value> {
        self.kind.value(self.bytes(memory)?)
    }
}

/// The leaves of fields, in the order of their declaration; nothing is stored for each of them.
#[derive(Debug, Clone)]
pub struct Leaves<'l> {
    stack: Vec<Frame<'l>>,
}

#[derive(Debug, Clone)]
struct Frame<'l> {
    parts: Parts<'l>,
    next: u64,
    /// Where the parts begin.
    base: u64,
    path: String,
    unit: Option<&'l str>,
}

#[derive(Debug, Clone)]
enum Parts<'l> {
    Fields(&'l Fields),
    Elements(&'l Kind, u64),
    One(&'l Kind),
}

impl<'l> Leaves<'l> {
    /// Returns the leaves of `fields`, which are at `base` under `path`.
    pub(crate) fn of(fields: &'l Fields, base: u64, path: String) -> Self {
        let parts = Parts::Fields(fields);
        Self { stack: vec![Frame { parts, next: 0, base, path, unit: None }] }
    }
}

fn frame<'l>(kind: &'l Kind, base: u64, path: String, unit: Option<&'l str>) -> Frame<'l> {
    let parts = match kind {
        Kind::Fields(fields) => Parts::Fields(fields),
        Kind::Array(element, count) => Parts::Elements(element, *count),
        _ => Parts::One(kind),
    };
    Frame { parts, next: 0, base, path, unit }
}

impl Fields {
    /// Returns the fields with a value, with offsets from the start of the struct.
    #[must_use]
    pub fn leaves(&self) -> Leaves<'_> {
        Leaves::of(self, 0, String::new())
    }
}

impl<'l> Iterator for Leaves<'l> {
    type Item = Leaf<'l>;

    fn next(&mut self) -> Option<Leaf<'l>> {
        loop {
            let top = self.stack.last_mut()?;
            let index = top.next;
            top.next += 1;
            let inner = match &top.parts {
                Parts::One(kind) => {
                    let (kind, Frame { base, path, unit, .. }) = (*kind, self.stack.pop()?);
                    return Some(Leaf { path, offset: base, kind, unit });
                }
                Parts::Fields(fields) => {
                    let field = usize::try_from(index).ok().and_then(|at| fields.fields().get(at));
                    field.map(|field| {
                        let path = match (top.path.is_empty(), field.name.is_empty()) {
                            (true, _) => field.name.clone(),
                            (false, true) => top.path.clone(),
                            (false, false) => format!("{}.{}", top.path, field.name),
                        };
                        let unit = field.unit.as_deref().or(top.unit);
                        frame(&field.kind, top.base + field.offset, path, unit)
                    })
                }
                Parts::Elements(element, count) => (index < *count).then(|| {
                    let base = top.base + index * element.size();
                    frame(element, base, format!("{}[{index}]", top.path), top.unit)
                }),
            };
            match inner {
                Some(inner) => self.stack.push(inner),
                None => drop(self.stack.pop()),
            }
        }
    }
}
