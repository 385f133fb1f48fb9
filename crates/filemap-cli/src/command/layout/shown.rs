//! The fields of a layout: as a table, as JSON, in a form to be kept, or against a memory.

use std::fmt;
use std::io::Write;

use filemap_layout::{Fields, Glob, Kind, Layout, Leaf, Section};
use serde::Serialize;

use super::super::Context;
use super::super::read::{fits, no_path, refuse_unfit};
use crate::args::{LayoutArguments, LayoutForm, TargetArguments};
use crate::failure::{Failure, Result};
use crate::meaning::{Fitting, Meant, fitting, is_header};
use crate::output::Printable;
use crate::reader::length_of;
use crate::size::Counted;
use crate::target::{Purpose, Target};

pub(in crate::command) fn run(context: &Context<'_>, arguments: &LayoutArguments) -> Result<()> {
    if let Some(word) = &arguments.check {
        let target = TargetArguments { target: Some(word.clone()), file: None };
        return check(context, arguments, &Target::find(&target, &context.registry)?);
    }
    let layout = made(context, arguments, None)?;
    let output = context.output;
    match arguments.to {
        Some(LayoutForm::Toml) => output.stream(|out| put(out, layout.to_toml())),
        Some(LayoutForm::Ros1) => output.stream(|out| put(out, layout.ros1())),
        None if output.is_json() => output.print(&Described::of(&layout, arguments)?),
        None => output.stream(|out| match &arguments.fields {
            Some(glob) => chosen(out, &layout, &Glob::new(glob)),
            None => all(out, &layout),
        }),
    }
}

fn made(context: &Context<'_>, arguments: &LayoutArguments, len: Option<u64>) -> Result<Layout> {
    if arguments.file.as_ref().is_none_or(|file| !is_header(file)) {
        arguments.compiler.refuse_needless()?;
    }
    let Some(word) = &arguments.file else {
        return Ok(Layout::from_words(arguments.words.as_deref().unwrap_or_default())?);
    };
    match fitting(word, &arguments.compiler, len)? {
        Fitting::One(layout, note) => {
            if let Some(note) = note {
                context.output.note(&note);
            }
            Ok(layout)
        }
        Fitting::None(why) => Err(Failure::no(format!("could not fit the layout: {why}"))),
    }
}

/// Says whether a memory has room for the fields, and for the rows that it says it has.
fn check(context: &Context<'_>, arguments: &LayoutArguments, target: &Target) -> Result<()> {
    let file = target.open(&context.registry, Purpose::Reading)?;
    let len = length_of(&file)?;
    let layout = made(context, arguments, Some(len))?;
    if len < layout.size() {
        return Err(Failure::no(format!(
            "could not fit `{}` of {} into {target}, which has {len}",
            layout.name(),
            Counted(layout.size())
        )));
    }
    let snapshot = layout.look_at(&file, 0, len, None)?;
    let fields = match snapshot.leaves() {
        Ok(leaves) => leaves.count(),
        Err(error) => return Err(Failure::no(error.to_string())),
    };
    let whole = Meant::told_of(&layout);
    let name = layout.name().to_owned();
    let abi = layout.abi().map(ToOwned::to_owned);
    context.output.print(&Fits {
        target: target.to_string().trim_matches('`').to_owned(),
        kind: name,
        abi,
        size: layout.size(),
        memory: len,
        fields,
        whole,
    })
}

/// What `--check` has found.
#[derive(Debug, Serialize)]
struct Fits {
    target: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    abi: Option<String>,
    size: u64,
    memory: u64,
    fields: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<String>,
}

impl fmt::Display for Fits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, kind, abi, size, memory, fields, whole } = self;
        let (target, size, memory) = (Printable(target), Counted(*size), Counted(*memory));
        write!(f, "`{kind}` of {size} fits `{target}` of {memory}: {fields} fields")?;
        if let Some(abi) = abi {
            write!(f, ", {abi}")?;
        }
        whole.as_ref().map_or(Ok(()), |whole| write!(f, "; {whole}"))
    }
}

