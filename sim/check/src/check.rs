//! Checks one trace: every step, every recorded observation and, where asked for, every law.

use std::collections::BTreeMap;
use std::thread;

use afresh_core::{Engine, Policy, What};
use afresh_trace::format::EventOf;
use serde::Serialize;

use crate::extent::Extent;
use crate::finding::Finding;
use crate::guard::guard;
use crate::laws;
use crate::loaded::Loaded;
use crate::subject::Subject;
use crate::verify::{Coverage, Depth, Look, Seen, Share, Verifier, determinism, lengths};

/// How to check.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many messages may be folded to recompute from the first message at every step.
    pub budget: u64,
    /// How many threads may work. The report does not depend on it.
    pub jobs: usize,
    /// Whether to ask the laws as well, of a trace that is a whole history.
    pub laws: bool,
    /// Told now and then which fraction of the work was done since it was told last; nothing that is found depends on it.
    pub progress: fn(f64),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget: 200_000_000,
            jobs: thread::available_parallelism().map_or(1, usize::from),
            laws: false,
            progress: |_| (),
        }
    }
}

/// What a check of one trace found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Events of the trace.
    pub events: u64,
    /// Those that drove the system.
    pub stimuli: u64,
    /// The keys that they concerned, or the nodes that there are.
    #[serde(flatten)]
    pub extent: Extent,
    /// What is wrong, the earliest first.
    pub findings: Vec<Finding>,
    /// How often each part could not be compared, because the window does not say what it is.
    pub not_derivable: BTreeMap<&'static str, u64>,
    /// What was looked at.
    pub coverage: Coverage,
    /// Of a world: how many stimuli cannot happen any more, and were skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// The laws that were asked, where that was wanted. None is asked of a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub laws: Option<Vec<&'static str>>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks a trace of `system`.
pub fn check<S: Subject>(system: &S, trace: &Loaded<S>, options: Options) -> Report {
    let depth = Depth::new(lengths(system, &trace.events), options.budget);
    let passes = options.jobs.max(1) as u64;
    let portion = trace.events.len().div_ceil(100);
    let pass = |share| {
        let engine_options = afresh_core::Options {
            policy: Policy::Incremental,
            complete: trace.header.complete,
            guard,
            ..afresh_core::Options::default()
        };
        let look = Look { depth, each_step: false, share };
        let mut verifier = Verifier::new(Engine::new(system.clone(), engine_options), look);
        for (place, (event, line)) in trace.events_and_lines().enumerate() {
            if place % portion == 0 {
                (options.progress)(portion as f64 / (trace.events.len() as u64 * passes) as f64);
            }
            verifier.event(event, line);
        }
        verifier.finish()
    };
    let mut seen: Vec<(Engine<S>, Seen)> = thread::scope(|scope| {
        let others: Vec<_> =
            (1..passes).map(|number| scope.spawn(move || pass(Share::Steps { number, of: passes }))).collect();
        let first = pass(Share::Steps { number: 0, of: passes });
        let joined = others.into_iter().map(|other| other.join().expect("a pass catches the panics of the system"));
        std::iter::once(first).chain(joined).collect()
    });
    let (engine, mut first) = seen.remove(0);
    let again = match seen.first() {
        Some((second, _)) => second,
        None => &trace.run(system, *engine.options()),
    };
    determinism(&mut first.findings, [engine.journal(), again.journal()], |number| {
        // The stimulus of the run under way there is the one in the trace that has as many before it.
        let is_stimulus = |event: &&EventOf<S>| matches!(event.what, What::Stimulus(_));
        let before = engine.journal().events().take(number.get() as usize).filter(is_stimulus).count();
        let place = trace.events_and_lines().filter(|(event, _)| is_stimulus(event)).nth(before.saturating_sub(1));
        place.map_or((number, 0), |(event, line)| (event.number, line))
    });
    for (_, other) in seen {
        first.findings.merge(other.findings);
        first.coverage.merge(&other.coverage);
        for (part, count) in other.not_derivable {
            *first.not_derivable.entry(part).or_default() += count;
        }
    }
    let mut findings = first.findings.into_sorted();
    let laws = options.laws.then(|| {
        let asked = if trace.header.complete { &laws::NAMES[..] } else { &[] };
        for law in asked {
            let found = laws::look(law, system, trace.events_and_lines(), laws::Sample::Spread);
            findings.extend(found.filter(|found| findings.iter().all(|known| known.signature != found.signature)));
        }
        asked.to_vec()
    });
    findings.sort_by(|a, b| a.first.event.cmp(&b.first.event).then_with(|| a.signature.cmp(&b.signature)));
    Report {
        events: trace.events.len() as u64,
        stimuli: trace.events.iter().filter(|event| matches!(event.what, What::Stimulus(_))).count() as u64,
        extent: Extent::Keys(engine.keys().len() as u64),
        findings,
        not_derivable: first.not_derivable,
        coverage: first.coverage,
        skipped: None,
        laws,
    }
}
