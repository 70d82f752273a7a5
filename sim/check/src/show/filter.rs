//! The selection of the events of a timeline.

use std::collections::BTreeSet;
use std::str::FromStr;

use afresh_core::{EventNumber, Key};
use afresh_trace::format::Kind;

/// A filter for the events of a timeline. An event is shown if it meets every condition; an empty condition is met.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Keys, one of which the event must concern.
    pub keys: BTreeSet<Key>,
    /// Names of messages, one of which the event must carry or be caused by.
    ///
    /// A name is `id` or `id@sender` for a message that came in, and `key/slot` for an output.
    pub messages: BTreeSet<String>,
    /// The kinds of event to show.
    pub kinds: BTreeSet<Kind>,
    /// The range that the number of the event must be in.
    pub range: Range,
    /// `true` to show only the differences between the record and the run.
    pub differences: bool,
}

impl Filter {
    /// Returns `true` if the filter allows an event of this kind and number.
    pub fn allows(&self, kind: Kind, number: EventNumber) -> bool {
        self.range.contains(number) && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    /// Returns `true` if the filter allows events that concern this key.
    pub fn allows_key(&self, key: &Key) -> bool {
        self.keys.is_empty() || self.keys.contains(key)
    }

    /// Returns `true` if the filter allows an event that concerns exactly these keys.
    pub fn allows_keys(&self, keys: &[Key]) -> bool {
        self.keys.is_empty() || keys.iter().any(|key| self.keys.contains(key))
    }

    /// Returns `true` if the filter names the message with this id and sender, or receiver, explicitly.
    pub fn names(&self, id: &str, party: &str) -> bool {
        self.messages.iter().any(|name| is_named(name, id, party))
    }
}

/// Returns `true` if `name` is `id` or `id@party`. An id may itself contain an `@`, so `name` is not split at one.
pub(crate) fn is_named(name: &str, id: &str, party: &str) -> bool {
    let Some(rest) = name.strip_prefix(id) else { return false };
    rest.is_empty() || rest.strip_prefix('@') == Some(party)
}

/// A range of event numbers with both ends included. Either end may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    first: Option<EventNumber>,
    last: Option<EventNumber>,
}

impl Range {
    /// Returns `true` if the number is in the range.
    pub fn contains(&self, number: EventNumber) -> bool {
        self.first.is_none_or(|first| number >= first) && !self.is_over(number)
    }

    /// Returns `true` if the number, and with it every higher number, is after the range.
    pub fn is_over(&self, number: EventNumber) -> bool {
        self.last.is_some_and(|last| number > last)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text {
            "" => Ok(None),
            text => {
                text.parse().map(Some).map_err(|_| "expected `A..B`, `A..`, `..B` or one number, from 1".to_owned())
            }
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let range = Self { first: number(first)?, last: number(last)? };
        match (range.first, range.last) {
            (None, None) if !text.contains("..") => {
                Err("expected a range of event numbers: `A..B`, `A..`, `..B` or one number".into())
            }
            (Some(first), Some(last)) if first > last => {
                Err(format!("{first} is higher than {last}: expected a range that rises"))
            }
            _ => Ok(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_as_documented() {
        let inside = |text: &str| {
            let range: Range = text.parse().unwrap();
            (1..=9).filter(|number| range.contains(EventNumber::new(*number).unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(inside("3..5"), [3, 4, 5]);
        assert_eq!(inside("7"), [7]);
        assert_eq!(inside("8.."), [8, 9]);
        assert_eq!(inside("..2"), [1, 2]);
        assert_eq!(inside("..").len(), 9);
        for text in ["", "0", "a..b", "5..3", "1..2..3", "-1", "3..=5"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_message_is_named_with_or_without_its_sender() {
        assert!(is_named("m-1", "m-1", "bank") && is_named("m-1@bank", "m-1", "bank"));
        assert!(is_named("a@b", "a@b", "bank") && is_named("a@b@bank", "a@b", "bank"));
        assert!(!is_named("m-1@shop", "m-1", "bank") && !is_named("m-12", "m-1", "bank") && !is_named("m", "m-1", ""));
    }
}
