//! `conformance/differences.toml`: which differences there may be, and why.

use serde::Deserialize;
use std::cell::Cell;

/// Why the library's answer is not Wine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    /// Windows answers as the library does, by its documentation or by observation there.
    Windows,
    /// What Windows answers is not known, or depends; the library chose one answer.
    Open,
    /// The library answers otherwise than Windows, on purpose.
    Chosen,
    /// Linux cannot do it, or does it otherwise, whatever a library would like.
    Linux,
}

impl Side {
    /// Each side, in the order of the declaration, with what a count of its differences is called.
    pub(super) const ALL: [(Self, &str); 4] = [
        (Self::Windows, "as Windows, where Wine is otherwise"),
        (Self::Open, "where Windows' answer is not settled"),
        (Self::Chosen, "otherwise than Windows on purpose"),
        (Self::Linux, "by what Linux is"),
    ];
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// The first cell of a row of `docs/semantics.md`.
    row: String,
    side: Side,
    /// For readers, but there must be a reason.
    why: String,
    cases: Vec<String>,
    /// The other answer: Wine's, or Windows' own where Wine answers as the library does.
    #[serde(alias = "windows")]
    wine: String,
    here: String,
    /// Whether it has explained something.
    #[serde(skip)]
    is_used: Cell<bool>,
}

/// The whole list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Differences {
    /// Where the library and Wine differ.
    difference: Vec<Difference>,
    /// Where they agree, and Windows is known to be otherwise.
    agreement: Vec<Difference>,
}

impl Differences {
    /// Reads the list; each entry must name the first cell of a row of `page`.
    pub(super) fn parse(list: &str, page: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(list).map_err(|err| err.to_string())?;
        for entry in read.entries() {
            let head = format!("| {} |", entry.row);
            if !page.lines().any(|line| line.starts_with(&head)) {
                return Err(format!("docs/semantics.md has no row `{}`", entry.row));
            }
            let texts = [&entry.why, &entry.wine, &entry.here];
            if entry.cases.is_empty() || texts.iter().any(|text| text.is_empty()) {
                return Err(format!("the entry of `{}` leaves something out", entry.row));
            }
        }
        Ok(read)
    }

    fn entries(&self) -> impl Iterator<Item = &Difference> {
        self.difference.iter().chain(&self.agreement)
    }

    /// Returns the entries that have explained nothing.
    pub(super) fn unused(&self) -> impl Iterator<Item = String> {
        let unused = self.entries().filter(|entry| !entry.is_used.get());
        unused.map(|entry| format!("{}, {:?} and {:?}", entry.row, entry.wine, entry.here))
    }

    /// Explains why the answers to a case differ, by one entry that matches them as a whole, or
    /// by an entry for each word that differs.
    pub(super) fn explain(&self, case: &str, wine: &str, here: &str) -> Option<Side> {
        let find = |wine: &str, here: &str| {
            self.difference
                .iter()
                .find(|entry| entry.is_about(case, here) && matches(&entry.wine, wine))
        };
        let mut needed = Vec::from_iter(find(wine, here));
        if needed.is_empty() {
            let (theirs, ours): (Vec<_>, Vec<_>) =
                (wine.split(' ').collect(), here.split(' ').collect());
            if theirs.len() != ours.len() {
                return None;
            }
            let words = theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours);
            needed = words.map(|(theirs, ours)| find(theirs, ours)).collect::<Option<_>>()?;
        }
        for entry in &needed {
            entry.is_used.set(true);
        }
        // The one that is furthest from Windows tells what to call all of it.
        needed.iter().map(|entry| entry.side).max()
    }

    /// Returns whether Windows is known to answer otherwise than Wine and the library, which agree.
    pub(super) fn is_unlike_windows(&self, case: &str, here: &str) -> bool {
        let found = self.agreement.iter().find(|entry| entry.is_about(case, here));
        found.inspect(|entry| entry.is_used.set(true)).is_some()
    }
}

impl Difference {
    fn is_about(&self, case: &str, here: &str) -> bool {
        self.cases.iter().any(|pattern| matches(pattern, case)) && matches(&self.here, here)
    }
}

/// Returns whether `text` is what `pattern` says, whose stars stand for any characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &str) -> Result<Differences, String> {
        Differences::parse(list, "| Windows | here |\n|---|---|\n| a row | same |\n")
    }

    fn list(wine: &str, here: &str) -> String {
        format!(
            "[[difference]]\nrow = \"a row\"\nside = \"windows\"\nwhy = \"so\"\n\
             cases = [\"a/*\"]\nwine = \"{wine}\"\nhere = \"{here}\"\n"
        )
    }

    #[test]
    fn an_entry_explains_a_whole_answer_or_the_words_that_differ_and_no_others() {
        let answers = ("ok - read=ok write=ok", "ok - read=ok write=87");
        let other = ("ok - read=ok write=ok", "ok - read=5 write=87");
        let whole = ("fails 1224 -", "ok - file of 0");
        for (wine, here, answers, is_explained) in [
            ("write=ok", "write=87", answers, true),
            ("*=ok", "*=87", answers, true),
            ("write=ok", "write=87", other, false),
            ("fails 1224 -", "ok - *", whole, true),
            ("fails 32 -", "ok - *", whole, false),
        ] {
            let list = parse(&list(wine, here)).unwrap();
            let explained = list.explain("a/case", answers.0, answers.1);
            assert_eq!(explained, is_explained.then_some(Side::Windows), "{wine} {here}");
            assert_eq!(list.unused().count(), usize::from(!is_explained));
            assert_eq!(list.explain("b/case", answers.0, answers.1), None);
        }
    }

    #[test]
    fn an_agreement_tells_what_windows_alone_does() {
        let list = list("fails 5 -", "ok*").replace("difference", "agreement");
        let list = parse(&list.replace("wine =", "windows =")).unwrap();

        assert!(list.is_unlike_windows("a/case", "ok 0"));
        assert!(!list.is_unlike_windows("a/case", "fails 5 -"));
        assert_eq!(list.explain("a/case", "fails 5 -", "ok 0"), None);
    }

    #[test]
    fn what_no_entry_can_be_is_refused() {
        for wrong in [
            list("a", "b").replace("a row", "no row"),
            list("a", "b").replace("windows", "wine"),
            list("a", "b").replace("why = \"so\"\n", ""),
            list("", "b"),
            list("a", "b").replace("[\"a/*\"]", "[]"),
            "[other]\n".to_owned(),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
