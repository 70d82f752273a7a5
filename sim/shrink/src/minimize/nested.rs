//! The pass that removes parts of a long line by its brackets and tags, where the line is not JSON.

use std::ops::Range;

use super::brackets::{Opened, Token, tokens};
use super::descent::Descent;
use super::edit::{Edit, Rewrite, Splice};
use super::pass::{Pass, View};
use super::sites::sites;

/// The fewest parts of a line on which this pass tries anything.
const FEW: usize = 16;

/// The most parts of a line of which brackets and tags are tried alone.
const MANY: usize = 64;

/// Tries to remove the parts of a line in the order of a [`Descent`]: first the outermost ones, then those inside of
/// parts that stay, one level after another. At last it tries to remove the brackets or tags around each part, and to
/// keep what is between them.
///
/// A part is a pair of brackets or tags with what is between them, or an element of a list with commas.
#[derive(Clone, Debug, Default)]
pub(super) struct Nested {
    /// The place before which all lines are done.
    place: usize,
    /// The level of the current parts; 0 is the outermost.
    level: usize,
    descent: Option<Descent>,
    /// How many parts were tried to open, once all levels are done.
    opened: usize,
    /// Whether the line has been found to be long enough.
    begun: bool,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    level: usize,
    whole: Range<usize>,
    /// What is between its brackets or tags, if it has them.
    inner: Option<Range<usize>>,
}

impl Pass for Nested {
    fn name(&self) -> &'static str {
        "nested"
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        while self.place < view.len() {
            let text = view.text(self.place).unwrap_or_default();
            let parts = parts(&text);
            self.begun |= parts.len() >= FEW;
            let splices = if self.begun { self.next(&text, &parts) } else { None };
            if let Some(splices) = splices {
                return Some(Edit::Rewrite(vec![Rewrite { event: view.number(self.place), splices }]));
            }
            *self = Self { place: self.place + 1, ..Self::default() };
        }
        None
    }

    fn judged(&mut self, accepted: bool) {
        match &mut self.descent {
            Some(descent) => descent.judged(accepted),
            None if accepted => self.opened -= 1,
            None => {}
        }
    }
}

impl Nested {
    /// Returns the next change of a line with these parts.
    fn next(&mut self, text: &str, parts: &[Part]) -> Option<Vec<Splice>> {
        while self.opened == 0 {
            let of_level: Vec<_> = parts.iter().filter(|part| part.level == self.level).collect();
            if of_level.is_empty() {
                break;
            }
            let descent = self.descent.get_or_insert_with(|| Descent::new(0, of_level.len()));
            // Removed parts are behind those that are still to be tried, so the indices of these stay valid.
            if let Some(range) = descent.next() {
                return Some(remove(text, of_level.get(range)?));
            }
            (self.level, self.descent) = (self.level + 1, None);
        }
        let closed = parts.iter().filter(|_| parts.len() <= MANY);
        let mut closed = closed.filter_map(|part| Some((&part.whole, part.inner.clone()?)));
        let (whole, inner) = closed.nth(self.opened)?;
        self.opened += 1;
        let splice = |range: Range<usize>| Splice(range.start, range.end, String::new());
        Some(vec![splice(whole.start..inner.start), splice(inner.end..whole.end)])
    }
}

/// Returns the splices that remove parts of one level. Neighbours are removed together, and with each run of them a
/// comma or the blanks beside it.
fn remove(text: &str, parts: &[&Part]) -> Vec<Splice> {
    let mut splices: Vec<Splice> = Vec::new();
    for Part { whole, .. } in parts {
        let between = |splice: &&mut Splice| text[splice.1..whole.start].chars().all(is_separator);
        match splices.last_mut().filter(between) {
            Some(splice) => splice.1 = whole.end,
            None => splices.push(Splice(whole.start, whole.end, String::new())),
        }
    }
    for Splice(from, to, _) in &mut splices {
        let after = text[*to..].len() - text[*to..].trim_start_matches(is_separator).len();
        let before = text[..*from].len() - text[..*from].trim_end_matches(is_separator).len();
        // The first of several takes the separator after it, and any other the one before it.
        if before > 0 { *from -= before } else { *to += after }
    }
    splices.dedup_by(|next, splice| {
        let overlaps = next.0 < splice.1;
        if overlaps {
            splice.1 = splice.1.max(next.1);
        }
        overlaps
    });
    splices
}

fn is_separator(char: char) -> bool {
    char == ',' || char.is_whitespace()
}

