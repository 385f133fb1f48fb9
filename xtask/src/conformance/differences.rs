//! `conformance/differences.toml`: which differences there may be, and why.

use toml::de::DeTable;

/// Why the library's answer is not Wine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// In the order of the declaration.
    pub(super) const ALL: [Self; 4] = [Self::Windows, Self::Open, Self::Chosen, Self::Linux];

    fn word(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Open => "open",
            Self::Chosen => "chosen",
            Self::Linux => "linux",
        }
    }

    /// What a count of such differences is called.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Windows => "as Windows, where Wine is otherwise",
            Self::Open => "where Windows' answer is not settled",
            Self::Chosen => "otherwise than Windows on purpose",
            Self::Linux => "by what Linux is",
        }
    }
}

#[derive(Debug)]
struct Difference {
    row: String,
    cases: Vec<String>,
    /// The other answer: Wine's, or Windows' own where Wine answers as the library does.
    theirs: String,
    is_wines: bool,
    here: String,
    side: Side,
}

/// The whole list.
#[derive(Debug)]
pub(super) struct Differences(Vec<Difference>);

impl Differences {
    /// Reads the list; each entry must name the first cell of a row of `page`.
    pub(super) fn parse(list: &str, page: &str) -> Result<Self, String> {
        let table = DeTable::parse(list).map_err(|err| format!("differences.toml: {err}"))?;
        let mut read = Vec::new();
        for (key, value) in table.get_ref() {
            let key: &str = key.get_ref();
            let is_wines = match key {
                "difference" => true,
                "agreement" => false,
                _ => return Err(format!("differences.toml: `{key}` is not known")),
            };
            let entries = value.get_ref().as_array().ok_or("differences.toml: no list")?;
            for entry in entries.iter() {
                let entry = entry.get_ref().as_table().ok_or("differences.toml: no table")?;
                read.push(Difference::parse(entry, is_wines, page)?);
            }
        }
        Ok(Self(read))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The rows of the entries that `used` does not have.
    pub(super) fn unused<'a>(&'a self, used: &'a [bool]) -> impl Iterator<Item = String> + 'a {
        let idle = self.0.iter().zip(used).filter(|(_, used)| !**used);
        idle.map(|(entry, _)| format!("{}, {:?} and {:?}", entry.row, entry.theirs, entry.here))
    }

    /// Explains why the answers to a case differ, by one entry that matches them as a whole, or
    /// by an entry for each word that differs; notes which were needed.
    pub(super) fn explain(
        &self,
        case: &str,
        wine: &str,
        here: &str,
        used: &mut [bool],
    ) -> Option<Side> {
        if let Some(index) = self.find(case, wine, here) {
            used[index] = true;
            return Some(self.0[index].side);
        }
        let theirs: Vec<&str> = wine.split(' ').collect();
        let ours: Vec<&str> = here.split(' ').collect();
        if theirs.len() != ours.len() {
            return None;
        }
        let mut needed = Vec::new();
        for (theirs, ours) in theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours) {
            needed.push(self.find(case, theirs, ours)?);
        }
        for index in &needed {
            used[*index] = true;
        }
        // The one that is furthest from Windows tells what to call all of it.
        needed.iter().map(|index| self.0[*index].side).max_by_key(|side| *side as usize)
    }

    /// Tells whether Windows is known to answer otherwise than Wine and the library, which agree.
    pub(super) fn is_unlike_windows(&self, case: &str, here: &str, used: &mut [bool]) -> bool {
        let found = self.0.iter().position(|entry| !entry.is_wines && entry.is_about(case, here));
        if let Some(index) = found {
            used[index] = true;
        }
        found.is_some()
    }

    fn find(&self, case: &str, wine: &str, here: &str) -> Option<usize> {
        self.0.iter().position(|entry| {
            entry.is_wines && matches(&entry.theirs, wine) && entry.is_about(case, here)
        })
    }
}

