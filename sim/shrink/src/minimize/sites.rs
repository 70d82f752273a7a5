//! Sites: the places of the values in the text of an event, where it can be simplified.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::edit::{Edit, Rewrite, Splice};
use super::pass::View;
use super::times::times;

/// The most bytes of the unit of a number.
const UNIT_MAX: usize = 3;

/// The kind of value at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A JSON object. Its members are fields.
    Object,
    /// A JSON array. Its members are elements.
    Array,
    /// A JSON string.
    Text,
    /// A number, in JSON or in a line of words.
    Number,
    /// `true`, `false` or `null` in JSON; in a line of words, any word that is not a number.
    Word,
}

impl Kind {
    /// Returns whether the value has no members.
    pub(super) fn is_single(self) -> bool {
        !matches!(self, Self::Object | Self::Array)
    }
}

/// A value in the text of an event, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The names of the fields that lead to the value, with `[]` for any element of an array: `.items[].id`.
    pub(super) path: String,
    /// The kind of the value.
    pub(super) kind: Kind,
    /// The range of bytes in the text that the value takes.
    pub(super) span: Range<usize>,
    /// The range of bytes that the value takes together with its field name, if it has one.
    whole: Range<usize>,
    /// The index of the site that the value is a member of.
    pub(super) parent: Option<usize>,
}

impl Site {
    /// Returns the last part of the path: the field name, which mostly means the same in all kinds of events.
    pub(super) fn field(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// Returns all sites of `text`, each before its members. They are the values of JSON, or the words of any other text.
pub(super) fn sites(text: &str) -> Vec<Site> {
    let mut found = Vec::new();
    let is_json = matches!(text.trim_ascii_start().as_bytes().first(), Some(b'{' | b'['));
    // Only valid JSON is scanned, because `serde_json` also limits how deep it is nested.
    if is_json && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        Scan { text, at: 0, found: &mut found }.value(String::new(), None, None);
    } else {
        words(text, &mut found);
    }
    found
}

/// Collects the words of a line. A time is one word, with its blanks and colons.
fn words(text: &str, found: &mut Vec<Site>) {
    let is_part = |char: char| char.is_alphanumeric() || "-_.".contains(char);
    // Words in the same column of different lines probably mean the same, so they have the same path.
    let mut push = |kind, span: Range<usize>| {
        found.push(Site { path: format!("#{}", found.len()), kind, whole: span.clone(), span, parent: None });
    };
    let mut at = 0;
    for time in times(text).into_iter().map(Some).chain([None]) {
        let end = time.as_ref().map_or(text.len(), |time| time.start);
        for part in text[at..end].split_inclusive(|char| !is_part(char)) {
            let word = part.trim_end_matches(|char| !is_part(char));
            if !word.is_empty() {
                let number = number(word);
                let kind = if number > 0 { Kind::Number } else { Kind::Word };
                push(kind, at..at + if number > 0 { number } else { word.len() });
            }
            at += part.len();
        }
        if let Some(time) = time {
            at = time.end;
            push(Kind::Word, time);
        }
    }
}

/// Returns the length of the number that a word is, perhaps with a fraction and a unit, as in `-2.5` and `30ms`; 0 if
/// it is no number.
fn number(word: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(word.starts_with('-'));
    let mut length = sign + digits(&word[sign..]);
    if length > sign && word[length..].starts_with('.') {
        let fraction = digits(&word[length + 1..]);
        length += if fraction > 0 { 1 + fraction } else { 0 };
    }
    let unit = word[length..].trim_end_matches('.');
    let is_unit = unit.len() <= UNIT_MAX && unit.chars().all(char::is_alphabetic);
    if length > sign && is_unit { length } else { 0 }
}

/// Scans JSON that is known to be valid, and collects its sites.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    found: &'a mut Vec<Site>,
}

