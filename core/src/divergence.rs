//! Divergences: the parts in which the recorded, incremental, recomputed and restated results for a key differ.

use alloc::vec::Vec;

use serde::Serialize;

use crate::words::{Tag, Words};

/// The result of comparing one part of a state with the same part of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// State and view have the same value.
    Equal,
    /// The part has one value in the state and another in the view.
    Diverged,
    /// The trace is a window of the history, and the value depends on something before it.
    NotDerivable,
}

/// The result of comparing a state with a view, part by part. Each part is named after a field of the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<(&'static str, Comparison)>,
}

impl Parts {
    /// Compares two views. If they differ, each field of the struct that a view is becomes a part.
    ///
    /// The fields compare as serde writes them. If a view is no struct, or if no field differs, the only part is `view`
    /// itself.
    pub fn of<V: PartialEq + Serialize>(one: &V, other: &V) -> Self {
        if one == other {
            return Self::whole(true);
        }
        let (one, other) = (Fields::of(one), Fields::of(other));
        let named = |parts: Self, name| parts.part(name, one.get(name) == other.get(name));
        let only_other = other.names().filter(|name| one.get(name).is_none());
        let parts = one.names().chain(only_other).fold(Self::default(), named);
        if parts.agree() || one.around() != other.around() { Self::whole(false) } else { parts }
    }

    /// The names of the parts of a view: the fields of the struct that it is, in their order. A view that is no struct
    /// has none.
    pub fn names<V: Serialize>(view: &V) -> Vec<&'static str> {
        Fields::of(view).names().collect()
    }

    /// Builds the result of a comparison as a whole, with `view` as its only part.
    pub fn whole(equal: bool) -> Self {
        Self::default().part("view", equal)
    }

    /// Builds a result whose only part is `part`, which is not derivable.
    pub fn not_derivable(part: &'static str) -> Self {
        Self::default().unknown(part)
    }

    /// Adds `part`: equal, or diverged if `equal` is false.
    #[must_use]
    pub fn part(mut self, part: &'static str, equal: bool) -> Self {
        self.parts.push((part, if equal { Comparison::Equal } else { Comparison::Diverged }));
        self
    }

    /// Adds `part` as not derivable.
    #[must_use]
    pub fn unknown(mut self, part: &'static str) -> Self {
        self.parts.push((part, Comparison::NotDerivable));
        self
    }

    /// Turns a result for a window into one for a complete trace if `complete`: parts that are not derivable diverged,
    /// because a complete trace lacks nothing.
    #[must_use]
    pub fn within(mut self, complete: bool) -> Self {
        for (_, comparison) in &mut self.parts {
            if complete && *comparison == Comparison::NotDerivable {
                *comparison = Comparison::Diverged;
            }
        }
        self
    }

    /// Iterates over the parts and the result for each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        self.parts.iter().copied()
    }

    /// Iterates over the parts that diverged.
    pub fn diverged(&self) -> impl Iterator<Item = &'static str> {
        self.with(Comparison::Diverged)
    }

    /// Iterates over the parts that are not derivable.
    pub fn underivable(&self) -> impl Iterator<Item = &'static str> {
        self.with(Comparison::NotDerivable)
    }

    /// Returns `true` if no part diverged. Parts that are not derivable do not count as diverged.
    pub fn agree(&self) -> bool {
        self.diverged().next().is_none()
    }

    fn with(&self, which: Comparison) -> impl Iterator<Item = &'static str> {
        self.iter().filter(move |(_, comparison)| *comparison == which).map(|(part, _)| part)
    }
}

/// Words, each with its tag and its length.
type Said = Vec<(Tag, u64, u64)>;

/// A value as words, apart for each of its fields if it is a struct.
struct Fields {
    /// The number of lists, structs and maps around the next word.
    depth: usize,
    /// The name of each field, with its words. First come the words outside all fields, without a name.
    fields: Vec<(&'static str, Said)>,
}

impl Fields {
    fn of<V: Serialize>(value: &V) -> Self {
        let mut fields = Self { depth: 0, fields: alloc::vec![("", Vec::new())] };
        fields.value(value);
        fields
    }

    /// The names of the fields, in their order.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields[1..].iter().map(|(name, _)| *name)
    }

    /// The words of a field.
    fn get(&self, field: &str) -> Option<&Said> {
        self.fields[1..].iter().find(|(name, _)| *name == field).map(|(_, words)| words)
    }

    /// The words before the first field, such as the name of an enum's variant.
    fn around(&self) -> &Said {
        &self.fields[0].1
    }
}

impl Words for Fields {
    fn word(&mut self, tag: Tag, length: u64, word: u64) {
        self.depth = match tag {
            Tag::List | Tag::Fields => self.depth + 1,
            Tag::End => self.depth - 1,
            _ => self.depth,
        };
        // The end of the struct itself holds the number of its fields, which differs if one of them is skipped.
        if self.depth > 0 || tag != Tag::End {
            let last = self.fields.len() - 1;
            self.fields[last].1.push((tag, length, word));
        }
    }

    fn field(&mut self, name: &'static str) {
        if self.depth == 1 {
            self.fields.push((name, Vec::new()));
        } else {
            self.bytes(Tag::Text, name.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct View {
        balance: i64,
        holds: Vec<Hold>,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Hold {
        balance: i64,
    }

    #[derive(PartialEq, Serialize)]
    enum Account {
        Open { balance: i64, note: &'static str },
        Closed { balance: i64 },
    }

    /// The parts that diverged between two views.
    fn diverged<V: PartialEq + Serialize>(one: &V, other: &V) -> Vec<&'static str> {
        Parts::of(one, other).diverged().collect()
    }

    #[test]
    fn each_field_that_differs_is_named() {
        let view = View { balance: 5, holds: alloc::vec![Hold { balance: 1 }], note: None };
        assert!(Parts::of(&view, &view).agree());
        assert_eq!(diverged(&view, &View { balance: 6, ..view.clone() }), ["balance"]);
        assert_eq!(diverged(&view, &View { holds: alloc::vec![Hold { balance: 2 }], ..view.clone() }), ["holds"]);
        let noted = View { balance: 6, note: Some("x".to_string()), ..view.clone() };
        assert_eq!(diverged(&view, &noted), ["balance", "note"]);
        assert_eq!(diverged(&noted, &view), ["balance", "note"]);
        assert_eq!(diverged(&Some(noted), &None), ["view"]);
    }

    #[test]
    fn what_is_no_struct_is_a_whole() {
        assert_eq!(diverged(&5, &6), ["view"]);
        assert_eq!(diverged(&[Hold { balance: 1 }], &[Hold { balance: 2 }]), ["view"]);
        assert_eq!(diverged(&f64::NAN, &f64::NAN), ["view"]);
        let open = |balance| Account::Open { balance, note: "" };
        assert_eq!(diverged(&open(1), &open(2)), ["balance"]);
        assert_eq!(diverged(&open(1), &Account::Closed { balance: 1 }), ["view"]);
    }
}
