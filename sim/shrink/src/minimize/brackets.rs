//! The brackets, tags and commas of a text that is not JSON.

use std::collections::BTreeMap;

/// The most bytes of a tag.
const TAG_MAX: usize = 1000;

/// A part of a text that makes its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A bracket or a tag, with the bracket or the name that closes it.
    Opens(&'t str),
    /// A bracket or a tag that closes the one with this bracket or name.
    Closes(&'t str),
    /// A tag that closes itself.
    Whole,
    Comma,
}

/// The brackets and tags that are open, each with what closes it and a value.
#[derive(Debug)]
pub(super) struct Opened<T> {
    all: Vec<(String, T)>,
    /// How many are open of each kind, so that one that closes nothing takes no search.
    of_kind: BTreeMap<String, usize>,
}

impl<T> Default for Opened<T> {
    fn default() -> Self {
        Self { all: Vec::new(), of_kind: BTreeMap::new() }
    }
}

impl<T> Opened<T> {
    /// Opens a bracket or a tag that `closes` closes.
    pub(super) fn open(&mut self, closes: &str, value: T) {
        self.all.push((closes.to_owned(), value));
        *self.of_kind.entry(closes.to_owned()).or_default() += 1;
    }

    /// Closes the last one that `closes` closes, if there is one, and returns its value. Those that were opened after
    /// it have no partner, and are left out.
    pub(super) fn close(&mut self, closes: &str) -> Option<T> {
        self.of_kind.get(closes).filter(|count| **count > 0)?;
        loop {
            let (kind, value) = self.all.pop()?;
            *self.of_kind.get_mut(&kind)? -= 1;
            if kind == closes {
                return Some(value);
            }
        }
    }

    /// Returns the value of the last one that is open.
    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        self.all.last_mut().map(|(_, value)| value)
    }
}

/// Returns the tokens of a text, each with where it begins and ends.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, usize, Token<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let from = at;
            let token = token(rest);
            at += token.map_or_else(|| rest.chars().next().map_or(1, char::len_utf8), |(_, length)| length);
            if let Some((token, _)) = token {
                return Some((from, at, token));
            }
        }
        None
    })
}

/// Returns the token with which a text begins, and its length.
fn token(text: &str) -> Option<(Token<'_>, usize)> {
    let bracket = |char: char| match char {
        '(' => Some(")"),
        '[' => Some("]"),
        '{' => Some("}"),
        _ => None,
    };
    let first = text.chars().next()?;
    match first {
        '(' | '[' | '{' => Some((Token::Opens(bracket(first)?), 1)),
        ')' | ']' | '}' => Some((Token::Closes(&text[..1]), 1)),
        ',' => Some((Token::Comma, 1)),
        '<' => {
            let end = text.bytes().take(TAG_MAX).position(|byte| byte == b'>')?;
            let tag = &text[1..end];
            let name = |tag: &'_ str| tag.find(|char: char| !char.is_alphanumeric() && !"-_:.".contains(char));
            let closes = tag.starts_with('/');
            let from = if closes { 2 } else { 1 };
            let named = &text[from..end];
            let named = &named[..name(named).unwrap_or(named.len())];
            if !named.starts_with(char::is_alphabetic) || tag.contains('<') {
                return None;
            }
            let token = if closes {
                Token::Closes(named)
            } else if tag.ends_with('/') {
                Token::Whole
            } else {
                Token::Opens(named)
            };
            Some((token, end + 1))
        }
        _ => None,
    }
}