/// A layout as JSON.
#[derive(Serialize)]
struct Described<'l> {
    #[serde(rename = "type")]
    kind: &'l str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    abi: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<String>,
    fields: Vec<DescribedField<'l>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sections: Vec<DescribedSection<'l>>,
}

#[derive(Serialize)]
struct DescribedField<'l> {
    path: String,
    offset: u64,
    size: u64,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'l str>,
}

#[derive(Serialize)]
struct DescribedSection<'l> {
    name: &'l str,
    #[serde(rename = "type")]
    kind: &'l str,
    size: u64,
    /// With offsets from the start of a row.
    fields: Vec<DescribedField<'l>>,
}

impl<'l> Described<'l> {
    fn of(layout: &'l Layout, arguments: &LayoutArguments) -> Result<Self> {
        let glob = arguments.fields.as_deref().map(Glob::new);
        let Chosen { fields, sections } = Chosen::of(layout, glob.as_ref())?;
        let described = |leaves: Vec<Leaf<'l>>| leaves.into_iter().map(DescribedField::of);
        let section = |(section, leaves): (&'l Section, _)| DescribedSection {
            name: &section.name,
            kind: section.fields.name(),
            size: section.fields.size(),
            fields: described(leaves).collect(),
        };
        Ok(Self {
            kind: layout.name(),
            size: layout.size(),
            abi: layout.abi(),
            whole: Meant::told_of(layout),
            fields: described(fields).collect(),
            sections: sections.into_iter().map(section).collect(),
        })
    }
}

impl<'l> DescribedField<'l> {
    fn of(leaf: Leaf<'l>) -> Self {
        let (size, kind) = (leaf.kind.size(), leaf.kind.to_string());
        Self { path: leaf.path, offset: leaf.offset, size, kind, unit: leaf.unit }
    }
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The table is written as it is made.
        Ok(())
    }
}

fn put(out: &mut impl Write, text: impl AsRef<str>) -> Result<()> {
    out.write_all(text.as_ref().as_bytes()).map_err(|error| Failure::from_output(&error))
}

/// A row of the table.
struct Line {
    offset: u64,
    size: u64,
    path: String,
    kind: String,
    unit: Option<String>,
}

fn all(out: &mut impl Write, layout: &Layout) -> Result<()> {
    let mut lines = Vec::new();
    walk(layout.root(), 0, "", &mut lines);
    let abi = layout.abi().map(|abi| format!(", {abi}")).unwrap_or_default();
    put(out, format!("{} {}{abi}\n", Printable(layout.name()), Counted(layout.size())))?;
    table(out, &lines)?;
    for section in layout.sections() {
        let (name, fields) = (&section.name, &section.fields);
        let (kind, size) = (fields.name(), Counted(fields.size()));
        put(out, format!("\n{}[] {} {size} a row\n", Printable(name), Printable(kind)))?;
        let mut lines = Vec::new();
        walk(fields, 0, &format!("{name}[]"), &mut lines);
        table(out, &lines)?;
    }
    match Meant::told_of(layout) {
        Some(told) => put(out, format!("\n{told}\n")),
        None => Ok(()),
    }
}

fn chosen(out: &mut impl Write, layout: &Layout, glob: &Glob) -> Result<()> {
    let Chosen { fields, sections } = Chosen::of(layout, Some(glob))?;
    let rows = sections.into_iter().flat_map(|(section, leaves)| {
        let inside = |leaf: Leaf<'_>| format!("{}[].{}", section.name, leaf.path);
        leaves.into_iter().map(move |leaf| Leaf { path: inside(leaf.clone()), ..leaf })
    });
    let lines: Vec<Line> = fields
        .into_iter()
        .chain(rows)
        .map(|leaf| Line {
            offset: leaf.offset,
            size: leaf.kind.size(),
            kind: leaf.kind.to_string(),
            unit: leaf.unit.map(ToOwned::to_owned),
            path: leaf.path,
        })
        .collect();
    table(out, &lines)
}

