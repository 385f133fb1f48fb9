//! What was counted before: `bench/instructions.toml`.

use super::Count;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use toml::de::{DeTable, DeValue};

/// Where it is, from the root of the workspace.
pub(super) const PATH: &str = "bench/instructions.toml";

/// How much dearer an operation may be, in hundredths of what it was: another release of the
/// compiler or of the C library changes as much.
const PERCENT: f64 = 5.0;

/// And in instructions, which is what counts where there are few.
const INSTRUCTIONS: f64 = 2.0;

/// The counts of each architecture, by case.
pub(super) struct Baseline {
    compiler: String,
    counts: BTreeMap<String, BTreeMap<String, f64>>,
}

/// What a count is beside the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Within,
    Above,
    Below,
    Unknown,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Within => "",
            Self::Above => "ABOVE",
            Self::Below => "below",
            Self::Unknown => "NEW",
        }
    }
}

impl Baseline {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let wrong = |what: &dyn std::fmt::Display| format!("{PATH}: {what}");
        let text = fs::read_to_string(root.join(PATH)).map_err(|err| wrong(&err))?;
        let table = DeTable::parse(&text).map_err(|err| wrong(&err))?;
        let mut baseline = Self { compiler: "unknown".to_owned(), counts: BTreeMap::new() };
        for (key, value) in table.get_ref() {
            let key: &str = key.get_ref();
            match value.get_ref() {
                DeValue::String(compiler) if key == "compiler" => {
                    baseline.compiler = compiler.to_string();
                }
                DeValue::Table(cases) => {
                    let counts = cases.iter().map(|(case, count)| {
                        let count = match count.get_ref() {
                            DeValue::Float(count) => count.as_str().parse().ok(),
                            _ => None,
                        };
                        let case = case.get_ref().to_string();
                        let count = count.ok_or_else(|| wrong(&format!("{case} is no float")))?;
                        Ok((case, count))
                    });
                    baseline.counts.insert(key.to_owned(), counts.collect::<Result<_, String>>()?);
                }
                _ => return Err(wrong(&format!("`{key}` is not understood"))),
            }
        }
        Ok(baseline)
    }

    /// Writes the counts of one architecture, and leaves those of the others.
    pub(super) fn renew(root: &Path, architecture: &str, counts: &[Count]) -> Result<(), String> {
        let counts = counts.iter().map(|count| (count.case.clone(), count.instructions)).collect();
        let mut all =
            if root.join(PATH).exists() { Self::read(root)?.counts } else { BTreeMap::new() };
        all.insert(architecture.to_owned(), counts);
        let mut text = format!("{HEADING}\ncompiler = \"{}\"\n", compiler());
        for (architecture, counts) in &all {
            let _infallible = write!(text, "\n[{architecture}]\n");
            for (case, count) in counts {
                let _infallible = writeln!(text, "{case} = {count:.1}");
            }
        }
        fs::write(root.join(PATH), text).map_err(|err| format!("{PATH}: {err}"))
    }

    /// The counts of an architecture, if it has any.
    pub(super) fn of(&self, architecture: &str) -> Option<&BTreeMap<String, f64>> {
        self.counts.get(architecture)
    }

    /// The compiler that the newest of them were made with.
    pub(super) fn compiler(&self) -> &str {
        &self.compiler
    }

    /// Compares a count with the one before, as exactly as that is written.
    pub(super) fn verdict(&self, before: Option<f64>, now: f64) -> Verdict {
        let Some(before) = before else { return Verdict::Unknown };
        let room = before * PERCENT / 100.0 + INSTRUCTIONS + 0.05;
        if now > before + room {
            Verdict::Above
        } else if now < before - room {
            Verdict::Below
        } else {
            Verdict::Within
        }
    }
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

const HEADING: &str = "\
# Instructions of one operation, with the loop around it: what `cargo xtask instructions` allows, and
# 5 percent and 2 instructions more. Written by `cargo xtask instructions --renew`, not by hand. The
# names are those of the functions in `bench/counted`.
";
