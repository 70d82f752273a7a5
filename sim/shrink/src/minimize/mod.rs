//! The minimizer: the fewest events of a trace that still show a bug, found one verified step at a time.
//!
//! It works on any list of events and any [`Oracle`], and knows nothing of files, processes or terminals:
//!
//! ```
//! use afresh_shrink::minimize::{Candidate, Verdict, minimize};
//!
//! // An account that may be overdrawn once a fee was taken: the bug.
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
//! The law of the house: a candidate is the last verified trace with exactly one [`Edit`]; one candidate is one run;
//! only a candidate that shows the bug, and is smaller, becomes the verified trace. So the search can be stopped at any moment with a
//! trace that fails, and the edits that were accepted, replayed on the original, give every step of the way.
//!
//! | file | holds |
//! | --- | --- |
//! | `edit.rs`, `candidate.rs` | one change; the trace that it gives |
//! | `order.rs` | which of two traces is the smaller |
//! | `pass.rs` | what a pass is, and the order of passes |
//! | `truncate.rs`, `scope.rs`, `slice.rs`, `groups.rs`, `spans.rs`, `singles.rs` | passes that remove events |
//! | `ease.rs`, `fields.rs`, `members.rs`, `names.rs`, `values.rs`, `ranks.rs`, `equal.rs`, `blanks.rs` | passes that make the texts of events simpler |
//! | `late.rs` | the pass that puts back what came late |
//! | `merge.rs` | the pass that removes events and changes another, where neither can be done alone |
//! | `nearness.rs`, `units.rs`, `descent.rs` | which events belong to the failing one; which to each other; in which order parts are tried |
//! | `sites.rs`, `simpler.rs` | where there are values in a text; what is simpler than a value |
//! | `oracle.rs`, `verdict.rs` | what decides whether the bug is there; what it can say |
//! | `verified.rs`, `search.rs` | the last trace that failed; runs passes on it, and remembers verdicts |
//! | `observer.rs` | what may look on, and stop the search |
//! | `walk.rs` | the record of a search, from which it can be replayed and resumed |

mod blanks;
mod candidate;
mod descent;
mod ease;
mod edit;
mod equal;
mod fields;
mod groups;
mod late;
mod members;
mod merge;
mod names;
mod nearness;
mod observer;
mod oracle;
mod order;
mod pass;
mod ranks;
mod scope;
mod search;
mod simpler;
mod singles;
mod sites;
mod slice;
mod spans;
mod truncate;
mod units;
mod values;
mod verdict;
mod verified;
pub mod walk;

pub use candidate::{Candidate, Identity, Item};
pub use edit::{Edit, Rewrite, Splice};
pub use observer::{Observer, Run};
pub use oracle::{Content, Oracle};
pub use verdict::Verdict;
pub use walk::Walk;

use std::collections::BTreeMap;

use search::{Judge, Known, Search};
use verified::Verified;

/// The smallest trace that was found.
#[derive(Clone, Debug)]
pub struct Minimized<T> {
    /// Its items, which show the bug.
    pub items: Vec<Item<T>>,
    /// How many runs the search took, those of the walk that it resumed included.
    pub runs: u64,
    /// For each item that was tried without: what happened. In a search that ended by itself, for every item.
    pub certificate: Vec<Without>,
    /// How it ended.
    pub end: End,
}

/// What a trace shows without one of its items: why that item is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// The number of the item.
    pub number: u64,
    /// What was shown without it, which is not the bug.
    pub verdict: Verdict,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The result is 1-minimal: removing any single event that is left loses the bug.
    OneMinimal,
    /// An observer stopped it during this pass: the result is the best so far.
    Stopped(&'static str),
}

/// The passes that come after `pass`, in their order: what a search that was stopped there has not tried yet.
#[must_use]
pub fn passes_after(pass: &str, verbatim: bool) -> Vec<&'static str> {
    let passes = pass::round(0).into_iter().filter(|pass| !verbatim || pass.only_removes());
    passes.map(|pass| pass.name()).skip_while(|name| *name != pass).skip(1).collect()
}

