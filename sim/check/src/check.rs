//! Checks one trace: every step, every recorded observation and, if requested, every law.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, thread};

use afresh_core::{Elsewhere, Engine, EventNumber, Header, Policy, Signature, What};
use afresh_trace::format::EventOf;
use serde::Serialize;

use crate::clock::Stopwatch;
use crate::extent::Extent;
use crate::finding::{Finding, RESTATED, earliest_first};
use crate::guard::guard;
use crate::ignore::Ignored;
use crate::laws;
use crate::loaded::Loaded;
use crate::notes::{Deny, Notes};
use crate::subject::Subject;
use crate::verify::{
    Cadence, Coverage, DETERMINISM, Depth, Look, Recurring, Seen, Share, Verifier, Work, asked_again, determinism,
    failed_once, first_restated, lengths, sent_otherwise,
};

/// The options of [`check()`].
#[derive(Clone, Copy)]
pub struct Options<'p> {
    /// The work that may be done to recompute steps from the first message, in messages folded.
    ///
    /// If every step takes more, some steps are recomputed only from checkpoints that the check makes itself. In a
    /// history of more than 6,500 messages, each counts for more, in proportion to the length. A message that is
    /// restated counts as 100, within a budget of its own of the same size. The last state of each key is always
    /// recomputed and restated.
    ///
    /// Folds from checkpoints have a budget of the same size too. Only late messages can exceed it. Then some steps are
    /// not compared, and [`Coverage::beyond_budget`] counts them.
    ///
    /// Properties have a budget of the same size as well, in which each key of each evaluation counts as 400. If that
    /// is not enough for every stimulus, they are evaluated after some, which [`Coverage::properties`] counts.
    pub budget: u64,
    /// The time after which no step is recomputed from the first message or restated, except the last one of each key.
    ///
    /// With such a limit, the report depends on the machine.
    pub time: Option<Duration>,
    /// The number of threads. The report does not depend on it.
    pub jobs: usize,
    /// `true` to check all laws too. They apply to whole histories, so a window is never checked for them.
    ///
    /// A law that the trace is kept for is always checked.
    pub laws: bool,
    /// The number of the last event to check; all events if `None`.
    pub until: Option<EventNumber>,
    /// The kinds of note that count as findings.
    pub deny: &'p [Deny],
    /// The parts of outputs that are not compared.
    pub ignored: &'p [Ignored],
    /// Called now and then with the fraction of the work done since the last call. It does not affect the report.
    pub progress: &'p (dyn Fn(f64) + Sync),
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, time, jobs, laws, until, deny, ignored, progress: _ } = self;
        let mut options = f.debug_struct("Options");
        options.field("budget", budget).field("time", time).field("jobs", jobs).field("laws", laws);
        options.field("until", until).field("deny", deny).field("ignored", ignored).finish_non_exhaustive()
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            budget: 60_000_000,
            time: None,
            jobs: thread::available_parallelism().map_or(1, usize::from),
            laws: false,
            until: None,
            deny: &[],
            ignored: &[],
            progress: &|_| (),
        }
    }
}

/// The result of checking one trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The number of events in the trace.
    pub events: u64,
    /// The number of events that drove the system.
    pub stimuli: u64,
    /// The number of keys that the trace concerns or, for a world, the number of its nodes.
    #[serde(flatten)]
    pub extent: Extent,
    /// The bugs that were found, the earliest first.
    pub findings: Vec<Finding>,
    /// The rest of the verdict: everything that does not count, or could not be compared.
    #[serde(flatten)]
    pub notes: Notes,
    /// The number of comparisons, by kind.
    pub coverage: Coverage,
    /// For a world, the number of stimuli that were skipped because they can no longer happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// For a world, the assumption that the run has broken. Such a run is void: neither a pass nor a bug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
    /// The names of the laws that were checked, if any was requested. The list is empty for a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub laws: Option<Vec<&'static str>>,
}

