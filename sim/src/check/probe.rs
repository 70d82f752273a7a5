//! What the minimizer asks of a candidate: whether a bug shows in it, and where first.

use std::collections::BTreeMap;

use afresh_core::{AHEAD, Engine, Journal, Observation, Policy, Signature, What};

use super::along::{Along, Keeper};
use super::coverage::Depth;
use super::determinism::determinism;
use super::finding::{Finding, Findings};
use super::share::Share;
use super::survey::lengths;
use super::verify::Verifier;
use crate::clock::Stopwatch;
use crate::format::EventOf;
use crate::host::guard;
use crate::subject::Subject;

/// How many messages may be folded to recompute from the first message at every step. It is far less than a check
/// may: a search looks at hundreds of candidates, and the last of them, which are small, are looked at in full.
pub(crate) const BUDGET: u64 = 2_000_000;

/// Runs the stimuli of candidates, with a look at every step.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'s, S> {
    /// The system.
    pub(crate) system: &'s S,
    /// Whether the trace holds the whole history of its keys.
    pub(crate) complete: bool,
    /// Whether to look at slots and properties after every stimulus, and not at the end alone.
    pub(crate) each_step: bool,
    /// Whether to keep states on the way: that pays where others are run that begin alike.
    pub(crate) keep: bool,
    /// Whether to stop now, whatever was found.
    pub(crate) stop: fn() -> bool,
    /// Told of each event before it is taken, and of none when all are.
    pub(crate) tell: fn(Option<u64>),
}

/// What a probe found.
#[derive(Clone)]
pub(crate) enum Probed {
    /// What it looked for, at this event.
    At(u64, Vec<Finding>),
    /// This, if anything, once all stimuli had come; what shows only then has no place.
    End(Vec<Finding>),
    /// It was stopped.
    Stopped,
}

impl Probed {
    /// All that was found.
    pub(crate) fn findings(&self) -> &[Finding] {
        match self {
            Self::At(_, findings) | Self::End(findings) => findings,
            Self::Stopped => &[],
        }
    }
}

impl<'s, S: Subject> Probe<'s, S> {
    /// How deep to look at candidates of a trace with these events.
    pub(crate) fn depth<'e>(&self, events: impl Iterator<Item = &'e EventOf<S>>) -> Depth
    where
        S: 'e,
    {
        Depth::new(lengths(self.system, events).into_values(), BUDGET)
    }

    /// Looks at a run until `wanted` shows; anything, if nothing is wanted. Also gives what is to be known of that run for
    /// others that begin alike.
    ///
    /// Its first `unchanged` events are those of the run that has given `along`, of which the newest state is taken that fits;
    /// `events` gives the events of the run, all of them stimuli, but for so many.
    pub(crate) fn look<'e, I>(
        &self,
        depth: Depth,
        (along, unchanged): (&Along<'s, S>, usize),
        events: impl FnOnce(usize) -> I,
        wanted: Option<&Signature>,
    ) -> (Probed, Along<'s, S>)
    where
        I: Iterator<Item = (&'e EventOf<S>, u64)>,
        S: 'e,
    {
        if let Some(shown) = along.shown(unchanged).filter(|shown| shows(&shown.findings, wanted)) {
            return (shown.clone().into(), Along::new());
        }
        let begun = Stopwatch::start();
        let (start, mut verifier) = match along.before(unchanged) {
            Some((_, verifier)) if shows(verifier.findings(), wanted) => {
                return (verifier.shown().into(), Along::new());
            }
            Some((start, verifier)) => (start, verifier.clone()),
            None => (0, self.begin(depth, Share::All)),
        };
        let mut keeper = Keeper::new(start, begun.elapsed());
        let mut events = (start..).zip(events(start));
        let mut next = Vec::with_capacity(AHEAD);
        loop {
            next.extend(events.by_ref().take(AHEAD));
            if next.is_empty() {
                break;
            }
            verifier.look_ahead(next.iter().map(|(_, (event, _))| *event));
            for (place, (event, line)) in next.drain(..) {
                if (self.stop)() {
                    return (Probed::Stopped, keeper.along);
                }
                if self.keep {
                    keeper.look(place, &verifier);
                }
                (self.tell)(Some(event.number.get().into()));
                verifier.event(event, line);
                if shows(verifier.findings(), wanted) {
                    let shown = verifier.shown();
                    return (shown.clone().into(), keeper.end(place + 1, shown));
                }
            }
        }
        (self.tell)(None);
        (Probed::End(verifier.end().into_sorted()), keeper.along)
    }

    /// A look of this share, before the first event.
    pub(super) fn begin(&self, depth: Depth, share: Share) -> Verifier<'s, S> {
        let (policy, complete) = (Policy::Incremental, self.complete);
        let options = afresh_core::Options { policy, complete, guard, ..afresh_core::Options::default() };
        let engine = Engine::new(self.system.clone(), options);
        let mut verifier = Verifier::new(self.system, engine, depth, share);
        verifier.each_step = self.each_step;
        verifier
    }
}

/// Whether `wanted` is among what was found; anything, if nothing is wanted.
pub(super) fn shows(findings: &Findings, wanted: Option<&Signature>) -> bool {
    wanted.map_or(!findings.is_empty(), |wanted| findings.has(wanted))
}

/// Holds a run that was just made, of which `journal` is the record, against everything: what is wrong; and of what
/// holds sometimes, whether it has.
pub(crate) fn look_at_run<S: Subject>(
    system: &S,
    journal: &Journal<S>,
) -> (Vec<Finding>, BTreeMap<&'static str, bool>) {
    let stimuli = journal.events().filter(|event| matches!(event.what, What::Stimulus(_)));
    let probe = Probe { system, complete: true, each_step: true, keep: false, stop: || false, tell: |_| () };
    let mut verifier = probe.begin(probe.depth(stimuli), Share::All);
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
    let (engine, mut seen) = verifier.finish();
    determinism(&mut seen.findings, [journal, engine.journal()], |number| {
        let stimulus = journal.get(number).and_then(|event| event.cause).unwrap_or(number);
        (stimulus, u64::from(stimulus.get()) + 1)
    });
    (seen.findings.into_sorted(), reached)
}
