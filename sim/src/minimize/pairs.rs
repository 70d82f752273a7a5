//! Drops any two events together.

use std::ops::RangeInclusive;

use super::edit::Edit;
use super::pass::{Pass, View};

/// The lengths of traces in which it is tried: there are too many pairs in a longer one, and a shorter one is small enough.
const LENGTHS: RangeInclusive<usize> = 6..=12;

/// Tries every pair, the last one first. Where no single event can go, two that need each other still may.
///
/// What has gone before is looked at first by all other passes, so it comes last in a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// The pairs that are left to try, by number.
    pairs: Vec<[u64; 2]>,
}

impl Pass for Pairs {
    fn name(&self) -> &'static str {
        "pair"
    }

    fn begin(&mut self, view: &dyn View) {
        if LENGTHS.contains(&view.len()) {
            let second = |first: usize| (first + 1..view.len()).map(move |second| [first, second]);
            let pairs = (0..view.len()).flat_map(second);
            self.pairs = pairs.map(|pair| pair.map(|place| view.number(place))).collect();
        }
    }

    fn propose(&mut self, view: &dyn View) -> Option<Edit> {
        loop {
            let pair = self.pairs.pop()?;
            if pair.iter().all(|number| view.place(*number).is_some()) {
                return Some(view.remove_all(&pair));
            }
        }
    }

    fn judged(&mut self, _: bool) {}
}
