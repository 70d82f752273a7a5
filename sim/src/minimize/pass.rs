//! What every reduction pass is, and the order in which they run.

use super::candidate::Item;
use super::edit::Edit;
use super::singles::Singles;
use super::slice::Slice;
use super::spans::Spans;
use super::truncate::Truncate;

/// The last trace in which the bug was seen.
#[derive(Clone, Debug)]
pub(super) struct Verified<T> {
    /// Its items.
    pub(super) items: Vec<Item<T>>,
    /// The number of the event at which the oracle saw the failure, where it can tell.
    pub(super) at: Option<u64>,
}

/// The values of an event that link it to others; see [`Oracle::links`](crate::oracle::Oracle::links).
pub(super) type Links<'a, T> = dyn Fn(&T) -> Vec<u64> + 'a;

/// One way of making a trace smaller.
///
/// A pass is a plain state machine that proposes edits and is told what became of each. It runs nothing itself and
/// knows nothing of the other passes, so what it would propose next can be worked out ahead of a verdict.
pub(super) trait Pass<T> {
    /// Its name in the walk.
    fn name(&self) -> &'static str;

    /// Looks at the trace before its first proposal.
    fn begin(&mut self, items: &[Item<T>], links: &Links<'_, T>) {
        let _ = (items, links);
    }

    /// The next edit to try on the verified trace; `None` when there is nothing left to try.
    fn propose(&mut self, verified: &Verified<T>) -> Option<Edit>;

    /// What became of the edit proposed last: whether the bug was still there, so that the verified trace has it now.
    fn judged(&mut self, accepted: bool);
}

/// The passes, in their order: what removes most in one run comes first.
pub(super) fn order<T>() -> [Box<dyn Pass<T>>; 4] {
    [
        Box::new(Truncate::default()),
        Box::new(Slice::default()),
        Box::new(Spans::default()),
        Box::new(Singles::default()),
    ]
}
