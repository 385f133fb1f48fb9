//! A group's picture: a chart for each table, all below each other in one SVG.
//!
//! In a chart each row is a line on a logarithmic axis: the middle half is a bar, the median a
//! dot, what the base against itself came to a pale band, and what was to be reached a tick.

use crate::figures::Unit;
use crate::results::{Bar, Figure, Figures, Ratios, Row, Table, Verdict};
use crate::scale::Scale;
use crate::wording;

/// The whole picture's width; the units are those of the picture.
const WIDTH: f64 = 980.0;
/// Where the names end.
const NAMES: f64 = 340.0;
/// Where the axis begins and ends.
const AXIS: (f64, f64) = (362.0, 776.0);
/// Where what the row came to is written.
const WORDS: f64 = 794.0;
/// From one line of text to the next.
const LINE: f64 = 15.0;
/// Characters of a name in a line, and of a title.
const NAME: usize = 48;
const TITLE: usize = 120;

const BACKGROUND: &str = "#fcfcfb";
const INK: &str = "#22262b";
const PALE: &str = "#6a7179";
const GRID: &str = "#e3e5e8";
const NOISE: &str = "fill=\"#9aa3ad\" fill-opacity=\"0.4\"";
const FREE: &str = "#5b7fa6";
const MET: &str = "#2b8a57";
const LIMITED: &str = "#b07a12";
const MISSED: &str = "#c2402f";

/// Draws the tables of a group.
pub(crate) fn draw(group: &str, tables: &[Table]) -> String {
    let mut canvas = Canvas { body: String::new(), y: 34.0 };
    canvas.legend();
    for table in tables {
        let chart = Chart::of(table);
        if !chart.lines.is_empty() {
            canvas.chart(&chart);
        }
    }
    let height = canvas.y + 8.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" \
         width=\"{WIDTH:.0}\" height=\"{height:.0}\" font-family=\"system-ui, 'DejaVu Sans', \
         'Noto Sans', Arial, sans-serif\" font-size=\"12\">\n\
         <title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n{}</svg>\n",
        escaped(&format!("filemap, measured: {group}")),
        canvas.body
    )
}

/// What is drawn of a table.
struct Chart {
    title: String,
    base: String,
    /// What the values are: ratios if nothing else.
    unit: Option<Unit>,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    low: f64,
    median: f64,
    high: f64,
    noise: Option<(f64, f64)>,
    target: Option<f64>,
    words: String,
    colour: &'static str,
}

impl Chart {
    fn of(table: &Table) -> Self {
        match table {
            Table::Ratios(Ratios { title, base, rows, .. }) => Self {
                title: plain(title),
                base: format!("times as long as {}", plain(base)),
                unit: None,
                lines: rows.iter().map(Line::of_ratio).collect(),
            },
            Table::Figures(Figures { title, rows, .. }) => Self {
                title: plain(title),
                base: "how long it took".to_owned(),
                unit: Some(Unit::Seconds),
                // Counts and bytes have no place on an axis of time.
                lines: rows
                    .iter()
                    .filter(|row| row.unit == Unit::Seconds)
                    .map(Line::of_figure)
                    .collect(),
            },
        }
    }

    /// Everything that has to be on the axis.
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let own = self.lines.iter().flat_map(|line| {
            let noise = line.noise.into_iter().flat_map(|(low, high)| [low, high]);
            [line.low, line.median, line.high].into_iter().chain(noise).chain(line.target)
        });
        own.chain(self.unit.is_none().then_some(1.0))
    }

    fn label(&self, value: f64) -> String {
        match self.unit {
            Some(unit) => unit.text(value).replace(".0 ", " ").replace(".00 ", " "),
            None => format!("{value}"),
        }
    }
}

impl Line {
    fn of_ratio(row: &Row) -> Self {
        let target = match row.target {
            Some(Bar::Ratio(most)) => Some(most),
            Some(Bar::Nanoseconds(_)) | None => None,
        };
        let ratio = wording::ratio(row.ratio.median);
        let words = match wording::target(row) {
            goal if goal.is_empty() => ratio,
            goal if target.is_none() => {
                format!("{} ({goal})", wording::time(row.nanoseconds))
            }
            goal => format!("{ratio} ({goal})"),
        };
        Self {
            name: plain(&row.name),
            low: row.ratio.low,
            median: row.ratio.median,
            high: row.ratio.high,
            noise: row.noise.map(|noise| (noise.low, noise.high)),
            target,
            words,
            colour: colour(row.verdict()),
        }
    }

    fn of_figure(row: &Figure) -> Self {
        let median = row.unit.text(row.middle.median);
        let words = match wording::goal(row) {
            goal if goal.is_empty() => median,
            goal => format!("{median} ({goal})"),
        };
        Self {
            name: plain(&row.name),
            low: row.middle.low,
            median: row.middle.median,
            high: row.middle.high,
            noise: None,
            target: row.target,
            words,
            colour: colour(row.verdict()),
        }
    }
}

