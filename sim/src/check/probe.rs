//! What the minimizer asks of a candidate: whether a bug shows in it, and where first.

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, Journal, Observation, Policy, Signature, What};

use super::coverage::Depth;
use super::finding::{Finding, Findings, Versus, value};
use super::lengths;
use super::verify::{Seen, Share, Verifier};
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
        let probed = self.pass(events.clone(), wanted, false);
        match (&probed, wanted) {
            // It may have come and gone between the first stimulus and the last.
            (Probed::End(findings), Some(wanted)) if findings.iter().all(|found| found.signature != *wanted) => {
                match self.pass(events, Some(wanted), true) {
                    Probed::End(_) => probed,
                    other => other,
                }
            }
            _ => probed,
        }
    }

    /// One pass over `events`; with a look at slots and properties at each step, or at the end alone.
    fn pass<'e>(
        &self,
        events: impl Iterator<Item = (&'e EventOf<S>, u64)> + Clone,
        wanted: Option<&Signature>,
        each_step: bool,
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
        verifier.each_step = each_step;
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

/// Holds a run that was just made, of which `journal` is the record, against everything: what is wrong; and of what
/// holds sometimes, whether it has.
pub(crate) fn look_at_run<S: Subject>(
    system: &S,
    journal: &Journal<S>,
) -> (Vec<Finding>, BTreeMap<&'static str, bool>) {
    let stimuli = journal.events().filter(|event| matches!(event.what, What::Stimulus(_)));
    let depth = Depth::new(lengths(system, stimuli).into_values(), BUDGET);
    let options = afresh_core::Options { policy: Policy::Incremental, guard, ..afresh_core::Options::default() };
    let mut verifier = Verifier::new(system, Engine::new(system.clone(), options), depth, Share { share: 0, of: 1 });
    verifier.each_step = true;
    for event in journal.events() {
        // Each event is on the line after the one before, and the header is on the first.
        let line = u64::from(event.number.get()) + 1;
        match event.what {
            What::Stimulus(_) | What::Observation(Observation::Settled(_)) => verifier.event(event, line),
            What::Observation(_) => {}
        }
    }
    verifier.restate_at_end();
    let reached = std::mem::take(&mut verifier.reached);
    let mut seen = verifier.finish();
    determinism(&mut seen, journal);
    (seen.findings.into_sorted(), reached)
}

/// The same stimuli gave the same run.
fn determinism<S: Subject>(seen: &mut Seen<S>, journal: &Journal<S>) {
    let again = seen.engine.journal();
    let differing = again.events().zip(journal.events()).find(|(again, first)| again != first);
    let (number, left, right) = match differing {
        Some((again, first)) => {
            (first.number, value(&format!("{:?}", first.what)), value(&format!("{:?}", again.what)))
        }
        None if again.len() != journal.len() => {
            let last = again.len().min(journal.len()) as u32;
            let events = |length: usize| value(&format!("{length} events"));
            (EventNumber::MIN.saturating_add(last), events(journal.len()), events(again.len()))
        }
        None => return,
    };
    let stimulus = journal.get(number).and_then(|event| event.cause).unwrap_or(number);
    let place = (stimulus, u64::from(stimulus.get()) + 1);
    seen.findings.saw(("determinism", ""), place, None, || {
        let versus = Versus { left: "first run", left_value: left, right: "second run", right_value: right };
        ("two runs of the same trace differ".to_owned(), Some(versus))
    });
}
