//! Drops contiguous spans, from the end to the start.

use super::edit::Edit;
use super::pass::{Pass, Verified};

/// The first span that is tried is this fraction of what lies before it.
///
/// A larger one finds the few events that matter in a run or two less when they are very few; a smaller one when
/// they are many. On the logs and ledgers of the benches a quarter is the best all round.
const FRACTION: usize = 4;

/// Walks from the end to the start. After a success the span doubles; after a failure it is halved until the one
/// event is found that must stay, and the walk goes on before that one.
///
/// An event found by halving is not asked about on its own: that it must stay is concluded, from the spans that
/// contain it. The last event is passed over in the same way, since it is where the failure shows once a trace is
/// truncated. The conclusion is checked by [`Singles`](super::singles::Singles).
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    /// Everything from here on is settled; `None` before the first proposal.
    end: Option<usize>,
    /// The length of the next span, while nothing is known to block it.
    span: usize,
    /// The start of a span up to `end` that could not be removed as a whole.
    blocked: Option<usize>,
    /// The start of the span proposed last.
    proposed: usize,
}

impl Spans {
    /// Goes on before `end`, about which nothing is known.
    fn restart(&mut self, end: usize) {
        self.end = Some(end);
        self.span = (end / FRACTION).max(1);
        self.blocked = None;
    }
}

impl<T> Pass<T> for Spans {
    fn name(&self) -> &'static str {
        "span"
    }

    fn propose(&mut self, verified: &Verified<T>) -> Option<Edit> {
        let mut end = self.end.unwrap_or_else(|| {
            let end = verified.items.len().saturating_sub(1);
            self.restart(end);
            end
        });
        if self.blocked.is_some_and(|start| end - start == 1) {
            end -= 1;
            self.restart(end);
        }
        if end == 0 {
            return None;
        }
        self.proposed = match self.blocked {
            Some(start) => start + (end - start) / 2,
            None => end.saturating_sub(self.span),
        };
        Some(Edit::remove(&verified.items[self.proposed..end]))
    }

    fn judged(&mut self, accepted: bool) {
        if !accepted {
            self.blocked = Some(self.proposed);
            return;
        }
        self.end = Some(self.proposed);
        if self.blocked.is_none() {
            self.span *= 2;
        }
    }
}
