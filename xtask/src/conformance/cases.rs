//! What a program prints: a line for each case.

use std::collections::BTreeMap;

/// The answers of one side, by the names of the cases.
pub(super) struct Cases(BTreeMap<String, String>);

/// What each side answers to a case, if it does.
pub(super) type Answers<'a> = (Option<&'a str>, Option<&'a str>);

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

    /// Goes through the cases of both sides, with the answers of each.
    pub(super) fn beside<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Answers<'a>)> {
        let missing = other.0.keys().filter(|name| !self.0.contains_key(*name));
        self.0.keys().chain(missing).map(move |name| {
            let answer = |side: &'a Self| side.0.get(name).map(String::as_str);
            (name.as_str(), (answer(self), answer(other)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_one_side_lacks_is_seen() {
        let one = Cases::parse("a/x:\tf\tok\t0\t\n").unwrap();
        let two = Cases::parse("a/y:\tf\tfails\t5\t-\n").unwrap();

        let seen: Vec<_> = one.beside(&two).collect();

        assert_eq!(seen, [("a/x", (Some("ok 0"), None)), ("a/y", (None, Some("fails 5 -")))]);
    }

    #[test]
    fn two_cases_of_one_name_and_torn_lines_are_refused() {
        assert!(Cases::parse("a/x:\tf\tok\t0\t\na/x:\tf\tok\t0\t\n").is_err());
        assert!(Cases::parse("a/x:\tf\tok").is_err());
    }
}
