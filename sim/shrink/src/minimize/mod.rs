//! The minimizer: removes and simplifies events of a failing trace, one verified step at a time.
//!
//! It works on any list of events and with any [`Oracle`], and knows nothing about files, processes or terminals:
//!
//! ```
//! use afresh_shrink::minimize::{Candidate, Verdict, minimize};
//!
//! // The bug: once a fee was taken, an account can be overdrawn.
//! let trace = ["deposit 5", "ping", "fee 1", "ping", "withdraw 9", "ping"];
//! let mut oracle = |candidate: &Candidate<'_, &str>| {
//!     let mut has_fee = false;
//!     for item in candidate.items() {
//!         match item.value.split(' ').next() {
//!             Some("fee") => has_fee = true,
//!             Some("withdraw") if has_fee => return Verdict::same_at(item.number),
//!             _ => {}
//!         }
//!     }
//!     Verdict::Passed
//! };
//! let minimized = minimize(&trace, &mut oracle)?;
//! let left: Vec<_> = minimized.items.iter().map(|item| (item.number, item.value)).collect();
//! assert_eq!(left, [(3, "fee 1"), (5, "withdraw 9")]);
//! # Ok::<(), afresh_shrink::minimize::Refusal>(())
//! ```
//!
//! Three rules hold in every search:
//!
//! * A candidate is the verified trace, the last one that showed the bug, with exactly one [`Edit`].
//! * Each candidate is one run.
//! * A candidate becomes the verified trace only if it is smaller and shows the bug.
//!
//! So the search can be stopped at any moment, and leaves a trace that fails. The accepted edits, applied to the
//! original one after another, give every trace on the way.
//!
//! The files:
//!
//! * `edit.rs`, `candidate.rs`: one change of a trace, and the trace that it gives
//! * `order.rs`: which of two traces is smaller
//! * `pass.rs`: the interface of a pass, and the order of the passes
//! * `truncate.rs`, `scope.rs`, `blocks.rs`, `slice.rs`, `groups.rs`, `spans.rs`, `singles.rs`, `pointed.rs`,
//!   `together.rs`: passes that remove events
//! * `ease.rs`, `nested.rs`, `fields.rs`, `members.rs`, `words.rs`, `names.rs`, `plain.rs`, `values.rs`,
//!   `characters.rs`, `ranks.rs`, `equal.rs`, `blanks.rs`: passes that simplify the texts of events
//! * `join.rs`, `children.rs`, `count.rs`, `places.rs`, `shift.rs`, `rebase.rs` with `patches.rs`: passes that change
//!   several values at once, because they depend on each other
//! * `late.rs`: the pass that moves late events back to where they belong
//! * `merge.rs`: the pass that removes events and changes another in one edit, where neither works alone
//! * `nearness.rs`, `units.rs`, `descent.rs`: which events are linked to the failing one, which events belong together,
//!   and the order in which parts are tried
//! * `sites.rs`, `brackets.rs`, `simpler.rs`: where the values in a text are, its brackets and tags, and which simpler
//!   values to try
//! * `confirm.rs`, `chance.rs`: the runs of the original and of the result, and the tests of a bug that is flaky
//! * `oracle.rs`, `verdict.rs`: the judge of candidates, and its verdicts
//! * `verified.rs`, `search.rs`: the verified trace, and the loop that runs passes on it and remembers verdicts
//! * `observer.rs`: the interface through which a search is watched and stopped
//! * `walk.rs`: the record of a search, from which it can be replayed and resumed
//! * `recorded.rs`: the result of a search that was stopped, from its walk alone

mod blanks;
mod blocks;
mod brackets;
mod candidate;
mod chance;
mod characters;
mod children;
mod confirm;
mod count;
mod descent;
mod ease;
mod edit;
mod equal;
mod fields;
mod groups;
mod join;
mod late;
mod members;
mod merge;
mod names;
mod nearness;
mod nested;
mod observer;
mod oracle;
mod order;
mod pass;
mod patches;
mod places;
mod plain;
mod pointed;
mod ranks;
mod rebase;
mod recorded;
mod scope;
mod search;
mod shift;
mod simpler;
mod singles;
mod sites;
mod slice;
mod spans;
mod times;
mod together;
mod truncate;
mod units;
mod values;
mod verdict;
mod verified;
pub mod walk;
mod words;

pub use candidate::{Candidate, Identity, Item};
pub use chance::{MISTAKE_MAX, Rate};
pub use edit::{Edit, Rewrite, Splice};
pub use observer::{Observer, Run};
pub use oracle::{Content, Oracle, Rebased};
pub use patches::Fields;
pub use verdict::Verdict;
pub use walk::Walk;

use std::collections::BTreeMap;

use regex::Regex;

use confirm::{History, runs_to_confirm};
use search::{Judge, Recorded, Search};
use verdict::{instead, shown};
use verified::Verified;

