//! What the minimizer asks of a candidate: whether a bug shows in it, and where first.

use afresh_core::{Engine, Policy, Signature};

use super::coverage::Depth;
use super::finding::{Finding, Findings};
use super::lengths;
use super::verify::{Share, Verifier};
use crate::format::EventOf;
use crate::host::guard;
use crate::subject::Subject;

/// How many messages may be folded to recompute from the first message at every step. It is far less than a check
/// may: a search looks at hundreds of candidates, and the last of them, which are small, are looked at in full.
const BUDGET: u64 = 2_000_000;

/// Runs the stimuli of candidates, with a look at every step.
pub(crate) struct Probe<'s, S> {
    /// The system.
    pub(crate) system: &'s S,
    /// Whether the trace holds the whole history of its keys.
    pub(crate) complete: bool,
    /// Whether to stop now, whatever was found.
    pub(crate) stop: fn() -> bool,
}

/// What a probe found.
pub(crate) enum Probed {
    /// What it looked for, at this event.
    At(u64, Vec<Finding>),
    /// This, if anything, once all stimuli had come; what shows only then has no place.
    End(Vec<Finding>),
    /// It was stopped.
    Stopped,
}

impl<S: Subject> Probe<'_, S> {
    /// Looks at `events`, all of them stimuli, until `wanted` shows; anything, if nothing is wanted.
    pub(crate) fn look<'e>(
        &self,
        events: impl Iterator<Item = (&'e EventOf<S>, u64)> + Clone,
        wanted: Option<&Signature>,
    ) -> Probed
    where
        S: 'e,
    {
        let shows = |findings: &Findings| match wanted {
            Some(wanted) => findings.has(wanted),
            None => !findings.is_empty(),
        };
        let depth = Depth::new(lengths(self.system, events.clone().map(|(event, _)| event)).into_values(), BUDGET);
        let (policy, complete) = (Policy::Incremental, self.complete);
        let options = afresh_core::Options { policy, complete, guard, ..afresh_core::Options::default() };
        let engine = Engine::new(self.system.clone(), options);
        let mut verifier = Verifier::new(self.system, engine, depth, Share { share: 0, of: 1 });
        for (event, line) in events {
            if (self.stop)() {
                return Probed::Stopped;
            }
            verifier.event(event, line);
            if shows(verifier.findings()) {
                return Probed::At(event.number.get().into(), verifier.into_findings());
            }
        }
        verifier.restate_at_end();
        Probed::End(verifier.finish().findings.into_sorted())
    }
}
