//! The pass that deletes words of lines that are not JSON.

use std::ops::Range;

use super::descent::Descent;
use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, sites};

/// The most columns that are deleted from all lines at once.
const COLUMNS_MAX: usize = 64;

/// The most events of a trace in which words of single lines are deleted.
const MANY: usize = 64;

/// The number of failures in a row after which the pass gives up: the format needs all of its words.
const FAILURES_MAX: usize = 16;

/// What separates words besides blanks, as in `a=1&b=2` or a row of CSV.
const SEPARATORS: [char; 4] = [',', ';', '|', '&'];

/// A word with one of these is not divided at separators: it is code, and its parts make no sense alone.
const BRACKETS: &str = "()[]{}<>\"'`";

/// Tries to delete words, which are separated by blanks or by [`SEPARATORS`], in the order of a [`Descent`]: first
/// the same columns in all lines, then words of each line, from the first line to the last.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// The number of lines whose words are done, plus one once the columns are done.
    done: usize,
    descent: Option<Descent>,
    /// The number of failures since the last success.
    failures: usize,
}

impl Pass for Words {
    fn name(&self) -> &'static str {
        "word"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let last = if view.len() <= MANY { view.len() } else { 0 };
        while self.done <= last && self.failures < FAILURES_MAX {
            let lines = match self.done.checked_sub(1) {
                None => 0..view.len(),
                Some(line) => line..line + 1,
            };
            let words: Vec<_> = lines.map(|place| (place, words(view, place))).collect();
            let columns = words.iter().map(|(_, words)| words.len()).max().unwrap_or(0);
            let columns = if self.done == 0 { columns.min(COLUMNS_MAX) } else { columns };
            let descent = self.descent.get_or_insert_with(|| Descent::new(0, columns));
            if let Some(going) = descent.next() {
                let rewrite = |(place, words): &(usize, Vec<Range<usize>>)| {
                    let splices = vec![delete(words, going.clone())?];
                    Some(Rewrite { event: view.number(*place), splices })
                };
                return Some(Edit::Rewrite(words.iter().filter_map(rewrite).collect()));
            }
            (self.done, self.descent) = (self.done + 1, None);
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        self.failures = if accepted { 0 } else { self.failures + 1 };
        if let Some(descent) = &mut self.descent {
            descent.judged(accepted);
        }
    }
}

/// Returns where the words of an event are. JSON has none.
fn words(view: &dyn View, place: usize) -> Vec<Range<usize>> {
    let text = view.text(place).unwrap_or_default();
    if sites(&text).first().is_some_and(|site| matches!(site.kind, Kind::Object | Kind::Array)) {
        return Vec::new();
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, char) in text.char_indices().filter(|(_, char)| !char.is_whitespace()) {
        let end = at + char.len_utf8();
        match found.last_mut().filter(|word| word.end == at) {
            Some(word) => word.end = end,
            None => found.push(at..end),
        }
    }
    found.into_iter().flat_map(|word| parts(&text, word)).collect()
}

/// Divides a word at the separators in it. Separators at its ends belong to its first and its last part.
fn parts(text: &str, word: Range<usize>) -> Vec<Range<usize>> {
    let content = &text[word.clone()];
    if content.contains(|char| BRACKETS.contains(char)) {
        return vec![word];
    }
    let mut at = word.start;
    let mut found = Vec::new();
    for part in content.split(SEPARATORS) {
        // An empty field goes with the one before it.
        found.extend((!part.is_empty()).then(|| at..at + part.len()));
        at += part.len() + 1;
    }
    let [first, .., last] = &mut found[..] else { return vec![word] };
    (first.start, last.end) = (word.start, word.end);
    found
}

/// Returns the splice that deletes the words in `going`, with the blanks between them and their neighbours, unless
/// these are all words of the line.
fn delete(words: &[Range<usize>], going: Range<usize>) -> Option<Splice> {
    let going = going.start..going.end.min(words.len());
    let (first, last) = (words.get(going.clone())?.first()?, words.get(going.clone())?.last()?);
    match (words.get(going.end), going.start.checked_sub(1)) {
        (Some(next), _) => Some(Splice(first.start, next.start, String::new())),
        (None, Some(before)) => Some(Splice(words[before].end, last.end, String::new())),
        // The other passes remove whole lines.
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_divided_at_separators_unless_it_is_code() {
        for (word, expected) in [
            ("a=1&b=2&c=3", &["a=1", "b=2", "c=3"][..]),
            ("MSH||é|x|", &["MSH", "é", "x|"]),
            (",a;b;", &[",a", "b;"]),
            ("a,", &["a,"]),
            ("||", &["||"]),
            ("f(a,b)", &["f(a,b)"]),
            ("word", &["word"]),
        ] {
            let text = format!("éé {word} end");
            let span = 5..5 + word.len();
            let found: Vec<_> = parts(&text, span).into_iter().map(|part| text[part].to_owned()).collect();
            assert_eq!(found, expected, "{word}");
        }
    }
}
