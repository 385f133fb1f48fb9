//! A Rust source: its tokens, and the paths that it names.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};
use std::str::FromStr as _;

/// A module, or anything in one: the folder of its crate, and its path from there.
pub(super) type Module = Vec<String>;

/// A Rust source up to its unit tests, as tokens: without comments and literals.
pub(super) struct Source {
    pub(super) path: String,
    /// Empty for what is not below `src`.
    pub(super) module: Module,
    /// The text and the line of each token.
    pub(super) tokens: Vec<(String, usize)>,
}

/// A path that a source names, in a `use` or in the code.
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) parts: Module,
    /// The name that a `use` gives it, or nothing.
    pub(super) name: String,
}

impl Source {
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, LexError> {
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let mut source = Self { path: path.to_owned(), module: Vec::new(), tokens: Vec::new() };
        flatten(TokenStream::from_str(text)?, &mut source.tokens);
        if let Some((root, below)) = path.split_once("/src/") {
            let parts = [root].into_iter().chain(below.trim_end_matches(".rs").split('/'));
            source.module = parts.map(str::to_owned).collect();
            source.module.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
        }
        Ok(source)
    }

    /// Returns the text of the token at `at`, empty past the end.
    pub(super) fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |(word, _)| word)
    }

    /// Returns the paths in `use` declarations, and those in the code that begin with `crate`,
    /// `super` or `self`.
    pub(super) fn paths(&self) -> Vec<Named> {
        let (mut paths, mut at) = (Vec::new(), 0);
        while at < self.tokens.len() {
            let is_use = self.word(at) == "use";
            let is_start = matches!(self.word(at), "crate" | "super" | "self");
            if is_use || is_start && self.word(at + 1) == ":" {
                at = self.leaves(at + usize::from(is_use), &[], is_use, &mut paths);
            } else {
                at += 1;
            }
        }
        paths
    }

    /// Adds the paths of the tree at `at`, and returns the index behind it.
    fn leaves(&self, mut at: usize, above: &[&str], is_use: bool, paths: &mut Vec<Named>) -> usize {
        let mut path = above.to_vec();
        while !matches!(self.word(at), "{" | "}" | "," | ";" | "as") {
            // A path in the code ends where no colon follows.
            match self.word(at) {
                ":" => {}
                word if is_use || path.is_empty() || self.word(at - 1) == ":" => path.push(word),
                _ => break,
            }
            at += 1;
        }
        if is_use && self.word(at) == "{" {
            while !matches!(self.word(at), "}" | "") {
                at = self.leaves(at + 1, &path, is_use, paths);
            }
            return at + 1;
        }
        if path.len() == above.len() {
            // What follows the last comma.
            return at;
        }
        let is_renamed = self.word(at) == "as";
        let name = if is_renamed { self.word(at + 1) } else { path.last().copied().unwrap_or("") };
        let name = if is_use { name.to_owned() } else { String::new() };
        let mut parts = self.module.clone();
        for part in &path {
            match *part {
                "crate" => parts.truncate(1),
                "super" => drop(parts.pop()),
                "self" => {}
                part => parts.push(part.to_owned()),
            }
        }
        let line = self.tokens.get(at.saturating_sub(1)).map_or(0, |(_, line)| *line);
        paths.push(Named { line, text: path.join("::"), parts, name });
        at + 2 * usize::from(is_renamed)
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<(String, usize)>) {
    for tree in stream {
        let line = tree.span().start().line;
        if let TokenTree::Group(group) = tree {
            let [open, close] = match group.delimiter() {
                Delimiter::Brace => ["{", "}"],
                Delimiter::Bracket => ["[", "]"],
                Delimiter::Parenthesis | Delimiter::None => ["(", ")"],
            };
            tokens.push((open.to_owned(), line));
            flatten(group.stream(), tokens);
            tokens.push((close.to_owned(), line));
        } else if !matches!(tree, TokenTree::Literal(_)) {
            tokens.push((tree.to_string(), line));
        }
    }
}