impl Report {
    /// Returns `true` if the check found no bug.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Returns `true` if there was nothing to compare, so that a check without findings says nothing about the code.
    pub fn compares_nothing(&self) -> bool {
        self.coverage.steps == 0 && self.coverage.recorded == 0
    }
}

/// Returns the laws to check: all that apply, or the one that the trace is kept for; `None` if none was requested.
fn asked(all: bool, header: &Header) -> Option<Vec<&'static str>> {
    let is_kept_for = |law: &str| {
        let bug = header.shows.as_deref().and_then(|shows| shows.parse::<Signature>().ok());
        bug.is_some_and(|bug| bug.check == law)
    };
    let asked: Vec<_> = laws::NAMES.into_iter().filter(|law| all || is_kept_for(law)).collect();
    (all || !asked.is_empty()).then(|| if header.complete { asked } else { Vec::new() })
}

/// The number of events of which a system that runs elsewhere is told at once. One fold then answers many prefixes of
/// a key.
const FORESEEN: usize = 8192;

/// Returns `true` if another process said the same after every step as the one that ran the trace, or something else. A
/// second run would only ask the same once more.
fn is_settled(seen: &Seen) -> bool {
    let Coverage { steps, beyond_budget, quarantined, damaged, .. } = seen.coverage;
    let all = steps > 0 && seen.confirmed == steps && beyond_budget + quarantined + damaged == 0;
    let agree = all && seen.not_derivable.is_empty() && seen.findings.is_empty();
    agree || seen.findings.has(&Signature { check: DETERMINISM.to_owned(), part: String::new() })
}

