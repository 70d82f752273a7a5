//! Tests of the library's minimizer: the promises of every search, its number of runs, and the planted bugs of the
//! example systems.

mod challenges;
mod flaky;
mod kinds;
mod laws;
mod long_lines;
mod never_worse;
mod patches;
mod payload;
mod positions;
mod rebase;
mod reproduce;
mod runs;
mod stopped;
mod system;
mod witness;

use std::borrow::Cow;

use afresh::Subject;
use afresh::format::{Options, Reader};
use afresh::minimize::{Candidate, Content, Identity, Item};
use afresh::oracle::{Examined, examine, values};
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

/// So many cases, the same ones every time.
pub(crate) fn config(cases: u32, seed: u64) -> Config {
    Config {
        cases,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    }
}

/// What is known of lines without an oracle that says more: their texts, and the values that link them.
pub(crate) struct Plain;

impl Content<String> for Plain {
    fn identity(&self, candidate: &Candidate<'_, String>) -> Identity {
        Identity::of(candidate.values())
    }

    fn links(&self, line: &String) -> Vec<u64> {
        values(line.as_bytes())
    }

    fn text<'e>(&self, line: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(line))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// Opens a trace for a search.
pub(crate) fn open<'s, S: Subject>(system: &'s S, file: &[u8]) -> Examined<'s> {
    let reader = Reader::new("generated", file, Options::default()).expect("it has a header");
    examine(system, reader, || false).expect("it can be read")
}

/// The numbers of the events that are left.
pub(crate) fn numbers<T>(items: &[Item<T>]) -> Vec<u64> {
    items.iter().map(|item| item.number).collect()
}
