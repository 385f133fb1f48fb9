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

impl<'p> Class<'p> {
    /// Finds the first public class in the page that maps files.
    pub(super) fn of(page: &'p str) -> Result<Self, String> {
        let (mut start, mut introduction) = (0, 0);
        for line in page.split_inclusive('\n') {
            if let Some(name) = declared(line)
                && let Some(length) = length(&page[start..])
                && page[start..start + length].contains(CALL)
            {
                return Ok(Self { name, source: &page[introduction..start + length] });
            }
            start += line.len();
            // Documentation and attributes right before a declaration are part of it.
            let line = line.trim();
            if !(line.starts_with("///") || line.starts_with('[') && line.ends_with(']')) {
                introduction = start;
            }
        }
        Err(format!("the page has no public class that calls {CALL}"))
    }
}

/// Returns the name of the public class that a line declares.
fn declared(line: &str) -> Option<&str> {
    let (modifiers, name) = line.split_once("class ")?;
    let mut modifiers = modifiers.split_whitespace();
    let known = ["sealed", "abstract", "partial", "unsafe"];
    let is_declared =
        modifiers.next() == Some("public") && modifiers.all(|word| known.contains(&word));
    let name = name.split([':', '{']).next()?.trim();
    (is_declared && !name.is_empty() && !name.contains(' ')).then_some(name)
}

/// Returns how many bytes there are up to the brace that closes the first one, if any does.
fn length(source: &str) -> Option<usize> {
    let (mut depth, mut rest) = (0_usize, source);
    while let Some(sign) = rest.chars().next() {
        // Braces in comments, texts and characters are none.
        let skipped = match sign {
            '/' if rest.starts_with("//") => rest.find('\n')?,
            '/' if rest.starts_with("/*") => rest.find("*/")? + 2,
            '"' | '\'' => quoted(rest, sign)?,
            _ => sign.len_utf8(),
        };
        depth += usize::from(sign == '{');
        rest = &rest[skipped..];
        if sign == '}' {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(source.len() - rest.len());
            }
        }
    }
    None
}

/// Returns the length of a text or a character, with both quotes.
fn quoted(source: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let end = source[1..].find(|sign| {
        let is_end = sign == quote && !is_escaped;
        is_escaped = sign == '\\' && !is_escaped;
        is_end
    });
    Some(end? + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_in_prose_with_its_documentation_and_all_its_bytes() {
        let class = "  /// A { in a comment.\r\n  [Serializable]\r\n  public sealed class Thing : X\r\n  \
                     {\r\n  // not the end: }\r\n  string s = \"}\\\"\" + '}' /* } */; \
                     void F() { CreateFileMapping(); }\r\n  }";
        let page =
            format!("Of that {{ kind:\n\npublic class Other {{ }}\n\n{class}\r\n\nAnd }} so on.\n");

        assert_eq!(Class::of(&page), Ok(Class { name: "Thing", source: class }));
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