/// The fields of a layout that a pattern fits.
struct Chosen<'l> {
    fields: Vec<Leaf<'l>>,
    /// With offsets from the start of a row.
    sections: Vec<(&'l Section, Vec<Leaf<'l>>)>,
}

impl<'l> Chosen<'l> {
    fn of(layout: &'l Layout, glob: Option<&Glob>) -> Result<Self> {
        let is_chosen = |leaf: &Leaf<'_>| glob.is_none_or(|glob| glob.fits(&leaf.path));
        let fields: Vec<_> = layout.leaves().filter(is_chosen).collect();
        let all: Vec<&Section> = layout.sections().iter().collect();
        refuse_unfit(glob, |one| fits(one, &fields, &all))?;
        let rows = all.into_iter().map(|section| {
            let is_chosen =
                |leaf: &Leaf<'_>| glob.is_none_or(|glob| section.fits(glob, &leaf.path));
            (section, section.fields.leaves().filter(is_chosen).collect::<Vec<_>>())
        });
        let sections: Vec<_> =
            rows.filter(|(_, leaves)| glob.is_none() || !leaves.is_empty()).collect();
        if fields.is_empty() && sections.is_empty() && glob.is_some() {
            return Err(no_path(glob));
        }
        Ok(Self { fields, sections })
    }
}

/// Adds the fields of a struct, and of the first element of arrays of structs, with padding.
fn walk(fields: &Fields, base: u64, path: &str, lines: &mut Vec<Line>) {
    let mut end = base;
    let padding = |from: u64, to: u64, lines: &mut Vec<Line>| {
        if to > from {
            let (kind, unit) = (String::new(), None);
            lines.push(Line {
                offset: from,
                size: to - from,
                path: "(padding)".into(),
                kind,
                unit,
            });
        }
    };
    for field in fields.fields() {
        let offset = base + field.offset;
        padding(end, offset, lines);
        let its = match (path.is_empty(), field.name.is_empty()) {
            (_, true) => path.to_owned(),
            (true, false) => field.name.clone(),
            (false, false) => format!("{path}.{}", field.name),
        };
        let (mut inner, mut first) = (&field.kind, its.clone());
        while let Kind::Array(element, _) = inner {
            first.push_str("[0]");
            inner = element;
        }
        if !(field.name.is_empty() && matches!(inner, Kind::Fields(_))) {
            lines.push(Line {
                offset,
                size: field.kind.size(),
                path: its,
                kind: field.kind.to_string(),
                unit: field.unit.clone(),
            });
        }
        if let Kind::Fields(fields) = inner
            && field.kind.size() > 0
        {
            walk(fields, offset, &first, lines);
        }
        end = end.max(offset + field.kind.size());
    }
    padding(end, base + fields.size(), lines);
}

fn table(out: &mut impl Write, lines: &[Line]) -> Result<()> {
    let longest = |cell: fn(&Line) -> String, head: &str| {
        let cells = lines.iter().map(|line| cell(line).chars().count());
        cells.max().unwrap_or(0).max(head.len())
    };
    let offsets = longest(|line| line.offset.to_string(), "OFFSET");
    let sizes = longest(|line| line.size.to_string(), "SIZE");
    let kinds = longest(|line| line.kind.clone(), "TYPE");
    put(out, format!("{:>offsets$}  {:>sizes$}  {:kinds$}  FIELD\n", "OFFSET", "SIZE", "TYPE"))?;
    for line in lines {
        let Line { offset, size, path, kind, unit } = line;
        let unit = unit.as_ref().map(|unit| format!("  {}", Printable(unit))).unwrap_or_default();
        put(
            out,
            format!(
                "{offset:>offsets$}  {size:>sizes$}  {kind:kinds$}  {}{unit}\n",
                Printable(path)
            ),
        )?;
    }
    Ok(())
}
