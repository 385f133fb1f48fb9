//! What a program prints: a line for each case.

use std::collections::{BTreeMap, BTreeSet};

/// The answers of one side, by the names of the cases.
#[derive(Debug)]
pub(super) struct Cases(BTreeMap<String, String>);

/// The answer of a side that has none.
const NONE: &str = "no answer";

impl Cases {
    /// Reads lines such as `area/case: <tab> call <tab> result <tab> error <tab> observation`.
    ///
    /// The call is a word for readers; what is compared are the words after it.
    pub(super) fn parse(output: &str) -> Result<Self, String> {
        let mut cases = BTreeMap::new();
        for line in output.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, _call, result, error, observation] = fields.as_slice() else {
                return Err(format!("this is no line of a case: `{line}`"));
            };
            let name = name.strip_suffix(':').unwrap_or(name);
            let answer = [*result, *error, *observation].join(" ").trim_end().to_owned();
            if cases.insert(name.to_owned(), answer).is_some() {
                return Err(format!("two cases are named `{name}`"));
            }
        }
        Ok(Self(cases))
    }

    /// Returns the cases of both sides, with the answers of each.
    pub(super) fn beside<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a str, (&'a str, &'a str))> {
        let names: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        names.into_iter().map(move |name| {
            let answer = |side: &'a Self| side.0.get(name).map_or(NONE, String::as_str);
            (name.as_str(), (answer(self), answer(other)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cases_of_one_name_and_torn_lines_are_refused() {
        assert!(Cases::parse("a/x:\tf\tok\t0\t\na/x:\tf\tok\t0\t\n").is_err());
        assert!(Cases::parse("a/x:\tf\tok").is_err());
    }
}