impl Scan<'_> {
    /// Scans a value. `from` is where its field name begins, if it has one.
    fn value(&mut self, path: String, parent: Option<usize>, from: Option<usize>) {
        let (begin, index) = (self.blanks(), self.found.len());
        let kind = match self.text.as_bytes().get(begin) {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            _ => Kind::Word,
        };
        self.found.push(Site { path, kind, span: begin..begin, whole: begin..begin, parent });
        match kind {
            Kind::Object | Kind::Array => self.members(index),
            Kind::Text => self.quoted(),
            Kind::Number | Kind::Word => {
                let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",]}".contains(byte);
                self.at += self.text.as_bytes()[begin..].iter().take_while(|byte| !is_end(byte)).count();
            }
        }
        self.found[index].span = begin..self.at;
        self.found[index].whole = from.unwrap_or(begin)..self.at;
    }

    fn members(&mut self, parent: usize) {
        let is_object = self.found[parent].kind == Kind::Object;
        self.at += 1;
        while !matches!(self.text.as_bytes().get(self.blanks()), Some(b'}' | b']') | None) {
            let begin = self.at;
            let mut path = self.found[parent].path.clone();
            if is_object {
                self.quoted();
                path += ".";
                path += &self.text[begin + 1..self.at - 1];
                // Skips the colon.
                self.at = self.blanks() + 1;
                self.value(path, Some(parent), Some(begin));
            } else {
                self.value(path + "[]", Some(parent), None);
            }
            if self.text.as_bytes().get(self.blanks()) == Some(&b',') {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    /// Skips blanks, and returns where they end.
    fn blanks(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at.min(self.text.len())..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at
    }

    /// Skips a JSON string.
    fn quoted(&mut self) {
        self.at += 1;
        while let Some(byte) = self.text.as_bytes().get(self.at).filter(|byte| **byte != b'"') {
            self.at += if *byte == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
    }
}

/// Returns the splices that remove every site for which `goes` returns true, with the commas between sites.
pub(super) fn take_away(sites: &[Site], goes: impl Fn(&Site) -> bool) -> Vec<Splice> {
    let mut splices = Vec::new();
    let going: Vec<bool> = sites.iter().map(|site| site.parent.is_some() && goes(site)).collect();
    let members = members(sites).into_iter().enumerate();
    for (_, members) in members.filter(|(parent, _)| !is_inside(sites, &going, *parent)) {
        // The end of the member before, unless all members so far are removed.
        let mut before = None;
        for (nth, member) in members.iter().enumerate() {
            let Range { start, end } = sites[*member].whole;
            if going[*member] {
                let next = members.get(nth + 1).map_or(end, |next| sites[*next].whole.start);
                let (from, to) = before.map_or((start, next), |before| (before, end));
                splices.push(Splice(from, to, String::new()));
            }
            if before.is_some() || !going[*member] {
                before = Some(end);
            }
        }
    }
    splices.sort_by_key(|splice| splice.0);
    splices
}

/// Returns the members of each site, in order.
pub(super) fn members(sites: &[Site]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); sites.len()];
    for (site, parent) in sites.iter().enumerate().filter_map(|(site, of)| Some((site, of.parent?))) {
        members[parent].push(site);
    }
    members
}

/// Returns whether a site, or one around it, is removed.
fn is_inside(sites: &[Site], going: &[bool], site: usize) -> bool {
    std::iter::successors(Some(site), |around| sites[*around].parent).any(|around| going[around])
}

/// Returns the blanks outside of strings in JSON, up to its end. Returns none for other lines, where blanks separate
/// words.
pub(super) fn blanks(text: &str, sites: &[Site]) -> Vec<Range<usize>> {
    let Some(whole) = sites.first().filter(|site| matches!(site.kind, Kind::Object | Kind::Array)) else {
        return Vec::new();
    };
    let (mut found, mut quoted, mut escaped): (Vec<Range<usize>>, _, _) = (Vec::new(), false, false);
    for (at, byte) in text.bytes().enumerate().take(whole.span.end) {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            _ if quoted || !byte.is_ascii_whitespace() => {}
            _ => match found.last_mut().filter(|span| span.end == at) {
                Some(span) => span.end += 1,
                None => found.push(at..at + 1),
            },
        }
        escaped = byte == b'\\' && !escaped;
    }
    found
}

/// A value of an event, to compare it with values of other sites.
///
/// Equal strings are the same value in any field, because one field refers to the value that another one names. Numbers
/// and words are the same value only in the same field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    /// The value as it is written in the text.
    pub(super) content: String,
    field: Option<String>,
}

impl Value {
    /// Returns the value at a site of `text`.
    pub(super) fn of(text: &str, site: &Site) -> Self {
        let field = (site.kind != Kind::Text).then(|| site.field().to_owned());
        Self { content: text[site.span.clone()].to_owned(), field }
    }

    /// Returns whether the value is a number other than 0.
    pub(super) fn is_number_but_not_0(&self) -> bool {
        self.content != "0" && self.content.parse::<f64>().is_ok()
    }

    /// Returns whether the two are equal numbers or words, in whatever fields, or equal texts.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        self.content == other.content && self.field.is_some() == other.field.is_some()
    }
}

