//! The seeds of a campaign, its shards, and the chunks in which the seeds are run.

use std::ops::Range;
use std::str::FromStr;

/// The number of seeds in a chunk, which one thread runs and which is one line of the campaign.
pub(super) const CHUNK: u64 = 64;

/// A range of seeds that is not empty: from the first up to but not including the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let range = text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
        range
            .filter(|range: &Range<u64>| !range.is_empty())
            .map(Self)
            .ok_or_else(|| "expected A..B, the first seed and one more than the last, such as 0..1000".to_owned())
    }
}

/// One of several equal parts of the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// The number of this part, from 1.
    number: u64,
    /// The number of parts.
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let shard = parts.filter(|(number, of)| (1..=*of).contains(number));
        let shard = shard.map(|(number, of)| Self { number, of });
        shard.ok_or_else(|| "expected i/n, for part i (from 1) of n parts, such as 2/4".to_owned())
    }
}

/// Returns the seeds of a shard that were not run yet, in chunks.
///
/// `done` holds the ranges that were run, in order and without overlaps. A whole block of [`CHUNK`] seeds belongs to
/// one shard, and no chunk crosses two blocks, so the shards of several machines do not overlap.
pub(super) fn chunks(seeds: &Seeds, shard: Shard, done: &[Range<u64>]) -> impl Iterator<Item = Range<u64>> {
    gaps(&seeds.0, done).into_iter().flat_map(move |gap| {
        let block = move |number: u64| {
            let first = number.checked_mul(CHUNK).filter(|first| *first < gap.end)?;
            Some((number, first.max(gap.start)..first.saturating_add(CHUNK).min(gap.end)))
        };
        let first = shard.first_from(gap.start / CHUNK).and_then(block);
        std::iter::successors(first, move |(number, _)| number.checked_add(shard.of).and_then(block))
            .map(|(_, chunk)| chunk)
    })
}

/// Returns the number of seeds of a shard that were not run yet. Takes no longer if there are many of them.
pub(super) fn left(seeds: &Seeds, shard: Shard, done: &[Range<u64>]) -> u64 {
    gaps(&seeds.0, done).into_iter().map(|gap| shard.below(gap.end) - shard.below(gap.start)).sum()
}

/// Returns the ranges of `seeds` that are not in `done`.
fn gaps(seeds: &Range<u64>, done: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut first = seeds.start;
    let mut gaps = Vec::new();
    for done in done.iter().filter(|done| done.end > seeds.start && done.start < seeds.end) {
        gaps.push(first..done.start);
        first = done.end;
    }
    gaps.push(first..seeds.end);
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

impl Shard {
    /// Returns the first block of this shard that is not below `block`.
    fn first_from(self, block: u64) -> Option<u64> {
        let (ours, place) = (self.number - 1, block % self.of);
        block.checked_add(if ours >= place { ours - place } else { self.of - (place - ours) })
    }

    /// Returns how many seeds of this shard are below `seed`.
    fn below(self, seed: u64) -> u64 {
        let (blocks, rest) = (seed / CHUNK, seed % CHUNK);
        let whole = blocks / self.of + u64::from(blocks % self.of > self.number - 1);
        whole * CHUNK + if blocks % self.of == self.number - 1 { rest } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seeds: &str, shard: &str, done: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let done: Vec<_> = done.iter().map(|(first, end)| *first..*end).collect();
        let (seeds, shard) = (seeds.parse().expect("seeds"), shard.parse().expect("a shard"));
        let chunks: Vec<_> = chunks(&seeds, shard, &done).map(|chunk| (chunk.start, chunk.end)).collect();
        assert_eq!(chunks.iter().map(|(first, end)| end - first).sum::<u64>(), left(&seeds, shard, &done));
        chunks
    }

    #[test]
    fn all_seeds_are_given_out_once_and_what_is_done_is_not() {
        assert_eq!(of("3..200", "1/1", &[]), [(3, 64), (64, 128), (128, 192), (192, 200)]);
        assert_eq!(of("3..200", "2/3", &[]), [(64, 128)]);
        let left = [(10, 20), (130, 192), (192, 200)];
        assert_eq!(of("3..200", "1/1", &[(0, 10), (20, 64), (64, 130)]), left);
        assert_eq!(of("3..10", "1/1", &[(3, 20)]), []);
        let mut all: Vec<_> = ["1/2", "2/2"].iter().flat_map(|shard| of("0..300", shard, &[])).collect();
        all.sort_unstable();
        assert!(all.into_iter().flat_map(|(first, end)| first..end).eq(0..300));
    }

    /// As many seeds as there can be are counted, and the first chunk of them is found, without a list of them.
    #[test]
    fn the_first_of_many_seeds_is_found_at_once() {
        let most = u64::MAX;
        let of = |seeds: Range<u64>, shard: &str, done: Option<Range<u64>>| {
            let (seeds, shard) = (Seeds(seeds), shard.parse().expect("a shard"));
            let done = done.as_slice();
            (left(&seeds, shard, done), chunks(&seeds, shard, done).next())
        };
        assert_eq!(of(0..most, "1/1", None), (most, Some(0..64)));
        assert_eq!(of(0..most, "1/1", Some(0..most - 5)), (5, Some(most - 5..most)));
        assert_eq!(of(most - 1..most, "1/1", None), (1, Some(most - 1..most)));
        assert_eq!(of(1..most, &format!("{most}/{most}"), None), (0, None));
        assert_eq!(of(0..most, "1000000000000/1000000000000", None).1, Some(63_999_999_999_936..64_000_000_000_000));
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(["", "5", "5..", "7..7", "9..3", "a..b"].iter().all(|text| text.parse::<Seeds>().is_err()));
        assert!(["", "0/2", "3/2", "1", "1/0"].iter().all(|text| text.parse::<Shard>().is_err()));
    }
}
