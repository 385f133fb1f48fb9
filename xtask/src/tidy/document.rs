//! A Markdown document: its links, its headings, and what its tables say about tests.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

/// Words in a document that name something, and the line they stand on.
pub(super) struct Mention {
    pub(super) what: String,
    pub(super) line: usize,
}

/// What the rules need to know about a Markdown file.
#[derive(Default)]
pub(super) struct Document {
    pub(super) path: String,
    /// Where its links and pictures lead.
    pub(super) links: Vec<Mention>,
    /// The addresses of its headings, as the usual viewers make them: `one-call-followed-down`.
    pub(super) anchors: Vec<String>,
    /// Everything in backticks in table columns whose heading names tests.
    pub(super) tests: Vec<Mention>,
}

impl Document {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let mut document = Self { path: path.to_owned(), ..Self::default() };
        let mut heading: Option<String> = None;
        let mut table = Columns::default();
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
        for (event, range) in parser {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(Mention { what: dest_url.into_string(), line });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let title = heading.take().unwrap_or_default();
                    document.add_anchor(&title);
                }
                Event::Start(Tag::Table(_)) => table = Columns::default(),
                Event::End(TagEnd::TableHead) => table.in_body = true,
                Event::Start(Tag::TableRow | Tag::TableHead) => table.column = 0,
                Event::End(TagEnd::TableCell) => table.column += 1,
                Event::Code(code) => {
                    table.read(&code);
                    if table.is_about_tests() {
                        document.tests.push(Mention { what: code.to_string(), line });
                    }
                    push(&mut heading, &code);
                }
                Event::Text(words) => {
                    table.read(&words);
                    push(&mut heading, &words);
                }
                Event::End(TagEnd::Table) => table = Columns::default(),
                _ => {}
            }
        }
        document
    }

    fn add_anchor(&mut self, title: &str) {
        let plain: String = title
            .to_lowercase()
            .chars()
            .filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'))
            .map(|sign| if sign == ' ' { '-' } else { sign })
            .collect();
        // The second heading of one title gets `-1`, the third `-2`.
        let earlier = self.anchors.iter().filter(|anchor| **anchor == plain).count();
        self.anchors.push(plain.clone());
        if earlier > 0 {
            self.anchors.push(format!("{plain}-{earlier}"));
        }
    }
}

fn push(heading: &mut Option<String>, words: &CowStr<'_>) {
    if let Some(heading) = heading {
        heading.push_str(words);
    }
}

/// Where in a table the reader is, and which of its columns name tests.
#[derive(Default)]
struct Columns {
    about_tests: Vec<usize>,
    column: usize,
    in_body: bool,
}

impl Columns {
    /// Takes in a piece of a cell: in the head of a table, the title of a column.
    fn read(&mut self, words: &str) {
        let title = words.trim().to_lowercase();
        if !self.in_body && matches!(title.as_str(), "test" | "tests") {
            self.about_tests.push(self.column);
        }
    }

    fn is_about_tests(&self) -> bool {
        self.in_body && self.about_tests.contains(&self.column)
    }
}
