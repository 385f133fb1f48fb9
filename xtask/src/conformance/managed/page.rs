//! A class in a page of text, found by its structure.

/// The class, as the page has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Class<'p> {
    pub(super) name: &'p str,
    /// From its documentation to its closing brace, byte for byte.
    pub(super) source: &'p str,
}

/// By which the class that is meant is known among others.
const CALL: &str = "CreateFileMapping";

/// What may stand before the word `class`.
const MODIFIERS: [&str; 6] = ["public", "internal", "sealed", "abstract", "partial", "unsafe"];

impl<'p> Class<'p> {
    /// Finds the first class in the page that maps files.
    pub(super) fn of(page: &'p str) -> Result<Self, String> {
        let mut start = 0;
        for line in page.split_inclusive('\n') {
            if let Some(name) = declared(line)
                && let Some(length) = length(&page[start..])
                && page[start..start + length].contains(CALL)
            {
                let end = start + length;
                return Ok(Self { name, source: &page[start - introduction(&page[..start])..end] });
            }
            start += line.len();
        }
        Err(format!("the page has no public class that calls {CALL}"))
    }
}

/// The name of the class that a line declares.
fn declared(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let mut is_public = false;
    loop {
        match words.next()? {
            "class" => break,
            word if MODIFIERS.contains(&word) => is_public |= word == "public",
            _ => return None,
        }
    }
    let name = words.next()?.split([':', '{']).next()?;
    let is_name = name.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    (is_public && is_name && !name.is_empty()).then_some(name)
}

/// How many bytes of documentation and attributes stand right before a declaration.
fn introduction(before: &str) -> usize {
    let lines = before.split_inclusive('\n').rev();
    lines
        .take_while(|line| {
            let line = line.trim();
            line.starts_with("///") || (line.starts_with('[') && line.ends_with(']'))
        })
        .map(str::len)
        .sum()
}

/// How many bytes there are up to the brace that closes the first one, if any does.
fn length(source: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut rest = source;
    while let Some(sign) = rest.chars().next() {
        let step = match sign {
            '/' if rest.starts_with("//") => rest.find('\n')?,
            '/' if rest.starts_with("/*") => rest.find("*/")? + 2,
            '@' if rest.starts_with("@\"") => 1 + verbatim(&rest[1..])?,
            '"' | '\'' => quoted(rest, sign)?,
            '{' => {
                depth += 1;
                1
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(source.len() - rest.len() + 1);
                }
                1
            }
            _ => sign.len_utf8(),
        };
        rest = &rest[step..];
    }
    None
}

/// The length of a text or a character, with both quotes.
fn quoted(source: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (index, sign) in source.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            // It ends with its line at the latest, or it is not what it seems.
            '\n' => return None,
            _ if sign == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// The length of a text in which quotes are doubled, and nothing else is special.
fn verbatim(source: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += source[at..].find('"')? + 1;
        if !source[at..].starts_with('"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_in_prose_with_its_documentation_and_all_its_bytes() {
        let class = "  /// <summary>\r\n  /// A { in a comment.\r\n  /// </summary>\r\n  [Serializable]\r\n  \
                     public sealed class Thing : IDisposable\r\n  {\r\n  // not the end: }\r\n  \
                     string s = \"}\\\"\" + @\"}\"\"\\\" + '}' /* } */; void F() { CreateFileMapping(); }\r\n  }";
        let page = format!(
            "A class of that kind {{ is here:\n\n\
             public class Other {{ }}\n\n{class}\r\n\nMore prose }} and it's done.\n"
        );

        assert_eq!(Class::of(&page), Ok(Class { name: "Thing", source: class }));
    }

    #[test]
    fn the_brace_may_stand_on_the_line_of_the_name() {
        let page = "public class A{ int CreateFileMapping; } }";
        assert_eq!(Class::of(page).unwrap().source, "public class A{ int CreateFileMapping; }");
    }

    #[test]
    fn a_page_without_such_a_class_is_refused() {
        for page in [
            "",
            "public class A { }",
            "class A { CreateFileMapping }",
            "public class A { CreateFileMapping",
            "a public class A { CreateFileMapping }",
            "public class { CreateFileMapping }",
        ] {
            assert!(Class::of(page).is_err(), "{page}");
        }
    }
}
