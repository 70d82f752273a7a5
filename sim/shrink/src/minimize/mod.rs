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
//! * `truncate.rs`, `scope.rs`, `blocks.rs`, `slice.rs`, `groups.rs`, `spans.rs`, `singles.rs`, `together.rs`: passes
//!   that remove events
//! * `ease.rs`, `fields.rs`, `members.rs`, `words.rs`, `names.rs`, `plain.rs`, `values.rs`, `ranks.rs`, `equal.rs`,
//!   `blanks.rs`: passes that simplify the texts of events
//! * `join.rs`, `children.rs`, `count.rs`, `places.rs`, `shift.rs`: passes that change several values at once, because
//!   they depend on each other
//! * `late.rs`: the pass that moves late events back to where they belong
//! * `merge.rs`: the pass that removes events and changes another in one edit, where neither works alone
//! * `nearness.rs`, `units.rs`, `descent.rs`: which events are linked to the failing one, which events belong together,
//!   and the order in which parts are tried
//! * `sites.rs`, `simpler.rs`: where the values in a text are, and which simpler values to try
//! * `oracle.rs`, `verdict.rs`: the judge of candidates, and its verdicts
//! * `verified.rs`, `search.rs`: the verified trace, and the loop that runs passes on it and remembers verdicts
//! * `observer.rs`: the interface through which a search is watched and stopped
//! * `walk.rs`: the record of a search, from which it can be replayed and resumed

mod blanks;
mod blocks;
mod candidate;
mod children;
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
mod observer;
mod oracle;
mod order;
mod pass;
mod places;
mod plain;
mod ranks;
mod scope;
mod search;
mod shift;
mod simpler;
mod singles;
mod sites;
mod slice;
mod spans;
mod together;
mod truncate;
mod units;
mod values;
mod verdict;
mod verified;
pub mod walk;
mod words;

pub use candidate::{Candidate, Identity, Item};
pub use edit::{Edit, Rewrite, Splice};
pub use observer::{Observer, Run};
pub use oracle::{Content, Oracle};
pub use verdict::Verdict;
pub use walk::Walk;

use std::collections::BTreeMap;

use search::{Judge, Known, Search};
use verdict::{instead, shown};
use verified::Verified;

/// The result of a search: the smallest trace found, and why each of its items is left.
#[derive(Clone, Debug)]
pub struct Minimized<T> {
    /// The items that are left. Together they show the bug.
    pub items: Vec<Item<T>>,
    /// The number of runs of the search, including those of the walk that it resumed.
    pub runs: u64,
    /// The number of runs after which the result was 1-minimal for the first time, if it ever was. The later runs tried
    /// to remove several events at once, and to simplify the texts of those that are left.
    pub one_minimal_after: Option<u64>,
    /// The verdict without each single item that is left, as far as it was tried. It was tried for every item if the
    /// search was not stopped.
    pub certificate: Vec<Without>,
    /// How the search ended.
    pub end: End,
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
    flaky: u64,
    verbatim: bool,
    known: Known,
    runs: u64,
}

impl Minimizer {
    /// Creates the default settings: two runs of the original, one of each candidate, and any edit allowed.
    #[must_use]
    pub fn new() -> Self {
        Self { confirm: 2, flaky: 1, verbatim: false, known: Known::new(), runs: 0 }
    }

    /// Sets how often the original is run before anything is removed, to confirm the bug. It is run at least once.
    #[must_use]
    pub fn confirm(mut self, times: usize) -> Self {
        self.confirm = times;
        self
    }

    /// Sets how often each candidate is run, at least once, for a bug that does not show in every run.
    ///
    /// A candidate counts only if all of its runs show the bug, so the first run that does not ends its trial.
    #[must_use]
    pub fn flaky(mut self, times: u64) -> Self {
        self.flaky = times;
        self
    }

    /// Sets whether the search only removes events, and leaves the text of every other event unchanged.
    #[must_use]
    pub fn verbatim(mut self, verbatim: bool) -> Self {
        self.verbatim = verbatim;
        self
    }

    /// Reuses the verdicts in `walk` instead of running those candidates again.
    ///
    /// A search depends only on verdicts, so it takes the same way again and continues where the walk ends.
    #[must_use]
    pub fn resume(mut self, walk: &Walk) -> Self {
        for (intent, verdict) in &walk.runs {
            self.known.entry(intent.candidate).or_default().push(verdict.clone());
            self.runs += 1;
        }
        self
    }

    /// Minimizes `items`, whose numbers must ascend. `observer` learns of every run, and can stop the search.
    ///
    /// # Errors
    ///
    /// Fails if `items` cannot be minimized, mostly because the bug does not show in them; see [`Refusal`].
    pub fn run<T, O: Oracle<T> + ?Sized, W: Observer<T>>(
        self,
        items: Vec<Item<T>>,
        oracle: &mut O,
        observer: &mut W,
    ) -> Result<Minimized<T>, Refusal> {
        let Self { known, runs, flaky, verbatim, .. } = self;
        let judge = Judge { known, runs, flaky, ahead: BTreeMap::new(), oracle, observer };
        let mut search = Search {
            verified: Verified::new(items),
            judge,
            verbatim,
            without: BTreeMap::new(),
            one_minimal_after: None,
        };
        search.reproduce(self.confirm)?;
        let end = search.reduce().map_or_else(End::Stopped, |()| End::OneMinimal);
        let certificate = search.certificate();
        let (runs, one_minimal_after) = (search.judge.runs, search.one_minimal_after);
        Ok(Minimized { items: search.verified.items, runs, one_minimal_after, certificate, end })
    }
}

impl Default for Minimizer {
    fn default() -> Self {
        Self::new()
    }
}
