//! The pass that removes parts of long texts, down to single characters.

use std::ops::Range;

use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, sites};

/// The fewest characters of a text on which this pass tries anything. What is shorter is read at a glance.
const LONG: usize = 64;

/// The number of failures in a row after which a text is left as it is.
const FAILURES_MAX: usize = 16;

/// The number of texts that were left as they were after which the pass gives up.
const UNCHANGED_MAX: usize = 2;

/// Tries to remove parts of a JSON string, or of a word of another line: halves first, then quarters, and so on. So a
/// long text that matters for a few of its characters becomes short, wherever in it these are.
#[derive(Clone, Debug, Default)]
pub(super) struct Characters {
    /// The place of the current line, and where in it the current text begins.
    place: usize,
    at: usize,
    /// How the current text is tried, once it was found.
    trial: Option<Trial>,
    /// How many texts were left as they were.
    unchanged: usize,
}

#[derive(Clone, Debug)]
struct Trial {
    /// The number of characters to remove.
    size: usize,
    /// The character from which on all parts of this size were tried.
    end: usize,
    /// The first character of the part that was proposed last.
    proposed: usize,
    /// The number of failures since the last success.
    failures: usize,
    has_changed: bool,
}

impl Pass for Characters {
    fn name(&self) -> &'static str {
        "character"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while self.place < view.len() && self.unchanged < UNCHANGED_MAX {
            let text = view.text(self.place).unwrap_or_default();
            let is_current = |range: &Range<usize>| match self.trial {
                Some(_) => range.start == self.at,
                None => range.start >= self.at && range.len() > LONG,
            };
            let Some(current) = texts(&text).into_iter().find(is_current) else {
                (self.place, self.at, self.trial) = (self.place + 1, 0, None);
                continue;
            };
            let bounds = bounds(&text, current.clone());
            let count = bounds.len() - 1;
            self.at = current.start;
            let trial = self.trial.get_or_insert_with(|| Trial::new(count));
            if let Some(part) = trial.next(count) {
                let splice = Splice(bounds[part.start], bounds[part.end], String::new());
                return Some(Edit::Rewrite(vec![Rewrite { event: view.number(self.place), splices: vec![splice] }]));
            }
            self.unchanged += usize::from(!trial.has_changed);
            (self.at, self.trial) = (current.start + 1, None);
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        if let Some(trial) = &mut self.trial {
            trial.end = trial.proposed;
            trial.failures = if accepted { 0 } else { trial.failures + 1 };
            trial.has_changed |= accepted;
        }
    }
}

impl Trial {
    fn new(count: usize) -> Self {
        Self { size: count / 2, end: count, proposed: count, failures: 0, has_changed: false }
    }

    /// Returns the next part to remove from a text of `count` characters. It is never the whole text.
    fn next(&mut self, count: usize) -> Option<Range<usize>> {
        while self.size > 0 && self.failures < FAILURES_MAX {
            self.proposed = self.end.saturating_sub(self.size);
            if self.proposed < self.end && self.end - self.proposed < count {
                return Some(self.proposed..self.end);
            }
            (self.size, self.end) = (self.size / 2, count);
        }
        None
    }
}

/// Returns the JSON strings of a text, without their quotes, or the words of any other text.
fn texts(text: &str) -> Vec<Range<usize>> {
    let sites = sites(text);
    if sites.first().is_some_and(|site| !site.kind.is_single()) {
        let strings = sites.into_iter().filter(|site| site.kind == Kind::Text);
        return strings.map(|site| site.span.start + 1..site.span.end - 1).collect();
    }
    let mut at = 0;
    let mut words = Vec::new();
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        words.extend((!word.is_empty()).then(|| at..at + word.len()));
        at += part.len();
    }
    words
}

/// Returns where the characters of a part of a text begin, and where the last one ends. In JSON, an escape is one
/// character.
fn bounds(text: &str, part: Range<usize>) -> Vec<usize> {
    let is_json = text[..part.start].ends_with('"');
    let mut bounds = vec![part.start];
    let mut at = part.start;
    while let Some(char) = text[at..part.end].chars().next() {
        let rest = &text[at..part.end];
        let length = match rest.as_bytes() {
            // Two escapes make one character if the first is a high surrogate.
            [b'\\', b'u', b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] if is_json => 12,
            [b'\\', b'u', ..] if is_json => 6,
            [b'\\', ..] if is_json => 2,
            _ => char.len_utf8(),
        };
        at += length.min(rest.len());
        bounds.push(at);
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_one_character() {
        let text = r#"{"a b": "é\n\u00e9\ud83d\ude00\"c"}"#;
        let [string] = &texts(text)[..] else { panic!("one string") };
        let bounds = bounds(text, string.clone());
        let found: Vec<_> = bounds.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        assert_eq!(found, ["é", r"\n", r"\u00e9", r"\ud83d\ude00", r#"\""#, "c"]);
        assert_eq!(texts("ab  \\u c\n"), [0..2, 4..6, 7..8]);
    }
}
