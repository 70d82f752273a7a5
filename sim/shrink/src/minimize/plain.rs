//! The pass that replaces ids, times and hashes by plain ones of the same kind.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, rewrite_each, sites};

/// The kinds of text that this pass knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Groups of 8, 4, 4, 4 and 12 hexadecimal digits.
    Uuid,
    /// A time of RFC 3339 in UTC, without a fraction.
    Time,
    /// At least 16 hexadecimal digits, or at least 4 decimal ones. Holds their number.
    Digits(usize),
}

/// The fewest decimal digits, and the fewest hexadecimal digits, of a text that is taken for an id or a hash.
const DIGITS_MIN: usize = 4;
const HASH_MIN: usize = 16;

/// Replaces all texts of one form by plain texts of the same form, which are numbered in the order of the texts. Where
/// that loses the bug, tries each text alone.
///
/// A system may read a text only if it has this form, so it cannot become a letter. Equal texts stay equal, others stay
/// different, and times keep their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Plain {
    /// The edits still to try, the next one last: texts, each with the text that replaces it.
    tries: Vec<BTreeMap<String, String>>,
}

impl Pass for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn begin(&mut self, view: &dyn View) {
        let mut forms: BTreeMap<Form, BTreeSet<String>> = BTreeMap::new();
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for content in sites(&text).iter().filter_map(|site| content(&text, site)) {
                if let Some(form) = Form::of(content) {
                    forms.entry(form).or_default().insert(content.to_owned());
                }
            }
        }
        for (form, texts) in forms.into_iter().rev() {
            let plain = (1..).map(|number| form.plain(number));
            let all: BTreeMap<_, _> = texts.into_iter().zip(plain).filter(|(text, plain)| text != plain).collect();
            if all.len() > 1 {
                self.tries.extend(all.iter().map(|(text, plain)| BTreeMap::from([(text.clone(), plain.clone())])));
            }
            self.tries.extend((!all.is_empty()).then_some(all));
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        let plain = self.tries.pop()?;
        Some(rewrite_each(view, |text, sites| {
            let change = |site: &Site| {
                let content = content(text, site)?;
                // A text stands in quotes, and a word does not.
                let from = site.span.start + usize::from(site.kind == Kind::Text);
                Some(Splice(from, from + content.len(), plain.get(content)?.clone()))
            };
            sites.iter().filter_map(change).collect()
        }))
    }

    fn judged(&mut self, _: bool) {}
}

/// Returns what a text or a word says.
fn content<'t>(text: &'t str, site: &Site) -> Option<&'t str> {
    match site.kind {
        Kind::Text => text.get(site.span.start + 1..site.span.end - 1),
        Kind::Word => text.get(site.span.clone()),
        Kind::Object | Kind::Array | Kind::Number => None,
    }
}

impl Form {
    fn of(text: &str) -> Option<Self> {
        let shape = |char: char| match char {
            '0'..='9' => '9',
            'a'..='f' | 'A'..='F' => 'a',
            other => other,
        };
        let is_hex = |part: &str| part.chars().all(|char| char.is_ascii_hexdigit());
        let lengths = text.split('-').map(str::len);
        if text.split('-').all(is_hex) && lengths.eq([8, 4, 4, 4, 12]) {
            return Some(Self::Uuid);
        }
        let is_time = text.chars().map(shape).take(19).collect::<String>() == "9999-99-99T99:99:99";
        if is_time && text.get(19..).is_some_and(|rest| rest.starts_with(['Z', '.', '+', '-'])) {
            return Some(Self::Time);
        }
        let is_decimal = text.len() >= DIGITS_MIN && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_decimal || text.len() >= HASH_MIN && is_hex(text)).then_some(Self::Digits(text.len()))
    }

    /// Returns the plain text with this number.
    fn plain(self, number: usize) -> String {
        match self {
            Self::Uuid => format!("00000000-0000-0000-0000-{number:012x}"),
            Self::Time => {
                let (minutes, seconds) = (number / 60, number % 60);
                format!("2000-01-01T{:02}:{:02}:{seconds:02}Z", minutes / 60 % 24, minutes % 60)
            }
            Self::Digits(length) => format!("{number:0length$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_plain_texts_that_read_back_and_keep_their_order() {
        let texts = [
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", Form::Uuid),
            ("2026-11-29T05:06:07.123+01:00", Form::Time),
            ("2026-11-29T05:06:07Z", Form::Time),
            ("1837462539", Form::Digits(10)),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Form::Digits(40)),
        ];
        for (text, form) in texts {
            assert_eq!(Form::of(text), Some(form), "{text}");
            let plain: Vec<_> = [1, 2, 75].map(|number| form.plain(number)).to_vec();
            assert!(plain.is_sorted() && plain.iter().all(|plain| Form::of(plain) == Some(form)), "{plain:?}");
        }
        for text in ["", "reverse", "acc-1", "2026-11-29", "deadbeef", "12"] {
            assert_eq!(Form::of(text), None, "{text}");
        }
    }
}
