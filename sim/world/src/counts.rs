//! Counts of what happened in runs, such as "29 messages, 113 lost".

use std::fmt::{self, Display};

use afresh_trace::text::count;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Counts of what happened in one run or in several, such as "29 messages, 113 lost".
///
/// Each count has a word that can follow a number: a participle, such as `delivered`, or a plural noun, such as
/// `messages`. For a count of one, the `s` at the end of the word is omitted. Each kind of
/// [`Explorer`](crate::explore::Explorer) uses its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(IndexMap<String, u64>);

impl Counts {
    /// Creates the counts of one run from pairs of a word and a number.
    #[must_use]
    pub fn new<const N: usize>(counted: [(&str, u64); N]) -> Self {
        Self(counted.into_iter().map(|(word, number)| (word.to_owned(), number)).collect())
    }

    /// Returns the count of this word, or 0 if there is none.
    #[must_use]
    pub fn get(&self, word: &str) -> u64 {
        self.0.get(word).copied().unwrap_or_default()
    }

    /// Adds the counts of other runs to these, word by word. A sum stays at the greatest number that 64 bits can hold.
    ///
    /// Returns whether all sums are right.
    pub fn add(&mut self, other: &Self) -> bool {
        let mut are_right = true;
        for (word, number) in &other.0 {
            let sum = self.0.entry(word.clone()).or_default();
            are_right &= sum.checked_add(*number).is_some();
            *sum = sum.saturating_add(*number);
        }
        are_right
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (word, number)) in self.0.iter().enumerate() {
            let separator = if place > 0 { ", " } else { "" };
            write!(f, "{separator}{}", count(*number, word.strip_suffix('s').unwrap_or(word), word))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn counts_are_told_in_their_order_and_add_up() {
        let mut counts = Counts::default();
        counts.add(&Counts::new([("messages", 1), ("lost", 0)]));
        assert_eq!(counts.to_string(), "1 message, 0 lost");
        counts.add(&Counts::new([("messages", 1300), ("lost", 1), ("faults", 1)]));
        assert_eq!(counts.to_string(), "1,301 messages, 1 lost, 1 fault");
        let written = serde_json::to_string(&counts).unwrap();
        assert_eq!(written, r#"{"messages":1301,"lost":1,"faults":1}"#);
        assert_eq!(serde_json::from_str::<Counts>(&written).unwrap(), counts);
    }
}
