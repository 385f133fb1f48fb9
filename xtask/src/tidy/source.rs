//! A Rust source as a flat list of tokens, each with its line.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};
use std::str::FromStr as _;

/// What the rules tell apart; comments and the insides of strings are not there at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Sign(char),
    Open(char),
    Close(char),
    Literal,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
}

/// A Rust file that could be read.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) tokens: Vec<Token>,
}

impl Source {
    /// Splits `text` into tokens, or tells line and reason why it cannot.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, (usize, String)> {
        let stream = TokenStream::from_str(text)
            .map_err(|err: LexError| (err.span().start().line, err.to_string()))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Ok(Self { path: path.to_owned(), tokens })
    }

    /// Returns the word at `index`, if there is a word.
    pub(super) fn word(&self, index: usize) -> Option<&str> {
        match &self.tokens.get(index)?.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Returns whether the tokens from `index` on are `signs`, brackets included.
    pub(super) fn signs(&self, index: usize, signs: &str) -> bool {
        signs.chars().enumerate().all(|(step, expected)| {
            matches!(
                self.tokens.get(index + step).map(|token| &token.kind),
                Some(Kind::Sign(sign) | Kind::Open(sign) | Kind::Close(sign)) if *sign == expected
            )
        })
    }

    /// Returns the index of the bracket that closes the one at `open`.
    pub(super) fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) if depth <= 1 => return index,
                Kind::Close(_) => depth -= 1,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// Returns the words between the brackets that open at `open`, with their lines.
    pub(super) fn words_inside(&self, open: usize) -> impl Iterator<Item = (&str, usize)> {
        (open..self.closing(open))
            .filter_map(|index| self.word(index).map(|word| (word, self.tokens[index].line)))
    }

    /// Returns the first words of the paths that start at `index`: one word, or, where a
    /// `{` stands, the first of each of the alternatives in it.
    pub(super) fn heads(&self, index: usize) -> Vec<(&str, usize)> {
        if !self.signs(index, "{") {
            let line = self.tokens.get(index).map_or(0, |token| token.line);
            return vec![(self.word(index).unwrap_or("*"), line)];
        }
        let mut heads = Vec::new();
        let mut expected = true;
        let mut at = index + 1;
        let end = self.closing(index);
        while at < end {
            if expected {
                heads.push((self.word(at).unwrap_or("*"), self.tokens[at].line));
                expected = false;
            }
            if self.signs(at, "{") {
                at = self.closing(at);
            } else if self.signs(at, ",") {
                expected = true;
            }
            at += 1;
        }
        heads
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let kind = match tree {
            TokenTree::Ident(word) => Kind::Word(word.to_string()),
            TokenTree::Punct(sign) => Kind::Sign(sign.as_char()),
            TokenTree::Literal(_) => Kind::Literal,
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => {
                        flatten(group.stream(), tokens);
                        continue;
                    }
                };
                tokens.push(Token { kind: Kind::Open(open), line });
                flatten(group.stream(), tokens);
                let line = group.span_close().start().line;
                tokens.push(Token { kind: Kind::Close(close), line });
                continue;
            }
        };
        tokens.push(Token { kind, line });
    }
}
