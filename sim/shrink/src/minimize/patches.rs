//! Patches: events that name places of a text by offset, and where these places are if some of the events are removed.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::candidate::Item;
use super::edit::{Rewrite, Splice};
use super::oracle::Content;
use super::sites::{Kind, Site, sites};

/// The fields of the patches of a trace: each replaces some units of a text by others.
///
/// All of them are members of the same object or array, and an event can have several such patches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The offset of the first unit to replace.
    pub(super) at: Member,
    /// The number of units to delete, if patches delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delete: Option<Member>,
    /// The text to insert, if patches insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) insert: Option<Member>,
    /// The name of the text, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Member>,
    /// The unit of offsets.
    pub(super) unit: Unit,
}

/// The path of a field, and how many members of the same object or array before it have this path, as elements have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Member(pub(super) String, pub(super) usize);

/// The unit in which offsets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    /// Unicode scalar values.
    Chars,
    /// 16-bit code units, as in JavaScript and Java.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl Unit {
    pub(super) const ALL: [Self; 3] = [Self::Chars, Self::Utf16, Self::Bytes];

    fn length(self, text: &str) -> u64 {
        let length = match self {
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
        };
        length as u64
    }
}

/// The members of one object or array, each with the value at its site.
#[derive(Clone, Debug)]
pub(super) struct Members {
    values: BTreeMap<Member, Value>,
}

/// A value of a patch.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A number, and the bytes that it takes.
    Number(u64, Range<usize>),
    /// A text.
    Text(String),
}

/// What a patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) at: u64,
    pub(super) delete: u64,
    /// The length of the text that is inserted.
    pub(super) insert: u64,
}

impl Members {
    /// Returns the members of every object and array of an event, those that hold a number.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let sites = sites(text);
        let mut all: BTreeMap<usize, BTreeMap<Member, Value>> = BTreeMap::new();
        for site in &sites {
            let (Some(parent), Some(value)) = (site.parent, Value::of(text, site)) else { continue };
            let members = all.entry(parent).or_default();
            let nth = (0..).find(|nth| !members.contains_key(&Member(site.path.clone(), *nth))).unwrap_or_default();
            members.insert(Member(site.path.clone(), nth), value);
        }
        let has_number = |members: &BTreeMap<_, Value>| members.values().any(|value| value.number().is_some());
        all.into_values().filter(has_number).map(|values| Self { values }).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Member, &Value)> {
        self.values.iter()
    }

    /// Returns the patch that these fields make, if there is one.
    pub(super) fn patch(&self, fields: &Fields) -> Option<Patch> {
        let value = |member: &Option<Member>| self.values.get(member.as_ref()?);
        let at = self.values.get(&fields.at)?.number()?;
        let delete = value(&fields.delete).and_then(Value::number).unwrap_or_default();
        let insert = value(&fields.insert).and_then(Value::text).map_or(0, |text| fields.unit.length(text));
        Some(Patch { at, delete, insert })
    }

    /// Returns the name of the text that is patched. It is empty if there is only one.
    pub(super) fn text(&self, fields: &Fields) -> &str {
        fields.text.as_ref().and_then(|member| self.values.get(member)).and_then(Value::text).unwrap_or_default()
    }

    /// Returns the splice that sets a number, unless it has this value.
    fn set(&self, member: &Member, to: u64) -> Option<Splice> {
        match self.values.get(member)? {
            Value::Number(from, span) if *from != to => Some(Splice(span.start, span.end, to.to_string())),
            _ => None,
        }
    }
}