impl Difference {
    fn is_about(&self, case: &str, here: &str) -> bool {
        self.cases.iter().any(|pattern| matches(pattern, case)) && matches(&self.here, here)
    }

    fn parse(entry: &DeTable<'_>, is_wines: bool, page: &str) -> Result<Self, String> {
        let text = |key: &str| {
            let value = entry.get(key).and_then(|value| value.get_ref().as_str());
            let value = value.filter(|value| !value.is_empty()).map(str::to_owned);
            value.ok_or_else(|| format!("differences.toml: an entry has no `{key}`"))
        };
        let row = text("row")?;
        let head = format!("| {row} |");
        if !page.lines().any(|line| line.starts_with(&head)) {
            return Err(format!("differences.toml: docs/semantics.md has no row `{row}`"));
        }
        // A reason is for readers; but there must be one.
        text("why")?;
        let side = text("side")?;
        let cases = entry.get("cases").and_then(|value| value.get_ref().as_array());
        let cases: Vec<String> = cases
            .into_iter()
            .flat_map(|cases| cases.iter())
            .filter_map(|case| case.get_ref().as_str().map(str::to_owned))
            .collect();
        if cases.is_empty() {
            return Err(format!("differences.toml: the entry of `{row}` has no cases"));
        }
        Ok(Self {
            cases,
            theirs: text(if is_wines { "wine" } else { "windows" })?,
            is_wines,
            here: text("here")?,
            side: Side::ALL
                .into_iter()
                .find(|each| each.word() == side)
                .ok_or_else(|| format!("differences.toml: there is no side `{side}`"))?,
            row,
        })
    }
}

/// Tells whether `text` is what `pattern` says, whose stars stand for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "| Windows | here |\n|---|---|\n| a row | same |\n";

    fn list(wine: &str, here: &str) -> String {
        format!(
            "[[difference]]\nrow = \"a row\"\nside = \"windows\"\nwhy = \"so\"\n\
             cases = [\"a/*\"]\nwine = \"{wine}\"\nhere = \"{here}\"\n"
        )
    }

    fn explained(wine: &str, here: &str, answers: (&str, &str)) -> Option<Side> {
        let list = Differences::parse(&list(wine, here), PAGE).unwrap();
        list.explain("a/case", answers.0, answers.1, &mut [false])
    }

    #[test]
    fn an_entry_explains_words_that_differ_and_no_others() {
        let answers = ("ok - read=ok write=ok", "ok - read=ok write=87");
        assert_eq!(explained("write=ok", "write=87", answers), Some(Side::Windows));
        assert_eq!(explained("*=ok", "*=87", answers), Some(Side::Windows));
        let another = ("ok - read=ok write=ok", "ok - read=5 write=87");
        assert_eq!(explained("write=ok", "write=87", another), None);
    }

    #[test]
    fn an_entry_explains_a_whole_answer() {
        let answers = ("fails 1224 -", "ok - file of 0");
        assert_eq!(explained("fails 1224 -", "ok - *", answers), Some(Side::Windows));
        assert_eq!(explained("fails 32 -", "ok - *", answers), None);
    }

    #[test]
    fn an_agreement_tells_what_windows_alone_does() {
        let list = list("fails 5 -", "ok*").replace("difference", "agreement");
        let list = Differences::parse(&list.replace("wine =", "windows ="), PAGE).unwrap();

        assert!(list.is_unlike_windows("a/case", "ok 0", &mut [false]));
        assert!(!list.is_unlike_windows("a/case", "fails 5 -", &mut [false]));
        assert_eq!(list.explain("a/case", "fails 5 -", "ok 0", &mut [false]), None);
    }

    #[test]
    fn other_cases_are_not_explained() {
        let list = Differences::parse(&list("*", "*"), PAGE).unwrap();
        assert_eq!(list.explain("b/case", "1", "2", &mut [false]), None);
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
            assert!(Differences::parse(&wrong, PAGE).is_err(), "{wrong}");
        }
    }
}