/// Checks a trace of `system`: every step, every recorded observation and, if requested, every law.
pub fn check<S: Subject>(system: &S, trace: &Loaded<S>, options: Options<'_>) -> Report {
    let limit = options.time.map(|time| (Stopwatch::start(), time));
    let recurring = Recurring::of::<S>(&trace.events).map(Arc::new);
    // Two processes of a program answer everything, so one pass finds whether they say the same.
    let apart = system.elsewhere().map(|elsewhere| elsewhere.apart(options.jobs));
    let run = apart.as_ref().map_or(system, |[run, _]| run);
    let depth = Depth::new(lengths(run, &trace.events), options.budget);
    let passes = if apart.is_some() { 1 } else { options.jobs.max(1) as u64 };
    let portion = trace.events.len().div_ceil(100);
    let stimuli = trace.events.iter().filter(|event| matches!(event.what, What::Stimulus(_))).count() as u64;
    let verifier = |depth, work, share| {
        let engine_options = afresh_core::Options {
            policy: Policy::Incremental,
            complete: trace.header.complete,
            guard,
            ..afresh_core::Options::default()
        };
        // In a window, the slots of a key may hold outputs from before it.
        let within = Cadence::Within { budget: options.budget, stimuli };
        let cadence = if trace.header.complete { within } else { Cadence::AtEnd };
        let look = Look { depth, work, limit, cadence, share, ignored: options.ignored.to_vec() };
        let verifier = Verifier::new(Engine::new(run.clone(), engine_options), look, recurring.clone());
        match &apart {
            Some([_, beside]) => verifier.beside(beside.clone()),
            None => verifier,
        }
    };
    let pass = |share| {
        let mut verifier = verifier(depth, Work::new(stimuli, options.budget), share);
        for (place, (event, line)) in trace.events_and_lines().enumerate() {
            if apart.is_some() && place % FORESEEN == 0 {
                verifier.look_ahead(trace.events[place..].iter().take(FORESEEN));
            }
            if place % portion == 0 {
                (options.progress)(portion as f64 / (trace.events.len() as u64 * passes) as f64);
            }
            verifier.event(event, line);
        }
        trace.beyond.iter().for_each(|event| verifier.look_over(event));
        verifier.finish(trace.is_cut)
    };
    let mut seen: Vec<(Engine<S>, Seen)> = thread::scope(|scope| {
        let others: Vec<_> =
            (1..passes).map(|number| scope.spawn(move || pass(Share::Steps { number, of: passes }))).collect();
        let first = pass(Share::Steps { number: 0, of: passes });
        let joined = others.into_iter().map(|other| other.join().expect("a pass catches the panics of the system"));
        std::iter::once(first).chain(joined).collect()
    });
    let (engine, mut first) = seen.remove(0);
    let second_run = (seen.is_empty() && !is_settled(&first)).then(|| {
        let restarted = system.elsewhere().map_or_else(|| system.clone(), |elsewhere| elsewhere.restarted());
        trace.run_without(&restarted, *engine.options(), &first.unlearned)
    });
    // The run numbers its events anew. Its stimuli are those of the trace, so counting them finds the place.
    let place = |number: EventNumber| {
        let is_stimulus = |event: &&EventOf<S>| matches!(event.what, What::Stimulus(_));
        let before = engine.journal().events().take(number.get() as usize).filter(is_stimulus).count();
        let place = trace.events_and_lines().filter(|(event, _)| is_stimulus(event)).nth(before.saturating_sub(1));
        place.map_or((number, 0), |(event, line)| (event.number, line))
    };
    if let Some(again) = seen.first().map(|(other, _)| other).or(second_run.as_ref()) {
        determinism(&mut first.findings, [engine.journal(), again.journal()], place);
    }
    if let Some([_, again]) = &apart {
        asked_again(&mut first.findings, again, trace);
        sent_otherwise(&mut first.findings, again, engine.journal(), place);
    }
    for (_, other) in seen {
        first.findings.merge(other.findings);
        first.coverage.merge(&other.coverage);
        first.caught_up += other.caught_up;
        first.not_derivable.merge(other.not_derivable);
    }
    first.coverage.steps += first.caught_up;
    first.coverage.beyond_budget -= first.caught_up;
    // When the time is over, it is not known any more whether the last step of a key was looked at closely.
    first.coverage.from_first = first.coverage.from_first.min(first.coverage.steps);
    first.coverage.restated = first.coverage.restated.min(first.coverage.steps);
    let sampled = first.findings.clone().into_sorted();
    let in_part = first.coverage.restated < first.coverage.steps;
    for finding in sampled.iter().filter(|finding| in_part && finding.signature.check == RESTATED) {
        let events: Vec<_> = trace.events_and_lines().collect();
        let share = finding.first.key.clone().map_or(Share::All, Share::Key);
        first.findings.merge(first_restated(finding, verifier(Depth::LEAST, Work::NONE, share), &events));
    }
    let notes = Notes {
        excluded: first.excluded,
        not_derivable: first.not_derivable,
        not_recorded_yet: first.not_recorded_yet,
    };
    let compares = first.coverage.steps + first.coverage.recorded > 0;
    notes.deny(options.deny, compares, &mut first.findings);
    let mut findings = first.findings.into_sorted();
    let laws = asked(options.laws, &trace.header);
    // A law runs the same messages many times.
    let remembering = system.elsewhere().map_or_else(|| system.clone(), |elsewhere| elsewhere.remembering());
    for law in laws.iter().flatten() {
        let found = laws::look(law, &remembering, trace.events_and_lines(), laws::Sample::Spread);
        findings.extend(found.filter(|found| findings.iter().all(|known| known.signature != found.signature)));
    }
    if let Some((event, line)) = trace.events_and_lines().last() {
        for system in apart.iter().flatten().chain([&remembering]) {
            let found = failed_once(system, event.number);
            let found = found.filter(|found| findings.iter().all(|known| known.signature != found.signature));
            findings.extend(found.map(|found| found.at_line(line)));
        }
    }
    earliest_first(&mut findings);
    Report {
        events: trace.events.len() as u64,
        stimuli,
        extent: Extent::Keys(engine.keys().len() as u64),
        findings,
        notes,
        coverage: first.coverage,
        skipped: None,
        void: None,
        laws,
    }
}