impl Value {
    fn of(text: &str, site: &Site) -> Option<Self> {
        let content = &text[site.span.clone()];
        match site.kind {
            Kind::Number => content.parse().ok().map(|number| Self::Number(number, site.span.clone())),
            Kind::Text => serde_json::from_str(content).ok().map(Self::Text),
            Kind::Object | Kind::Array | Kind::Word => None,
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        if let Self::Number(number, _) = self { Some(*number) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Returns the changes after which each event that stays patches the same part of a text as before, although the events
/// in the spans of `remove` are gone.
pub(super) fn rebase<T>(
    items: &[Item<T>],
    remove: &[(u64, u64)],
    fields: &Fields,
    content: &dyn Content<T>,
) -> Vec<Rewrite> {
    let (mut texts, mut rewrites) = (BTreeMap::<String, Alignment>::new(), Vec::new());
    let first = remove.first().map_or(u64::MAX, |(first, _)| *first);
    for Item { number: event, value } in &items[items.partition_point(|item| item.number < first)..] {
        let goes = remove.get(remove.partition_point(|(_, last)| last < event)).is_some_and(|(from, _)| from <= event);
        let Some(text) = content.text(value) else { continue };
        let mut splices = Vec::new();
        for members in Members::all(&text) {
            let Some(patch) = members.patch(fields) else { continue };
            let alignment = match texts.get_mut(members.text(fields)) {
                Some(alignment) => alignment,
                None if goes => texts.entry(members.text(fields).to_owned()).or_default(),
                None => continue,
            };
            let (at, delete) = alignment.apply(patch, goes);
            splices.extend(members.set(&fields.at, at));
            splices.extend(fields.delete.as_ref().and_then(|member| members.set(member, delete)));
        }
        if !goes && !splices.is_empty() {
            splices.sort_by_key(|splice| splice.0);
            rewrites.push(Rewrite { event: *event, splices });
        }
    }
    rewrites
}

/// How a text in which some patches are left out agrees with the text that has all of them. What lies behind the runs
/// is the same in both.
#[derive(Clone, Debug, Default)]
struct Alignment {
    runs: Vec<Run>,
}

/// A part of the two texts: the same in both, or missing in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The length in the text that has all patches.
    before: u64,
    /// The length in the text without some of them.
    after: u64,
}

impl Run {
    fn is_alike(self, other: Self) -> bool {
        (self.before == self.after) == (other.before == other.after) && (self.before == 0) == (other.before == 0)
    }
}

impl Alignment {
    /// Applies a patch of the text that has all of them. If the patch `goes`, it is left out of the other text. Returns
    /// the offset and the length of the same part in the other text.
    fn apply(&mut self, Patch { at, delete, insert }: Patch, goes: bool) -> (u64, u64) {
        let mut start = self.cut(at);
        // What was deleted only from the text that has all patches stays before the cursor.
        while self.runs.get(start).is_some_and(|run| run.before == 0) {
            start += 1;
        }
        let end = self.cut(at.saturating_add(delete)).max(start);
        let after = |runs: &[Run]| runs.iter().map(|run| run.after).sum();
        let (offset, length) = (after(&self.runs[..start]), after(&self.runs[start..end]));
        let put = if goes {
            vec![Run { before: 0, after: length }, Run { before: insert, after: 0 }]
        } else {
            vec![Run { before: insert, after: insert }]
        };
        self.runs.splice(start..end, put);
        self.runs.retain(|run| run.before + run.after > 0);
        self.runs.dedup_by(|next, run| {
            let alike = run.is_alike(*next);
            if alike {
                *run = Run { before: run.before + next.before, after: run.after + next.after };
            }
            alike
        });
        (offset, length)
    }

    /// Makes a run begin at this offset of the text that has all patches, and returns its index.
    fn cut(&mut self, offset: u64) -> usize {
        let mut left = offset;
        for (index, run) in self.runs.iter_mut().enumerate() {
            if left == 0 {
                return index;
            }
            if left < run.before {
                // A run that is in this text is either the same in both, or only in this one.
                let kept = left.min(run.after);
                let rest = Run { before: run.before - left, after: run.after - kept };
                *run = Run { before: left, after: kept };
                self.runs.insert(index + 1, rest);
                return index + 1;
            }
            left -= run.before;
        }
        if left > 0 {
            self.runs.push(Run { before: left, after: left });
        }
        self.runs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator with a fixed seed (xorshift).
    fn draw(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }

    /// What is in both texts is patched in the same way: each letter of a patch that stays is in the other text exactly
    /// if it is in the text with all patches, or if only a removed patch has deleted it.
    #[test]
    fn patches_that_stay_patch_the_same_text() {
        for seed in 1..500 {
            let mut state = seed * 0x9e37_79b9;
            // The letters of the two texts, each with whether a removed patch has put it there.
            let (mut before, mut after) = (Vec::<(u64, bool)>::new(), Vec::<(u64, bool)>::new());
            let mut alignment = Alignment::default();
            let mut deleted_by_removed = Vec::new();
            for number in 0..40 {
                let goes = draw(&mut state, 3) == 0;
                let at = draw(&mut state, before.len() as u64 + 1);
                let delete = draw(&mut state, 4).min(before.len() as u64 - at);
                let insert = draw(&mut state, 4);
                let (offset, length) = alignment.apply(Patch { at, delete, insert }, goes);
                let letters = (0..insert).map(|letter| (number * 10 + letter, goes));
                let span = at as usize..(at + delete) as usize;
                let deleted: Vec<_> = before.splice(span, letters.clone()).collect();
                if goes {
                    deleted_by_removed.extend(deleted);
                } else {
                    let end = (offset + length) as usize;
                    assert!(end <= after.len(), "seed {seed}: a patch lies outside of the text");
                    let gone: Vec<_> = after.splice(offset as usize..end, letters).collect();
                    let expected = deleted.into_iter().filter(|(_, goes)| !goes);
                    let gone = gone.into_iter().filter(|letter| !deleted_by_removed.contains(letter));
                    assert!(gone.eq(expected), "seed {seed}");
                }
            }
            let kept = before.into_iter().filter(|(_, goes)| !goes);
            assert!(after.into_iter().filter(|letter| !deleted_by_removed.contains(letter)).eq(kept), "seed {seed}");
        }
    }
}
