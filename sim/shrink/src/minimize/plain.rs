//! The pass that replaces ids, times and hashes by plain ones of the same kind.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, Splice};
use super::pass::{Pass, View};
use super::sites::{Kind, Site, rewrite_each, sites};
use super::times::{self, Time};

/// The kinds of text that this pass knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Groups of 8, 4, 4, 4 and 12 hexadecimal digits.
    Uuid,
    /// A time that is written as this one is, apart from its fraction and its zone.
    Time(String),
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
        // Texts of one form in order: times by what they say, others as texts.
        let mut forms: BTreeMap<Form, BTreeSet<([u64; 7], String)>> = BTreeMap::new();
        for text in (0..view.len()).filter_map(|place| view.text(place)) {
            for content in sites(&text).iter().filter_map(|site| content(&text, site)) {
                if let Some((form, rank)) = Form::of(content) {
                    forms.entry(form).or_default().insert((rank, content.to_owned()));
                }
            }
        }
        for (form, texts) in forms.into_iter().rev() {
            let plain = |simplest| {
                let all =
                    texts.iter().zip(1..).map(|((_, text), number)| (text.clone(), form.plain(text, number, simplest)));
                all.filter(|(text, plain)| text != plain).collect::<BTreeMap<_, _>>()
            };
            let all = plain(false);
            if all.len() > 1 {
                self.tries.extend(all.iter().map(|(text, plain)| BTreeMap::from([(text.clone(), plain.clone())])));
            }
            let simplest = Some(plain(true)).filter(|simplest| *simplest != all);
            self.tries.extend([Some(all), simplest].into_iter().flatten().filter(|all| !all.is_empty()));
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
    /// Returns the form of a text, and the rank of a time.
    fn of(text: &str) -> Option<(Self, [u64; 7])> {
        if let Some(Time { rank, form }) = Time::of(text) {
            return Some((Self::Time(form), rank));
        }
        let is_hex = |part: &str| part.chars().all(|char| char.is_ascii_hexdigit());
        let lengths = text.split('-').map(str::len);
        if text.split('-').all(is_hex) && lengths.eq([8, 4, 4, 4, 12]) {
            return Some((Self::Uuid, [0; 7]));
        }
        let is_decimal = text.len() >= DIGITS_MIN && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_decimal || text.len() >= HASH_MIN && is_hex(text)).then_some((Self::Digits(text.len()), [0; 7]))
    }

    /// Returns the plain text with this number for `text`. The simplest time of RFC 3339 has no fraction and is in UTC.
    fn plain(&self, text: &str, number: usize, simplest: bool) -> String {
        match self {
            Self::Uuid => format!("00000000-0000-0000-0000-{number:012x}"),
            Self::Time(form) => {
                let is_rfc_3339 = form.ends_with('Z') && form.as_bytes().get(10) == Some(&b'T');
                times::plain(if simplest && is_rfc_3339 { form } else { text }, number)
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
            ("2026-11-29T05:06:07.123+01:00", Form::Time("2000-01-01T00:00:00Z".to_owned())),
            ("10/Oct/2026:13:55:36 -0700", Form::Time("01/Apr/2000:00:00:00 Z".to_owned())),
            ("1837462539", Form::Digits(10)),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Form::Digits(40)),
        ];
        for (text, form) in texts {
            let of = |text: &str| Form::of(text).map(|(form, _)| form);
            assert_eq!(of(text).as_ref(), Some(&form), "{text}");
            let plain: Vec<_> = [1, 2, 75].map(|number| form.plain(text, number, false)).to_vec();
            assert!(plain.is_sorted() && plain.iter().all(|plain| of(plain).as_ref() == Some(&form)), "{plain:?}");
        }
        for text in ["", "reverse", "acc-1", "deadbeef", "12"] {
            assert_eq!(Form::of(text), None, "{text}");
        }
    }
}
