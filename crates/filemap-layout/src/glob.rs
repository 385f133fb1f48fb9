//! Patterns for paths.

use std::fmt;

/// A pattern for paths: `*` stands for any characters, `?` for one, `,` for "or".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<Vec<char>>);

impl Glob {
    /// Returns the pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.split(',').map(|one| one.trim().chars().collect()).collect())
    }

    /// Returns its patterns one by one, without empty ones.
    pub fn patterns(&self) -> impl Iterator<Item = Self> {
        self.0.iter().filter(|one| !one.is_empty()).map(|one| Self(vec![one.clone()]))
    }

    /// Returns whether a path fits. `wheel` also fits all that is in it, such as `wheel[3].temp`.
    #[must_use]
    pub fn fits(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        let is_end = |at: usize| at == path.len() || path[at] == '.' || path[at] == '[';
        self.0
            .iter()
            .any(|pattern| (0..=path.len()).any(|end| is_end(end) && fits(pattern, &path[..end])))
    }
}

/// The pattern, as it was given.
impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            pattern.iter().try_for_each(|one| write!(f, "{one}"))?;
        }
        Ok(())
    }
}

/// Goes back to the last `*` alone, so that no pattern takes longer than its length times the text's.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((before, from)) => {
                    star = Some((before, from + 1));
                    (at, seen) = (before + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_a_list_are_told_one_by_one() {
        let patterns: Vec<_> =
            Glob::new("a, wheel[*].temp,,").patterns().map(|one| one.to_string()).collect();
        assert_eq!(patterns, ["a", "wheel[*].temp"]);
    }

    #[test]
    fn a_pattern_fits_paths_and_what_is_in_them() {
        for (pattern, path, is) in [
            ("rpm", "rpm", true),
            ("rpm", "rpm2", false),
            ("wheel", "wheel[3].temp", true),
            ("wheel[3]", "wheel[3].temp", true),
            ("wheel[?].te*", "wheel[3].temp", true),
            ("*.temp", "wheel[3].temp", true),
            ("a,rpm", "rpm", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("", "rpm", false),
        ] {
            assert_eq!(Glob::new(pattern).fits(path), is, "{pattern} {path}");
        }
    }
}
