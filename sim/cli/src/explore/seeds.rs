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
    let seeds = seeds.0.clone();
    let ours =
        (seeds.start / CHUNK..seeds.end.div_ceil(CHUNK)).filter(move |chunk| chunk % shard.of == shard.number - 1);
    ours.flat_map(move |chunk| {
        let (mut first, end) = (seeds.start.max(chunk * CHUNK), seeds.end.min((chunk + 1) * CHUNK));
        let mut chunks = Vec::new();
        let known = done.partition_point(|done| done.end <= first);
        for done in done[known..].iter().take_while(|done| done.start < end) {
            if done.start > first {
                chunks.push(first..done.start);
            }
            first = done.end;
        }
        if first < end {
            chunks.push(first..end);
        }
        chunks
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seeds: &str, shard: &str, done: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let done: Vec<_> = done.iter().map(|(first, end)| *first..*end).collect();
        let (seeds, shard) = (seeds.parse().expect("seeds"), shard.parse().expect("a shard"));
        chunks(&seeds, shard, &done).map(|chunk| (chunk.start, chunk.end)).collect()
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

    #[test]
    fn what_is_none_is_refused() {
        assert!(["", "5", "5..", "7..7", "9..3", "a..b"].iter().all(|text| text.parse::<Seeds>().is_err()));
        assert!(["", "0/2", "3/2", "1", "1/0"].iter().all(|text| text.parse::<Shard>().is_err()));
    }
}
