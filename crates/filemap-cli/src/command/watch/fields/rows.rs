//! The rows of the table: fields with a value, and the structs and arrays around them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use filemap_layout::{Glob, Kind, Leaf, Snapshot};

use crate::command::read::no_path;
use crate::failure::{Failure, Result};

/// The most fields that a table has.
const MOST: usize = 1 << 16;
/// Structs and arrays with more fields are folded at first.
const LONG: usize = 16;
/// How many values a row remembers.
pub(super) const SAMPLES: usize = 16;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) path: String,
    /// The last step of the path.
    pub(super) label: String,
    pub(super) depth: usize,
    pub(super) what: What,
    /// When it was last seen to change.
    pub(super) changed: Option<Instant>,
    /// Its last values, of a number.
    pub(super) history: VecDeque<f64>,
}

/// What a row is about.
#[derive(Debug)]
pub(super) enum What {
    /// Fields that can be folded away.
    Group {
        /// How many fields with a value are in it.
        fields: usize,
        /// What names a row of a section.
        key: Option<String>,
    },
    /// A field with a value.
    Field { offset: u64, kind: Kind, unit: Option<String> },
}

impl Row {
    /// Returns its place and its kind as a leaf, if it has a value.
    pub(super) fn leaf(&self) -> Option<Leaf<'_>> {
        match &self.what {
            What::Group { .. } => None,
            What::Field { offset, kind, unit } => {
                Some(Leaf { path: String::new(), offset: *offset, kind, unit: unit.as_deref() })
            }
        }
    }
}

/// Returns the rows of a snapshot, groups before what is in them.
pub(super) fn rows_of(snapshot: &Snapshot<'_>, glob: Option<&Glob>) -> Result<Vec<Row>> {
    let keys = keys_of(snapshot)?;
    let mut rows: Vec<Row> = Vec::new();
    // The groups that the last field was in: their paths and rows.
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut count = 0;
    for leaf in snapshot.leaves()?.filter(|leaf| glob.is_none_or(|glob| glob.fits(&leaf.path))) {
        count += 1;
        if count > MOST {
            return Err(Failure::broken(format!(
                "could not watch more than {MOST} fields: --fields chooses some"
            )));
        }
        let prefixes = prefixes(&leaf.path);
        while open.last().is_some_and(|(path, _)| !prefixes.contains(&path.as_str())) {
            open.pop();
        }
        for prefix in &prefixes[open.len()..] {
            let what = What::Group { fields: 0, key: keys.get(*prefix).cloned().flatten() };
            let before = open.last().map_or("", |(path, _)| path.as_str());
            rows.push(row(prefix, before, open.len(), what));
            open.push(((*prefix).to_owned(), rows.len() - 1));
        }
        for (_, at) in &open {
            if let What::Group { fields, .. } = &mut rows[*at].what {
                *fields += 1;
            }
        }
        let unit = leaf.unit.map(ToOwned::to_owned);
        let what = What::Field { offset: leaf.offset, kind: leaf.kind.clone(), unit };
        let before = open.last().map_or("", |(path, _)| path.as_str());
        rows.push(row(&leaf.path, before, open.len(), what));
    }
    if rows.is_empty() {
        return Err(no_path(glob));
    }
    Ok(rows)
}

/// Returns what names the rows of sections, by their paths.
pub(super) fn keys_of(snapshot: &Snapshot<'_>) -> Result<HashMap<String, Option<String>>> {
    let mut keys = HashMap::new();
    for section in snapshot.layout().sections() {
        for row in section.rows(snapshot.bytes())?.iter(snapshot.bytes()).take(MOST) {
            keys.insert(format!("{}[{}]", section.name, row.index), row.key);
        }
    }
    Ok(keys)
}

/// Returns whether rows are those of a snapshot: sections may have moved, or have other rows.
pub(super) fn are_of(rows: &[Row], snapshot: &Snapshot<'_>, glob: Option<&Glob>) -> bool {
    let places = rows.iter().filter_map(Row::leaf).map(|leaf| leaf.offset);
    let leaves = snapshot.leaves().map(|leaves| {
        leaves.filter(|leaf| glob.is_none_or(|glob| glob.fits(&leaf.path))).map(|leaf| leaf.offset)
    });
    leaves.is_ok_and(|leaves| leaves.eq(places))
}

fn row(path: &str, before: &str, depth: usize, what: What) -> Row {
    let label = path[before.len()..].trim_start_matches('.').to_owned();
    let (path, changed) = (path.to_owned(), None);
    Row { path, label, depth, what, changed, history: VecDeque::new() }
}

/// Returns the paths of all that a field is in, the outermost first.
fn prefixes(path: &str) -> Vec<&str> {
    path.match_indices(['.', '['])
        .map(|(at, _)| &path[..at])
        .filter(|part| !part.is_empty())
        .collect()
}

/// Returns the groups that are folded at first: long ones inside the table.
pub(super) fn folded(rows: &[Row]) -> HashSet<String> {
    let long = |row: &&Row| matches!(row.what, What::Group { fields, .. } if fields > LONG);
    rows.iter().filter(long).map(|row| row.path.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_in_each_struct_and_array_of_its_path() {
        assert_eq!(prefixes("car.wheel[3].temp"), ["car", "car.wheel", "car.wheel[3]"]);
        assert_eq!(prefixes("matrix[1][2]"), ["matrix", "matrix[1]"]);
        assert!(prefixes("rpm").is_empty());
    }
}
