//! Residency: which bytes of a mapping are in memory, in numbers and as a bar, and who maps them.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use filemap::{ErrorKind, FileMapping, Residency};
use serde::Serialize;

use super::ls::HolderReport;
use crate::failure::Result;
use crate::output::{Output, Printable};
use crate::size::in_full;
use crate::sys;

/// The most signs in a bar.
const MOST: usize = 64;

/// The residency of a mapping, as `info` prints it.
#[derive(Debug, Default, Serialize)]
pub(super) struct ResidencyReport {
    /// Unknown where the system does not show it, or not to this user.
    residency: Option<Sizes>,
    /// The processes that have the bytes mapped, under any name or none.
    mapped_by: Option<Vec<HolderReport>>,
    /// The bar, with a line break before it; empty if there is none.
    #[serde(skip)]
    pub(super) bar: String,
}

#[derive(Debug, Serialize)]
struct Sizes {
    bytes: u64,
    in_memory: u64,
    unwritten: Option<u64>,
    in_holes: u64,
}

impl From<Residency> for Sizes {
    fn from(found: Residency) -> Self {
        Self {
            bytes: found.len(),
            in_memory: found.in_memory(),
            unwritten: found.unwritten(),
            in_holes: found.in_holes(),
        }
    }
}

impl ResidencyReport {
    /// Queries a whole mapping.
    pub(super) fn of(mapping: &FileMapping, output: Output) -> Result<Self> {
        let residency = known(mapping.residency(..))?;
        let mapped_by = known(mapping.viewers())?;
        let mut bar = String::new();
        if residency.is_some() && mapping.size() > 0 && !output.is_json() {
            bar = bar_of(mapping, output)?;
        }
        Ok(Self {
            residency: residency.map(Sizes::from),
            mapped_by: mapped_by.map(|list| list.iter().map(HolderReport::from).collect()),
            bar,
        })
    }

    pub(super) fn add_to(&self, table: &mut Table) {
        if let Some(mapped_by) = &self.mapped_by {
            if mapped_by.is_empty() {
                table.add_row(["mapped by", "nobody in sight"]);
            }
            for (index, one) in mapped_by.iter().enumerate() {
                let HolderReport { process, command, views, .. } = one;
                let plural = if *views == 1 { "" } else { "s" };
                let command = Printable(command);
                let line = format!("process {process} ({command}): {views} view{plural}");
                table.add_row([if index == 0 { "mapped by" } else { "" }, &line]);
            }
        }
        if let Some(found) = &self.residency {
            table.add_row(["in memory", &in_full(found.in_memory)]);
            if let Some(unwritten) = found.unwritten {
                table.add_row(["unwritten", &in_full(unwritten)]);
            }
            table.add_row(["in holes", &in_full(found.in_holes)]);
        }
    }
}

/// Returns `None` where the system does not show it, or not to this user.
fn known<T>(result: filemap::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(known) => Ok(Some(known)),
        Err(error) if matches!(error.kind(), ErrorKind::NotSupported | ErrorKind::AccessDenied) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where the bytes of one sign are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InMemory,
    Unwritten,
    PartlyInMemory,
    OnDisk,
    Hole,
}

impl State {
    const ALL: [Self; 5] =
        [Self::InMemory, Self::Unwritten, Self::PartlyInMemory, Self::OnDisk, Self::Hole];

    fn of(found: &Residency) -> Self {
        if found.unwritten().is_some_and(|bytes| bytes > 0) {
            return Self::Unwritten;
        }
        match found.in_memory() {
            0 if found.in_holes() == found.len() => Self::Hole,
            0 => Self::OnDisk,
            bytes if bytes.saturating_add(found.in_holes()) >= found.len() => Self::InMemory,
            _ => Self::PartlyInMemory,
        }
    }

    fn sign(self) -> &'static str {
        let signs = match self {
            Self::InMemory => ["█", "#"],
            Self::Unwritten => ["▓", "!"],
            Self::PartlyInMemory => ["▒", "+"],
            Self::OnDisk => ["░", "-"],
            Self::Hole => ["·", "."],
        };
        signs[usize::from(!sys::shows_unicode())]
    }

    fn words(self) -> &'static str {
        match self {
            Self::InMemory => "in memory",
            Self::Unwritten => "in memory, not all on the disk yet",
            Self::PartlyInMemory => "partly in memory",
            Self::OnDisk => "on the disk alone",
            Self::Hole => "hole",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::InMemory => AnsiColor::Green.on_default(),
            Self::Unwritten => AnsiColor::Yellow.on_default(),
            Self::PartlyInMemory => AnsiColor::Cyan.on_default(),
            Self::OnDisk => AnsiColor::Blue.on_default(),
            Self::Hole => Style::new().dimmed(),
        }
    }
}

/// Draws the bytes from first to last, and a legend.
fn bar_of(mapping: &FileMapping, output: Output) -> Result<String> {
    let len = mapping.size();
    let width = output.width().map_or(MOST, |width| width.saturating_sub(2).clamp(1, MOST));
    let page = filemap::page_size() as u64;
    let pages = len.div_ceil(page);
    let signs = (width as u64).min(pages);
    let mut states = Vec::new();
    for sign in 0..signs {
        let bound = |sign: u64| {
            let pages = u128::from(pages) * u128::from(sign) / u128::from(signs);
            u64::try_from(pages).unwrap_or(u64::MAX).saturating_mul(page).min(len)
        };
        states.push(State::of(&mapping.residency(bound(sign)..bound(sign + 1))?));
    }
    let signed = |state: State, count: usize| {
        let text = state.sign().repeat(count);
        let style = state.style();
        if output.has_colour() { format!("{style}{text}{style:#}") } else { text }
    };
    let mut bar = "\n\n[".to_owned();
    for equal in states.chunk_by(|one, next| one == next) {
        bar.push_str(&signed(equal[0], equal.len()));
    }
    bar.push(']');
    for state in State::ALL.into_iter().filter(|state| states.contains(state)) {
        // Writing to a string does not fail.
        let _ignored = write!(bar, "\n {} {}", signed(state, 1), state.words());
    }
    Ok(bar)
}