fn colour(verdict: Verdict<'_>) -> &'static str {
    match verdict {
        Verdict::Free => FREE,
        Verdict::Met => MET,
        Verdict::Limited(_) => LIMITED,
        Verdict::Missed => MISSED,
    }
}

/// What is drawn so far, and how far down.
struct Canvas {
    body: String,
    y: f64,
}

impl Canvas {
    fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    fn text(&mut self, (x, y): (f64, f64), more: &str, text: &str) {
        let text = escaped(text);
        self.put(&format!("<text x=\"{x:.1}\" y=\"{y:.1}\" {more}>{text}</text>"));
    }

    fn rect(&mut self, (from, to): (f64, f64), (y, height): (f64, f64), more: &str) {
        // What spreads by nothing is to be seen all the same.
        let width = (to - from).max(1.5);
        self.put(&format!(
            "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {more}/>"
        ));
    }

    fn upright(&mut self, x: f64, (from, to): (f64, f64), more: &str) {
        self.put(&format!(
            "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" {more}/>"
        ));
    }

    fn dot(&mut self, (x, y): (f64, f64), colour: &str) {
        self.put(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\" stroke=\"{BACKGROUND}\"/>"
        ));
    }

    /// What the marks mean, in one line at the top.
    fn legend(&mut self) {
        let y = self.y - 12.0;
        let words = format!("fill=\"{PALE}\" font-size=\"11\"");
        let ink = format!("stroke=\"{INK}\" stroke-width=\"2\"");
        self.dot((24.0, y), FREE);
        self.text((34.0, y + 4.0), &words, "median");
        self.rect((92.0, 120.0), (y - 4.0, 8.0), &format!("fill=\"{FREE}\" fill-opacity=\"0.4\""));
        self.text((126.0, y + 4.0), &words, "middle half");
        self.rect((206.0, 234.0), (y - 8.0, 16.0), NOISE);
        self.text((240.0, y + 4.0), &words, "the base against itself");
        self.upright(388.0, (y - 8.0, y + 8.0), &ink);
        self.text((395.0, y + 4.0), &words, "to be reached, or further left:");
        let verdicts = [
            (586.0, MET, "met"),
            (630.0, LIMITED, "missed for a reason"),
            (770.0, MISSED, "missed"),
        ];
        for (x, colour, word) in verdicts {
            self.dot((x, y), colour);
            self.text((x + 10.0, y + 4.0), &words, word);
        }
    }

    fn chart(&mut self, chart: &Chart) {
        self.y += 22.0;
        for part in wrapped(&chart.title, TITLE) {
            self.text((16.0, self.y), &format!("fill=\"{INK}\" font-weight=\"600\""), &part);
            self.y += LINE;
        }
        for part in wrapped(&chart.base, TITLE) {
            self.text((16.0, self.y), &format!("fill=\"{PALE}\" font-size=\"11\""), &part);
            self.y += LINE;
        }
        let Some(scale) = Scale::around(chart.values(), AXIS) else { return };
        let names: Vec<Vec<String>> =
            chart.lines.iter().map(|line| wrapped(&line.name, NAME)).collect();
        let heights = names.iter().map(|parts| row_height(parts.len()));
        let bottom = self.y + 4.0 + heights.sum::<f64>();
        self.axis(chart, &scale, (self.y + 4.0, bottom));
        self.y += 4.0;
        for (line, parts) in chart.lines.iter().zip(names) {
            self.row(line, &scale, &parts);
        }
        self.y = bottom + 18.0;
    }

    fn axis(&mut self, chart: &Chart, scale: &Scale, (top, bottom): (f64, f64)) {
        for value in scale.marks() {
            let x = scale.place(value);
            let one = chart.unit.is_none() && (value - 1.0).abs() < 1e-9;
            let line = if one {
                format!("stroke=\"{PALE}\" stroke-width=\"1.5\"")
            } else {
                format!("stroke=\"{GRID}\"")
            };
            self.upright(x, (top, bottom), &line);
            let words = format!("fill=\"{PALE}\" font-size=\"11\" text-anchor=\"middle\"");
            self.text((x, bottom + 13.0), &words, &chart.label(value));
        }
    }

    fn row(&mut self, line: &Line, scale: &Scale, parts: &[String]) {
        let height = row_height(parts.len());
        let middle = self.y + height / 2.0;
        let mut y = middle + 4.0 - LINE * (between(parts.len())) / 2.0;
        for part in parts {
            self.text((NAMES, y), &format!("fill=\"{INK}\" text-anchor=\"end\""), part);
            y += LINE;
        }
        if let Some((low, high)) = line.noise {
            let across = (scale.place(low), scale.place(high));
            self.rect(across, (middle - 8.0, 16.0), NOISE);
        }
        let colour = line.colour;
        let across = (scale.place(line.low), scale.place(line.high));
        let bar = format!("rx=\"2\" fill=\"{colour}\" fill-opacity=\"0.4\"");
        self.rect(across, (middle - 4.0, 8.0), &bar);
        if let Some(target) = line.target {
            let tick = format!("stroke=\"{INK}\" stroke-width=\"2\"");
            self.upright(scale.place(target), (middle - 8.0, middle + 8.0), &tick);
        }
        self.dot((scale.place(line.median), middle), colour);
        let ink = if colour == FREE { INK } else { colour };
        let words = format!("fill=\"{ink}\" font-size=\"11\"");
        self.text((WORDS, middle + 4.0), &words, &line.words);
        self.y += height;
    }
}

fn row_height(parts: usize) -> f64 {
    22.0 + LINE * between(parts)
}

/// How many gaps are between so many lines of text.
fn between(parts: usize) -> f64 {
    f64::from(u8::try_from(parts.saturating_sub(1)).unwrap_or(u8::MAX))
}

/// Lines of at most so many characters, as few as possible and of much the same length.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let longest = text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let mut best = broken(text, most);
    for shorter in (longest..most).rev() {
        let lines = broken(text, shorter);
        if lines.len() > best.len() {
            break;
        }
        best = lines;
    }
    best
}

/// Lines of at most so many characters, broken inside of a word only where it is longer than that.
fn broken(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut len = 0;
    for word in text.split(' ') {
        if len > 0 && len + 1 + word.chars().count() > most {
            lines.push(String::new());
            len = 0;
        }
        let space = (len > 0).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if len >= most {
                lines.push(String::new());
                len = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
                len += 1;
            }
        }
    }
    lines
}

/// Without the marks that make code of it on the page.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