/// A bracket or a tag that is open.
struct Open {
    from: usize,
    inner: usize,
    /// Where the elements of the list between the brackets begin.
    elements: Vec<usize>,
}

/// Returns the parts of a line, in the order in which they begin. JSON has none.
fn parts(text: &str) -> Vec<Part> {
    if sites(text).first().is_some_and(|site| !site.kind.is_single()) {
        return Vec::new();
    }
    let mut ranges: Vec<(Range<usize>, Option<Range<usize>>)> = Vec::new();
    let mut open: Opened<Open> = Opened::default();
    let mut outside = Vec::new();
    for (at, end, token) in tokens(text) {
        match token {
            Token::Opens(closes) => open.open(closes, Open { from: at, inner: end, elements: Vec::new() }),
            Token::Whole => ranges.push((at..end, None)),
            Token::Closes(closes) => {
                let Some(Open { from, inner, elements }) = open.close(closes) else { continue };
                ranges.push((from..end, Some(inner..at)));
                list(text, inner..at, elements, &mut ranges);
            }
            Token::Comma => open.last_mut().map_or(&mut outside, |open| &mut open.elements).push(end),
        }
    }
    list(text, 0..text.trim_end().trim_end_matches(';').len(), outside, &mut ranges);
    // Parts around others come first.
    ranges.sort_by_key(|(whole, inner)| (whole.start, usize::MAX - whole.end, inner.is_some()));
    ranges.dedup_by(|next, part| {
        next.0 == part.0 && {
            part.1 = part.1.take().or(next.1.take());
            true
        }
    });
    let mut around: Vec<usize> = Vec::new();
    let mut parts = Vec::new();
    for (whole, inner) in ranges {
        while around.last().is_some_and(|end| *end <= whole.start) {
            around.pop();
        }
        parts.push(Part { level: around.len(), whole: whole.clone(), inner });
        around.push(whole.end);
    }
    parts
}

/// Adds the elements of a list. `starts` holds where each begins, apart from the first.
fn list(text: &str, inner: Range<usize>, starts: Vec<usize>, ranges: &mut Vec<(Range<usize>, Option<Range<usize>>)>) {
    if starts.is_empty() {
        return;
    }
    let ends = starts.iter().map(|start| start - 1).chain([inner.end]).collect::<Vec<_>>();
    for (start, end) in std::iter::once(inner.start).chain(starts).zip(ends) {
        let Some(element) = text.get(start..end) else { continue };
        let from = start + (element.len() - element.trim_start().len());
        let to = from + element.trim().len();
        if from < to {
            ranges.push((from..to, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(usize, &str)> {
        parts(text).into_iter().map(|part| (part.level, &text[part.whole])).collect()
    }

    #[test]
    fn brackets_tags_and_commas_make_parts() {
        assert_eq!(shown("(a (b c) (d))"), [(0, "(a (b c) (d))"), (1, "(b c)"), (1, "(d)")]);
        assert_eq!(
            shown("<a><b x=\"1\">t</b><br><c/></a>"),
            [(0, "<a><b x=\"1\">t</b><br><c/></a>"), (1, "<b x=\"1\">t</b>"), (1, "<c/>"),]
        );
        assert_eq!(shown("f(1, (2), x)"), [(0, "(1, (2), x)"), (1, "1"), (1, "(2)"), (1, "x")]);
        assert_eq!(shown("a < b, c) > d"), [(0, "a < b"), (0, "c) > d")]);
        assert_eq!(shown("[1,[2]]"), [(0, ""); 0], "JSON has passes of its own");
    }

    #[test]
    fn a_part_goes_with_a_separator() {
        let without = |text: &str, level: usize, range: Range<usize>| {
            let parts = parts(text);
            let of_level: Vec<_> = parts.iter().filter(|part| part.level == level).collect();
            Rewrite { event: 1, splices: remove(text, &of_level[range]) }.apply(text).expect("it fits")
        };
        assert_eq!(without("f(1, (2), x)", 1, 0..1), "f((2), x)");
        assert_eq!(without("f(1, (2), x)", 1, 1..2), "f(1, x)");
        assert_eq!(without("f(1, (2), x)", 1, 1..3), "f(1)");
        assert_eq!(without("f(1, (2), x)", 1, 0..3), "f()");
        assert_eq!(without("<a><b></b>t<c></c></a>", 1, 0..2), "<a>t</a>");
    }
}
