//! Runs candidates of the minimizer, and finds the event at which a bug shows in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use afresh_core::{Elsewhere, Engine, Journal, Key, Observation, Policy, Signature, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{EventOf, messages};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::along::{Along, Keeper, Shown};
use super::coverage::Depth;
use super::determinism::determinism;
use super::look::{Cadence, Look, Share, Work};
use super::recurring::Recurring;
use super::verifier::Verifier;
use crate::clock::Stopwatch;
use crate::finding::{Finding, Findings};
use crate::guard::guard;
use crate::subject::Subject;

/// The budget of a candidate: the work that it may cause to recompute steps from the first message.
///
/// It is far smaller than that of a check, because a search runs hundreds of candidates. The last candidates are small,
/// so they are recomputed in full.
const BUDGET: u64 = 2_000_000;

/// How many events the engine is shown before it takes them.
const BATCH: usize = 64;

/// A runner for candidates of the minimizer, which compares results at every step.
#[derive(Clone, Copy)]
pub struct Probe<'s, S> {
    /// The system that the candidates are run with.
    pub system: &'s S,
    /// `true` if the trace holds the whole history of its keys.
    pub complete: bool,
    /// `true` to compare slots and properties after every stimulus, and not only at the end.
    pub each_step: bool,
    /// `true` to save states of the run, so that other candidates that begin with the same events can continue from
    /// them.
    pub keep: bool,
    /// Called before every event. If it returns `true`, the run is stopped.
    pub stop: fn() -> bool,
    /// Called with the number of each event before the event is taken, and with `None` after the last one.
    pub tell: &'s (dyn Fn(Option<u64>) + Sync),
}

/// The result of a probe.
#[derive(Clone)]
pub enum Probed {
    /// The bug showed at the event with this number, with these findings up to there, the earliest first.
    At(u64, Vec<Finding>),
    /// The bug did not show at any event. The run has these findings, including those at its end.
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

/// The result of running the original trace.
pub struct Original<S: Subject> {
    /// The event at which the bug showed, if it did, and the findings.
    pub probed: Probed,
    /// The digest of the run, up to the event at which it ended.
    pub digest: RunDigest,
    /// The reusable part of the run, for runs that begin with the same events.
    pub along: Along<S>,
}

/// The way in which a run ended.
enum Ran {
    /// The bug showed at the event with this index.
    Shown(usize, Shown),
    /// All events were taken.
    Ended,
    /// The run was stopped.
    Stopped,
}

impl<'s, S: Subject> Probe<'s, S> {
    /// Decides how thoroughly to compare the candidates of a trace with these events.
    pub fn depth<'e>(&self, events: impl Iterator<Item = &'e EventOf<S>>) -> Depth
    where
        S: 'e,
    {
        Depth::new(lengths(self.system, events), BUDGET)
    }

    /// Runs all events until a bug with the signature `wanted` shows; without `wanted`, until any bug shows.
    ///
    /// With `only`, compares nothing but that key.
    pub fn original<'e>(
        &self,
        depth: Depth,
        only: Option<&Key>,
        events: impl Iterator<Item = (&'e EventOf<S>, u64)> + Clone,
        wanted: Option<&Signature>,
    ) -> Original<S>
    where
        S: 'e,
    {
        let share = only.map_or(Share::All, |key| Share::Key(key.clone()));
        let recurring = Recurring::of::<S>(events.clone().map(|(event, _)| event)).map(Arc::new);
        let mut verifier = self.begin(depth, share, recurring);
        let ran = self.run(&mut verifier, (0..).zip(events), wanted, |_, _| ());
        let digest = digest(verifier.engine.journal());
        let (probed, along) = match ran {
            Ran::Shown(place, shown) => (shown.clone().into(), Along::ended(place + 1, shown)),
            Ran::Ended => (Probed::End(verifier.finish(false).1.findings.into_sorted()), Along::default()),
            Ran::Stopped => (Probed::Stopped, Along::default()),
        };
        Original { probed, digest, along }
    }