/// Why a trace was not minimized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The oracle finds the bug in a trace without events, so it cannot tell what matters.
    #[error("the bug shows even when nothing is left of the input, so no part of it matters")]
    FailsEmpty,
    /// The bug is not there.
    #[error("the input does not fail: {0}")]
    DoesNotFail(Verdict),
    /// Two runs of the original differ.
    #[error("the input is flaky: at first {before}, then {after}")]
    Flaky {
        /// The verdict of the earlier run.
        before: Box<Verdict>,
        /// The verdict of the later run.
        after: Box<Verdict>,
    },
    /// The original could not be judged.
    #[error("the input cannot be judged: {0}")]
    Unresolved(Verdict),
    /// An observer stopped the search before the bug was reproduced.
    #[error("stopped before the bug was reproduced")]
    Stopped,
}

/// Minimizes `trace`, whose events are numbered from 1, against `oracle`.
///
/// # Errors
///
/// When the bug is not reproduced; see [`Refusal`].
pub fn minimize<T: Clone>(trace: &[T], oracle: &mut impl Oracle<T>) -> Result<Minimized<T>, Refusal> {
    Minimizer::new().run(Item::numbered(trace.iter().cloned()), oracle, &mut ())
}

/// The settings of a search.
#[derive(Clone, Debug)]
pub struct Minimizer {
    confirm: usize,
    flaky: u64,
    verbatim: bool,
    known: Known,
    runs: u64,
}

impl Minimizer {
    /// The default settings: the bug is reproduced twice.
    #[must_use]
    pub fn new() -> Self {
        Self { confirm: 2, flaky: 1, verbatim: false, known: Known::new(), runs: 0 }
    }

    /// Runs the original `times` times, at least once, before anything is removed.
    #[must_use]
    pub fn confirm(mut self, times: usize) -> Self {
        self.confirm = times;
        self
    }

    /// Runs each candidate up to `times` times, at least once: it counts only if every run shows the bug.
    #[must_use]
    pub fn flaky(mut self, times: u64) -> Self {
        self.flaky = times;
        self
    }

    /// Whether to leave events out and change nothing in those that stay.
    #[must_use]
    pub fn verbatim(mut self, verbatim: bool) -> Self {
        self.verbatim = verbatim;
        self
    }

    /// Takes the verdicts that `walk` has recorded instead of running those candidates again. What is determined by
    /// verdicts is determined: the search goes the same way, and on from where the walk ends.
    #[must_use]
    pub fn resume(mut self, walk: &Walk) -> Self {
        for (intent, verdict) in &walk.runs {
            self.known.entry(intent.candidate).or_default().push(verdict.clone());
            self.runs += 1;
        }
        self
    }

    /// Minimizes `items`, whose numbers ascend.
    ///
    /// # Errors
    ///
    /// When the bug is not reproduced; see [`Refusal`].
    pub fn run<T, O: Oracle<T> + ?Sized, W: Observer<T>>(
        self,
        items: Vec<Item<T>>,
        oracle: &mut O,
        observer: &mut W,
    ) -> Result<Minimized<T>, Refusal> {
        let Self { known, runs, flaky, .. } = self;
        let judge = Judge { known, runs, flaky, ahead: BTreeMap::new(), oracle, observer };
        let mut search = Search { verified: Verified::new(items, self.verbatim), judge };
        search.reproduce(self.confirm)?;
        let end = search.reduce().map_or_else(End::Stopped, |()| End::OneMinimal);
        let certificate = search.certificate();
        Ok(Minimized { items: search.verified.items, runs: search.judge.runs, certificate, end })
    }
}

impl Default for Minimizer {
    fn default() -> Self {
        Self::new()
    }
}
