//! Runs candidates of the minimizer, and tells whether and where a bug shows in them.

use std::collections::BTreeMap;

use afresh_core::{Engine, Journal, Key, Observation, Policy, Signature, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{EventOf, messages};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::along::{Along, Keeper, Shown};
use super::coverage::Depth;
use super::determinism::determinism;
use super::look::{Look, Share};
use super::verifier::Verifier;
use crate::clock::Stopwatch;
use crate::finding::{Finding, Findings};
use crate::guard::guard;
use crate::subject::Subject;

/// The budget of a candidate: how many messages may be folded to recompute from the first message at every step.
///
/// It is far smaller than that of a check, because a search runs hundreds of candidates. The last candidates are small, so
/// they are recomputed in full.
const BUDGET: u64 = 2_000_000;

/// Runs the stimuli of candidates, and compares at every step.
#[derive(Clone, Copy)]
pub struct Probe<'s, S> {
    /// The system.
    pub system: &'s S,
    /// Whether the trace holds the whole history of its keys.
    pub complete: bool,
    /// Whether slots and properties are compared after every stimulus, and not only at the end.
    pub each_step: bool,
    /// Whether to keep states of the run, so that other candidates that begin with the same events can continue from them.
    pub keep: bool,
    /// Asked before every event whether to stop the run.
    pub stop: fn() -> bool,
    /// Told the number of each event before it is taken, and `None` after the last.
    pub tell: fn(Option<u64>),
}

/// The result of a probe.
#[derive(Clone)]
pub enum Probed {
    /// The bug showed at the event with this number. The findings up to there, the earliest first.
    At(u64, Vec<Finding>),
    /// The bug did not show at any event. The findings of the whole run.
    End(Vec<Finding>),
    /// The run was stopped.
    Stopped,
}

impl Probed {
    /// The findings of the run.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::At(_, findings) | Self::End(findings) => findings,
            Self::Stopped => &[],
        }
    }
}

/// A run of the original trace.
pub struct Original<S: Subject> {
    /// What the run showed.
    pub probed: Probed,
    /// The digest of the run, up to the event at which it ended.
    pub digest: RunDigest,
    /// What the run showed, for runs that begin with the same events.
    pub along: Along<S>,
}

/// How a run ended.
enum Ran {
    /// The bug showed at the event in this place.
    Shown(usize, Shown),
    /// All events were taken.
    Ended,
    /// It was stopped.
    Stopped,
}