    /// Runs a candidate until a bug with the signature `wanted` shows. Also returns the part of the run that later
    /// candidates can reuse.
    ///
    /// The first `unchanged` events of the candidate are those of the run that `along` comes from. So this run
    /// continues from the newest saved state that fits. `events` takes a number of events to omit, and returns the
    /// later events of the candidate, which are all stimuli.
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
            None => (0, self.begin(depth, Share::All, None)),
        };
        let mut keeper = Keeper::new(start, begun.elapsed());
        let ran = self.run(&mut verifier, (start..).zip(events(start)), wanted, |place, verifier| {
            if self.keep {
                keeper.look(place, verifier);
            }
        });
        match ran {
            Ran::Shown(place, shown) => (shown.clone().into(), keeper.end(place + 1, shown)),
            Ran::Ended => (Probed::End(verifier.finish(false).1.findings.into_sorted()), keeper.along),
            Ran::Stopped => (Probed::Stopped, keeper.along),
        }
    }

    /// Takes events, each with its index, until a bug with the signature `wanted` shows. Calls `before` before each
    /// event.
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
        let (mut events, mut batch) = (events, Vec::with_capacity(BATCH));
        loop {
            batch.extend(events.by_ref().take(BATCH));
            if batch.is_empty() {
                break;
            }
            verifier.look_ahead(batch.iter().map(|(_, (event, _))| *event));
            for (place, (event, line)) in batch.drain(..) {
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
        }
        (self.tell)(None);
        Ran::Ended
    }

    /// Creates a pass that has taken no event yet.
    fn begin(&self, depth: Depth, share: Share, recurring: Option<Arc<Recurring>>) -> Verifier<S> {
        let (policy, complete) = (Policy::Incremental, self.complete);
        let options = afresh_core::Options { policy, complete, guard, ..afresh_core::Options::default() };
        let engine = Engine::new(self.system.clone(), options);
        Verifier::new(
            engine,
            Look {
                depth,
                // A step that is not compared may be the one that showed the bug.
                work: Work::UNLIMITED,
                limit: None,
                cadence: if self.each_step { Cadence::EACH } else { Cadence::AtEnd },
                share,
                ignored: Vec::new(),
            },
            recurring,
        )
    }
}

/// The digest of a run.
fn digest<S: Subject>(journal: &Journal<S>) -> RunDigest {
    let mut digest = Rolling::new();
    journal.events().for_each(|event| digest.event(event));
    digest.finish()
}

/// An upper limit for the length of each history: the number of messages with a body that concern the key.
pub(crate) fn lengths<'e, S>(system: &S, events: impl IntoIterator<Item = &'e EventOf<S>>) -> impl Iterator<Item = u64>
where
    S: Subject + 'e,
{
    let mut lengths = IndexMap::<Key, u64, FxBuildHasher>::default();
    let messages: Vec<_> = messages::<S>(events).collect();
    if let Some(elsewhere) = system.elsewhere() {
        let bodies: Vec<_> = messages.iter().filter_map(|message| message.body.as_ref()).collect();
        elsewhere.foresee_bodies(&bodies);
    }
    for message in messages {
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

/// Returns `true` if `wanted` is among the findings; without `wanted`, if there are any.
fn shows(findings: &Findings, wanted: Option<&Signature>) -> bool {
    wanted.map_or(!findings.is_empty(), |wanted| findings.has(wanted))
}

/// Checks a finished run at every step, by running the stimuli of its `journal` again.
///
/// Returns the findings, the earliest first. Also returns, for each property that must hold at some time, `true` if it
/// did.
///
/// `complete` says whether the journal holds the whole history of its keys.
pub fn look_at_run<S: Subject>(
    system: &S,
    journal: &Journal<S>,
    complete: bool,
) -> (Vec<Finding>, BTreeMap<&'static str, bool>) {
    let stimuli = journal.events().filter(|event| matches!(event.what, What::Stimulus(_)));
    let probe = Probe { system, complete, each_step: true, keep: false, stop: || false, tell: &|_| () };
    let mut verifier = probe.begin(probe.depth(stimuli), Share::All, None);
    for event in journal.events() {
        // Each event is on the line after the one before, and the header is on the first.
        let line = u64::from(event.number.get()) + 1;
        match event.what {
            What::Stimulus(_) | What::Observation(Observation::Settled(_)) => verifier.event(event, line),
            What::Observation(_) => {}
        }
    }
    let reached = std::mem::take(&mut verifier.seen.reached);
    let (engine, mut seen) = verifier.finish(false);
    determinism(&mut seen.findings, [journal, engine.journal()], |number| {
        let stimulus = journal.get(number).and_then(|event| event.cause).unwrap_or(number);
        (stimulus, u64::from(stimulus.get()) + 1)
    });
    (seen.findings.into_sorted(), reached)
}