/// The result of a search: the smallest trace found, and why each of its items is left.
#[derive(Clone, Debug)]
pub struct Minimized<T> {
    /// The items that are left. Together they show the bug.
    pub items: Vec<Item<T>>,
    /// The number of runs of the search, including those of the walk that it resumed, and without those that confirmed
    /// the result.
    pub runs: u64,
    /// The number of runs after which the result was 1-minimal for the first time, if it ever was. The later runs tried
    /// to remove several events at once, and to simplify the texts of those that are left.
    pub one_minimal_after: Option<u64>,
    /// The number of runs that confirmed the result.
    pub confirming: u64,
    /// `true` if the result did not show the bug when it was run again, and the search was stopped before an earlier
    /// result took its place.
    pub doubted: bool,
    /// How often the result has shown the bug, if it does not show in every run.
    pub rate: Option<Rate>,
    /// The verdict without each single item that is left, as far as it was tried. It was tried for every item if the
    /// search was not stopped.
    pub certificate: Vec<Without>,
    /// How the search ended.
    pub end: End,
}

impl<T> Minimized<T> {
    /// Returns what else cannot be removed from the result than single items: `spans` of 2 to 6 neighbouring items, and
    /// `pairs`. This was tried before the texts of the items that are left were simplified.
    ///
    /// It is empty if at most two items are left, or if the search was stopped.
    #[must_use]
    pub fn also_minimal_for(&self) -> &'static [&'static str] {
        match (self.end, self.items.len()) {
            (End::Stopped(_), _) | (_, ..=2) => &[],
            (_, ..=together::FEW) => &["spans", "pairs"],
            _ => &["spans"],
        }
    }
}

/// The verdict of the minimized trace without one of its items: the reason why that item is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// The number of the item that was left out.
    pub number: u64,
    /// The verdict of the trace without the item. It is never [`Verdict::Same`].
    pub verdict: Verdict,
}

/// How a search ended: by itself, or stopped by an observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The result is 1-minimal: removing any single event that is left loses the bug.
    OneMinimal,
    /// An observer stopped the search during the pass with this name. The result is the smallest trace so far.
    Stopped(&'static str),
}

/// Returns the names of the passes that come after `pass`, in order. A search that was stopped in `pass` has not tried
/// them yet.
///
/// With `verbatim`, returns only passes that leave the texts of events unchanged.
#[must_use]
pub fn passes_after(pass: &str, verbatim: bool) -> Vec<&'static str> {
    let passes = pass::round(0, verbatim).into_iter();
    passes.map(|pass| pass.name()).skip_while(|name| *name != pass).skip(1).collect()
}

/// The reason why a trace was not minimized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The oracle reports the bug even for a trace without events, so it cannot tell which events matter.
    #[error("the bug shows even when nothing is left of the input, so the runs cannot tell which part of it matters")]
    FailsEmpty,
    /// A run of the original did not show the bug. Holds the verdict of that run.
    #[error("the bug does not show in the input{}", instead(.0))]
    DoesNotFail(Verdict),
    /// Two runs of the original had different verdicts.
    #[error("the bug is flaky (nondeterminism): one run {}, but the next {}", shown(.before), shown(.after))]
    Flaky {
        /// The verdict of the earlier run.
        before: Box<Verdict>,
        /// The verdict of the later run.
        after: Box<Verdict>,
    },
    /// The run of the original itself went wrong. Holds its verdict.
    #[error("the input cannot be judged{}", instead(.0))]
    Unresolved(Verdict),
    /// The bug has ceased to show during the search: neither the result nor the original shows it. Holds the verdict on
    /// the original.
    #[error("the bug does not show any more, neither in the result nor in the input{}", instead(.0))]
    Gone(Verdict),
    /// An observer stopped the search before the bug was reproduced.
    #[error("stopped before the bug was reproduced")]
    Stopped,
}

/// Minimizes `trace` with the default settings: removes and simplifies events as long as `oracle` still reports the
/// bug.
///
/// Events are numbered from 1.
///
/// # Errors
///
/// Fails if `trace` cannot be minimized, mostly because the bug does not show in it; see [`Refusal`].
pub fn minimize<T: Clone>(trace: &[T], oracle: &mut impl Oracle<T>) -> Result<Minimized<T>, Refusal> {
    Minimizer::new().run(Item::numbered(trace.iter().cloned()), oracle, &mut ())
}

/// The settings of a search. [`run`](Self::run) starts it.
#[derive(Clone, Debug)]
pub struct Minimizer {
    confirm: usize,
    flaky: bool,
    verbatim: bool,
    hunts: bool,
    keep: Option<Regex>,
    recorded: Recorded,
    cut_off: Option<(Identity, Verdict)>,
    runs: u64,
}

