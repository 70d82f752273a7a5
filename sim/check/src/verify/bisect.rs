//! Finds the first step at which a bug shows that only a sampled step has shown.

use afresh_core::System;
use afresh_trace::format::EventOf;

use super::verifier::Verifier;
use crate::finding::{Finding, Findings};

/// Finds the first step at which the restated view of a key differs as in `finding`, which a sampled step has shown.
///
/// Bisects the events before that step, and assumes that a difference stays. `verifier` has taken no event yet. Only
/// the part that is still in question is run again, so all runs together cost about as much as two.
pub(crate) fn first_restated<'e, S: System + 'e>(
    finding: &Finding,
    verifier: Verifier<S>,
    events: &[(&'e EventOf<S>, u64)],
) -> Findings {
    let mut earliest = Findings::default();
    let Some(key) = &finding.first.key else { return earliest };
    let shown = events.partition_point(|(event, _)| event.number < finding.first.event);
    // After the first `right` events nothing differs; after the first `wrong` events it does.
    let (mut right, mut wrong) = ((0, verifier), shown + 1);
    while wrong - right.0 > 1 {
        let middle = right.0 + (wrong - right.0) / 2;
        let mut verifier = right.1.clone();
        events[right.0..middle].iter().for_each(|(event, line)| verifier.event(event, *line));
        let found = verifier.restated(key);
        if found.has(&finding.signature) {
            (wrong, earliest) = (middle, found);
        } else {
            right = (middle, verifier);
        }
    }
    earliest
}