/// Returns how many sites are around a site.
pub(super) fn depth(sites: &[Site], site: usize) -> usize {
    std::iter::successors(sites[site].parent, |around| sites[*around].parent).count()
}

/// Returns the edit that changes the text of each event by the splices that `change` returns for it.
pub(super) fn rewrite_each(view: &dyn View, change: impl Fn(&str, &[Site]) -> Vec<Splice>) -> Edit {
    let rewrite = |place| {
        let text = view.text(place)?;
        let splices = change(&text, &sites(&text));
        (!splices.is_empty()).then(|| Rewrite { event: view.number(place), splices })
    };
    Edit::Rewrite((0..view.len()).filter_map(rewrite).collect())
}

/// Returns the edit that replaces every value for which `goes` returns true by `content`.
pub(super) fn rename(view: &dyn View, goes: impl Fn(&Value) -> bool, content: &str) -> Edit {
    rewrite_each(view, |text, sites| {
        let has_it = |site: &&Site| goes(&Value::of(text, site));
        let put = |site: &Site| Splice(site.span.start, site.span.end, content.to_owned());
        sites.iter().filter(has_it).map(put).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, goes: impl Fn(&Site) -> bool) -> String {
        let splices = take_away(&sites(text), goes);
        Rewrite { event: 1, splices }.apply(text).expect("the splices fit")
    }

    #[test]
    fn every_value_has_its_path_and_place() {
        let text = r#" {"a": [1, {"b":"x\"]"}], "c":{},"d" :null}"#;
        let found: Vec<_> = sites(text).into_iter().map(|site| (site.path, &text[site.span])).collect();
        let expected = [
            ("", text.trim()),
            (".a", r#"[1, {"b":"x\"]"}]"#),
            (".a[]", "1"),
            (".a[]", r#"{"b":"x\"]"}"#),
            (".a[].b", r#""x\"]""#),
            (".c", "{}"),
            (".d", "null"),
        ];
        assert_eq!(found, expected.map(|(path, value)| (path.to_owned(), value)));
    }

    #[test]
    fn what_is_not_json_is_words() {
        let found: Vec<_> = sites("3 :ok  [2 é-1]\n").into_iter().map(|site| (site.path, site.kind)).collect();
        let expected = [("#0", Kind::Number), ("#1", Kind::Word), ("#2", Kind::Number), ("#3", Kind::Word)];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert_eq!(sites("{open 1}").len(), 2);
        for (line, expected) in
            [("-2.5 1234.56 30ms 5.", vec!["-2.5", "1234.56", "30", "5"]), ("1.2.3 10.0.0.1 1e5 5cafe 4-5 -", vec![])]
        {
            let numbers = sites(line).into_iter().filter(|site| site.kind == Kind::Number);
            assert_eq!(numbers.map(|site| &line[site.span]).collect::<Vec<_>>(), expected);
        }
        let line = "[10/Oct/2026:13:55:36 -0700] 7";
        let found: Vec<_> = sites(line).into_iter().map(|site| &line[site.span]).collect();
        assert_eq!(found, ["10/Oct/2026:13:55:36 -0700", "7"]);
    }

    #[test]
    fn members_go_with_one_comma_and_leave_the_rest_as_it_is() {
        let text = r#"{"a": 1 , "b":[1, 2,3], "c": 3}"#;
        assert_eq!(without(text, |site| site.path == ".a"), r#"{"b":[1, 2,3], "c": 3}"#);
        assert_eq!(without(text, |site| site.path == ".b"), r#"{"a": 1, "c": 3}"#);
        assert_eq!(without(text, |site| site.path == ".c"), r#"{"a": 1 , "b":[1, 2,3]}"#);
        assert_eq!(without(text, |site| site.path == ".a" || site.path == ".b"), r#"{"c": 3}"#);
        assert_eq!(without(text, |site| site.path.starts_with(".b")), r#"{"a": 1, "c": 3}"#);
        assert_eq!(without(text, |site| site.path == ".b[]"), r#"{"a": 1 , "b":[], "c": 3}"#);
        assert_eq!(without(text, |_| true), "{}");
    }

    #[test]
    fn blanks_in_texts_are_no_blanks() {
        let text = "{ \"a \\\" b\" :\t[ 1 ] } \n";
        let spans = blanks(text, &sites(text));
        let kept = spans.iter().rev().fold(text.to_owned(), |mut text, span| {
            text.replace_range(span.clone(), "");
            text
        });
        assert_eq!(kept, "{\"a \\\" b\":[1]} \n");
    }
}