impl<'s, S: Subject> Probe<'s, S> {
    /// How thoroughly to compare candidates of a trace with these events.
    pub fn depth<'e>(&self, events: impl Iterator<Item = &'e EventOf<S>>) -> Depth
    where
        S: 'e,
    {
        Depth::new(lengths(self.system, events), BUDGET)
    }

    /// Runs all `events`, until `wanted` shows; with nothing wanted, until anything does. With `only`, compares that key
    /// alone.
    pub fn original<'e>(
        &self,
        depth: Depth,
        only: Option<&Key>,
        events: impl Iterator<Item = (&'e EventOf<S>, u64)>,
        wanted: Option<&Signature>,
    ) -> Original<S>
    where
        S: 'e,
    {
        let mut verifier = self.begin(depth, only.map_or(Share::All, |key| Share::Key(key.clone())));
        let ran = self.run(&mut verifier, (0..).zip(events), wanted, |_, _| ());
        let digest = digest(verifier.engine.journal());
        let (probed, along) = match ran {
            Ran::Shown(place, shown) => (shown.clone().into(), Along::ended(place + 1, shown)),
            Ran::Ended => (Probed::End(verifier.end().into_sorted()), Along::default()),
            Ran::Stopped => (Probed::Stopped, Along::default()),
        };
        Original { probed, digest, along }
    }

    /// Runs a candidate until `wanted` shows. Also returns what later candidates can use of this run.
    ///
    /// The first `unchanged` events of the candidate are those of the run that gave `along`, so the run continues from the
    /// newest of its states that fits. `events` returns the events of the candidate, all of them stimuli, after the given
    /// number of events.
    pub fn look<'e, I>(
        &self,
        depth: Depth,
        (along, unchanged): (&Along<S>, usize),
        events: impl FnOnce(usize) -> I,
        wanted: &Signature,
    ) -> (Probed, Along<S>)
    where
        I: Iterator<Item = (&'e EventOf<S>, u64)>,
        S: 'e,
    {
        let wanted = Some(wanted);
        if let Some(shown) = along.shown(unchanged).filter(|shown| shows(&shown.findings, wanted)) {
            return (shown.clone().into(), Along::default());
        }
        let begun = Stopwatch::start();
        let (start, mut verifier) = match along.before(unchanged) {
            Some((_, verifier)) if shows(verifier.findings(), wanted) => {
                return (verifier.shown().into(), Along::default());
            }
            Some((start, verifier)) => (start, verifier.clone()),
            None => (0, self.begin(depth, Share::All)),
        };
        let mut keeper = Keeper::new(start, begun.elapsed());
        let ran = self.run(&mut verifier, (start..).zip(events(start)), wanted, |place, verifier| {
            if self.keep {
                keeper.look(place, verifier);
            }
        });
        match ran {
            Ran::Shown(place, shown) => (shown.clone().into(), keeper.end(place + 1, shown)),
            Ran::Ended => (Probed::End(verifier.end().into_sorted()), keeper.along),
            Ran::Stopped => (Probed::Stopped, keeper.along),
        }
    }

    /// Takes events, each with its place, until `wanted` shows. Calls `before` before each of them.
    fn run<'e>(
        &self,
        verifier: &mut Verifier<S>,
        events: impl Iterator<Item = (usize, (&'e EventOf<S>, u64))>,
        wanted: Option<&Signature>,
        mut before: impl FnMut(usize, &Verifier<S>),
    ) -> Ran
    where
        S: 'e,
    {
        for (place, (event, line)) in events {
            if (self.stop)() {
                return Ran::Stopped;
            }
            before(place, verifier);
            (self.tell)(Some(event.number.get().into()));
            verifier.event(event, line);
            if shows(verifier.findings(), wanted) {
                return Ran::Shown(place, verifier.shown());
            }
        }
        (self.tell)(None);
        Ran::Ended
    }

    /// A pass before the first event.
    fn begin(&self, depth: Depth, share: Share) -> Verifier<S> {
        let (policy, complete) = (Policy::Incremental, self.complete);
        let options = afresh_core::Options { policy, complete, guard, ..afresh_core::Options::default() };
        let engine = Engine::new(self.system.clone(), options);
        Verifier::new(engine, Look { depth, each_step: self.each_step, share })
    }
}

/// The digest of a run.
fn digest<S: Subject>(journal: &Journal<S>) -> RunDigest {
    let mut digest = Rolling::new();
    journal.events().for_each(|event| digest.event(event));
    digest.finish()
}

/// How many messages concern each key, at most.
pub(crate) fn lengths<'e, S>(system: &S, events: impl IntoIterator<Item = &'e EventOf<S>>) -> impl Iterator<Item = u64>
where
    S: Subject + 'e,
{
    let mut lengths = IndexMap::<Key, u64, FxBuildHasher>::default();
    for message in messages::<S>(events) {
        let Some(body) = &message.body else { continue };
        // A body on which this panics is rejected when its message comes.
        let _ = guard(&mut || {
            for key in system.keys(body) {
                *lengths.entry(key).or_default() += 1;
            }
        });
    }
    lengths.into_values()
}

/// Whether `wanted` is among the findings; with nothing wanted, whether there is any.
fn shows(findings: &Findings, wanted: Option<&Signature>) -> bool {
    wanted.map_or(!findings.is_empty(), |wanted| findings.has(wanted))
}

/// Checks a run that was just made, of which `journal` is the record, at every step. Returns the findings, the earliest
/// first, and for every property that must hold sometimes, whether it has held.
pub fn look_at_run<S: Subject>(system: &S, journal: &Journal<S>) -> (Vec<Finding>, BTreeMap<&'static str, bool>) {
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
    let reached = std::mem::take(&mut verifier.seen.reached);
    let (engine, mut seen) = verifier.finish();
    determinism(&mut seen.findings, [journal, engine.journal()], |number| {
        let stimulus = journal.get(number).and_then(|event| event.cause).unwrap_or(number);
        (stimulus, u64::from(stimulus.get()) + 1)
    });
    (seen.findings.into_sorted(), reached)
}