impl Minimizer {
    /// Creates the default settings: two runs of the original, one of each candidate, and any edit allowed.
    #[must_use]
    pub fn new() -> Self {
        Self {
            confirm: 2,
            flaky: false,
            verbatim: false,
            hunts: false,
            keep: None,
            recorded: Recorded::new(),
            cut_off: None,
            runs: 0,
        }
    }

    /// Sets how often the original is run before anything is removed, to confirm the bug. It is run at least once.
    ///
    /// The result is run as often again at the end, and once more for every 100 runs of the search, up to three times,
    /// unless the oracle [repeats](Oracle::repeats). If it then does not show the bug, the search goes on as if the bug
    /// were [flaky](Self::flaky), from the smallest trace on its way that shows the bug.
    #[must_use]
    pub fn confirm(mut self, times: usize) -> Self {
        self.confirm = times;
        self
    }

    /// Sets whether the bug does not show in every run, or shows in some runs by mistake.
    ///
    /// The search then measures how often the original shows the bug, and how often it shows when nothing is left. A
    /// sequential test runs each candidate until it has decided which of the two rates the candidate has. The chance
    /// that it accepts any candidate of the search by mistake is at most [`MISTAKE_MAX`].
    #[must_use]
    pub fn flaky(mut self, flaky: bool) -> Self {
        self.flaky = flaky;
        self
    }

    /// Sets whether the search only removes events, and leaves the text of every other event unchanged.
    #[must_use]
    pub fn verbatim(mut self, verbatim: bool) -> Self {
        self.verbatim = verbatim;
        self
    }

    /// Sets whether to search for a bug if the original shows none: the first failure that any change of it shows.
    #[must_use]
    pub fn search(mut self, hunts: bool) -> Self {
        self.hunts = hunts;
        self
    }

    /// Sets a pattern whose matches must stay as they are, in the [texts](Content::text) of the events. An event with a
    /// match is not removed. A candidate that would lose a match takes no run.
    #[must_use]
    pub fn keep(mut self, keep: Option<Regex>) -> Self {
        self.keep = keep;
        self
    }

    /// Reuses the verdicts in `walk` instead of running those candidates again.
    ///
    /// A search depends only on verdicts, so it takes the same way again and continues where the walk ends.
    #[must_use]
    pub fn resume(mut self, walk: &Walk) -> Self {
        for (intent, verdict) in &walk.runs {
            self.recorded.entry(intent.candidate).or_default().push_back(verdict.clone());
            self.runs += 1;
        }
        self
    }

    /// Uses this verdict for the last run of the [resumed](Self::resume) walk, which has none. `candidate` is the
    /// identity in that run.
    #[must_use]
    pub fn cut_off(mut self, candidate: Identity, verdict: Verdict) -> Self {
        self.cut_off = Some((candidate, verdict));
        self
    }

    /// Minimizes `items`, whose numbers must ascend. `observer` learns of every run, and can stop the search.
    ///
    /// # Errors
    ///
    /// Fails if `items` cannot be minimized, mostly because the bug does not show in them; see [`Refusal`].
    pub fn run<T: Clone, O: Oracle<T> + ?Sized, W: Observer<T>>(
        self,
        items: Vec<Item<T>>,
        oracle: &mut O,
        observer: &mut W,
    ) -> Result<Minimized<T>, Refusal> {
        let Self { confirm, flaky, verbatim, hunts, keep, recorded, cut_off, runs } = self;
        let keeps = flaky || !oracle.repeats();
        let judge = Judge {
            known: BTreeMap::new(),
            recorded,
            cut_off,
            runs,
            used: 0,
            confirming: 0,
            chance: None,
            rates: BTreeMap::new(),
            ahead: BTreeMap::new(),
            hunted: None,
            oracle,
            observer,
        };
        let verified = Verified::new(items, keep);
        let history = History::of(keeps.then(|| verified.clone()));
        let without = BTreeMap::new();
        let mut search =
            Search { verified, judge, history, verbatim, hunts, without, one_minimal_after: None, doubted: false };
        search.reproduce(confirm, flaky)?;
        let end = loop {
            if let Err(pass) = search.reduce() {
                break End::Stopped(pass);
            }
            match search.confirm(runs_to_confirm(confirm, search.judge.used)) {
                Ok(false) => {}
                Ok(true) => break End::OneMinimal,
                Err(Refusal::Stopped) => break End::Stopped(walk::CONFIRM),
                Err(refusal) => return Err(refusal),
            }
        };
        let (certificate, rate) = (search.certificate(), search.rate());
        let Search { verified, judge, one_minimal_after, doubted, .. } = search;
        let Judge { runs, confirming, .. } = judge;
        let runs = runs - confirming;
        let items = verified.items;
        Ok(Minimized { items, runs, one_minimal_after, confirming, doubted, rate, certificate, end })
    }
}

impl Default for Minimizer {
    fn default() -> Self {
        Self::new()
    }
}
