//! A screen as a picture: an SVG that is the same, byte for byte, for the same screen.

use std::fmt::Write as _;
use std::path::Path;

use regex::Regex;
use snapbox::{Assert, Data};
use vt100::{Cell, Color, Screen};

/// The size of a character in the picture.
const WIDE: f32 = 8.4;
const HIGH: f32 = 18.0;
/// The space around the text.
const EDGE: f32 = 10.0;
const FRONT: &str = "#d4d4d4";
const BACK: &str = "#1e1e1e";
/// The sixteen colours that have names.
const NAMED: [&str; 16] = [
    "#3b3b3b", "#f14c4c", "#23d18b", "#e5c07b", "#5aa2f7", "#d670d6", "#29b8db", "#d4d4d4",
    "#8a8a8a", "#ff6b6b", "#4ae0a0", "#f5e15c", "#7cb7ff", "#e88ee8", "#56d4ef", "#ffffff",
];

/// The rows of a screen.
pub(crate) struct Picture(Vec<Vec<Sign>>);

/// A character and how it looks.
#[derive(Clone)]
struct Sign {
    text: String,
    look: Look,
}

#[derive(Clone, PartialEq)]
struct Look {
    front: String,
    back: String,
    bold: bool,
    dim: bool,
}

impl Picture {
    pub(crate) fn of(screen: &Screen) -> Self {
        let (rows, columns) = screen.size();
        let sign = |row, column| screen.cell(row, column).map(Sign::of);
        let row = |row| (0..columns.get()).filter_map(|column| sign(row, column)).collect();
        let mut rows: Vec<Vec<Sign>> = (0..rows.get()).map(row).collect();
        while rows.last().is_some_and(|row| row.iter().all(Sign::is_empty)) {
            rows.pop();
        }
        Self(rows)
    }

    /// Puts a text where a pattern is, at the end of as many characters: for what differs from run to
    /// run.
    #[cfg_attr(not(feature = "sight"), expect(dead_code, reason = "live views alone have such"))]
    pub(crate) fn showing(mut self, pattern: &str, text: &str) -> Self {
        let pattern = Regex::new(pattern).unwrap();
        for row in &mut self.0 {
            let line: String = row.iter().map(|sign| sign.text.as_str()).collect();
            for found in pattern.find_iter(&line) {
                let start = line[..found.start()].chars().count();
                let len = found.as_str().chars().count();
                let text = format!("{text:>len$}");
                for (sign, text) in row[start..start + len].iter_mut().zip(text.chars()) {
                    sign.text = text.to_string();
                }
            }
        }
        self
    }

    /// Compares with a picture in `docs`, or writes it with `SNAPSHOTS=overwrite`.
    #[track_caller]
    pub(crate) fn assert_is(&self, document: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(document);
        let assert = Assert::new().normalize_paths(false).action_env("SNAPSHOTS");
        assert.eq(self.svg(), Data::read_from(&path, None).raw());
    }

    fn svg(&self) -> String {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let size = [(columns, WIDE), (self.0.len(), HIGH)].map(|(count, unit)| length(count, unit));
        let [width, height] = size.map(|size| size + 2.0 * EDGE);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
             xml:space=\"preserve\" font-family=\"monospace\" \
             font-size=\"14\" fill=\"{FRONT}\">\n\
             <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACK}\"/>\n"
        );
        for (row, signs) in self.0.iter().enumerate() {
            let mut column = 0;
            let mut signs = signs.clone();
            for at in 1..signs.len() {
                // What shows nothing is drawn with what is before it.
                if signs[at].is_empty() && signs[at - 1].look.back == BACK {
                    signs[at].look = signs[at - 1].look.clone();
                }
            }
            for run in signs.chunk_by(|one, next| one.look == next.look) {
                svg += &drawn(row, column, run);
                column += run.len();
            }
        }
        svg + "</svg>\n"
    }
}

impl Sign {
    fn of(cell: &Cell) -> Self {
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let (mut front, mut back) = (code(cell.fgcolor(), FRONT), code(cell.bgcolor(), BACK));
        if cell.inverse() {
            std::mem::swap(&mut front, &mut back);
        }
        let look = Look { front, back, bold: cell.bold(), dim: cell.dim() };
        Self { text: text.to_owned(), look }
    }

    fn is_empty(&self) -> bool {
        self.text == " " && self.look.back == BACK
    }
}

/// Draws characters that look alike.
fn drawn(row: usize, column: usize, run: &[Sign]) -> String {
    let Look { front, back, bold, dim } = &run[0].look;
    let (x, y) = (EDGE + length(column, WIDE), EDGE + length(row, HIGH));
    let width = length(run.len(), WIDE);
    let mut drawn = String::new();
    if back != BACK {
        let area = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HIGH:.1}\"");
        writeln!(drawn, "<rect {area} fill=\"{back}\"/>").unwrap();
    }
    let text: String = run.iter().map(|sign| sign.text.as_str()).collect();
    if text.trim().is_empty() {
        return drawn;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let colour = if front == FRONT { String::new() } else { format!(" fill=\"{front}\"") };
    let weight = if *bold { " font-weight=\"bold\"" } else { "" };
    let opacity = if *dim { " opacity=\"0.55\"" } else { "" };
    let place = format!("x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\"", y + 13.5);
    writeln!(drawn, "<text {place}{colour}{weight}{opacity}>{text}</text>").unwrap();
    drawn
}

fn length(count: usize, unit: f32) -> f32 {
    f32::from(u16::try_from(count).unwrap()) * unit
}

fn code(colour: Color, usual: &str) -> String {
    match colour {
        Color::Default => usual.to_owned(),
        Color::Idx(number @ 0..16) => NAMED[usize::from(number)].to_owned(),
        // The picture of a program with more colours needs them here.
        Color::Idx(number) => panic!("colour {number} has no code"),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}
