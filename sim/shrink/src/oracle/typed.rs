//! The oracle of an Afresh trace, in the types of its system.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::thread;

use afresh_check::guard::guard;
use afresh_check::verify::{Along, Depth, Original, Probe, Probed};
use afresh_check::{Finding, Subject, laws};
use afresh_core::{Header, Key, Signature, Stimulus, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{EventOf, RawEvent};

use super::system::{Aimless, SystemOracle, TOLD_MAX};
use super::values::values;
use super::{ends, scope};
use crate::minimize::{Candidate, Content, Edit, Oracle, Verdict};

/// A trace with fewer events is run in less time than it takes to begin a thread.
const EVENTS_MIN: usize = 1000;

/// How many events all candidates that run at the same time may have together, unless only one runs. It bounds their memory.
const EVENTS_MAX: usize = 4_000_000;

/// Why a thread that runs a candidate does not panic.
const CAUGHT: &str = "a run catches the panics of the system";

/// The oracle. It keeps states along the verified trace, so a candidate costs only what follows its first change.
pub(super) struct Typed<'s, S: Subject> {
    probe: Probe<'s, S>,
    /// Told at which event a run of few events is.
    tell: fn(Option<u64>),
    /// How many candidates may run at the same time.
    jobs: usize,
    /// The version that recorded the trace.
    version: String,
    /// All stimuli of the trace, as they are in the verified one, and their lines.
    events: Vec<(EventOf<S>, u64)>,
    /// How thoroughly candidates are compared.
    depth: Depth,
    /// How many events the verified trace had when `depth` was decided.
    measured: usize,
    /// States along the verified trace.
    along: Along<S>,
    /// The candidate that was run last, until it is accepted.
    latest: Option<Latest<S>>,
    bug: Signature,
    /// The first run of the original.
    first: OnceLock<First>,
    /// The verdict of that run, until it is asked for.
    aimed: Option<Verdict>,
}

/// The first run of the original: what later runs are to be compared with.
#[derive(Clone, Default)]
struct First {
    /// Whether the bug shows only where slots and properties are compared at every step.
    each_step: bool,
    /// The key at which it first showed, if it concerns one.
    key: Option<Key>,
    /// How many events it takes for the bug to show, and the digest of the run up to there, if it shows at an event.
    shown: Option<(usize, RunDigest)>,
}

/// A candidate that was run.
struct Latest<S: Subject> {
    edit: Edit,
    /// How many of its first events are those of the verified trace.
    unchanged: usize,
    /// States along it.
    along: Along<S>,
}

impl<'s, S: Subject> Typed<'s, S> {
    /// The oracle of a trace with these stimuli, which are on these lines.
    pub(super) fn new(system: &'s S, header: &Header, events: Vec<(EventOf<S>, u64)>, stop: fn() -> bool) -> Self {
        let tell = |_| ();
        let probe = Probe { system, complete: header.complete, each_step: false, keep: true, stop, tell };
        Self {
            depth: probe.depth(events.iter().map(|(event, _)| event)),
            probe,
            tell,
            jobs: 1,
            version: header.version.clone(),
            measured: events.len(),
            events,
            along: Along::default(),
            latest: None,
            bug: Signature::new("", ""),
            first: OnceLock::new(),
            aimed: None,
        }
    }

    /// The first run of the original. A search that continues from a walk knows the bug from there, and makes this run when
    /// it first needs it.
    fn first(&self) -> &First {
        self.first.get_or_init(|| {
            // Such a bug ends the process that runs it.
            if ends::ALL.contains(&self.bug.check.as_str()) {
                return First::default();
            }
            self.find(Some(&self.bug)).map_or_else(|_| First::default(), |found| found.first)
        })
    }

    /// Runs all of the trace until `wanted` shows; with nothing wanted, until anything does. What shows only while slots and
    /// properties are compared at every step takes a second run.
    fn find(&self, wanted: Option<&Signature>) -> Result<Found<S>, Aimless> {
        let found = self.find_with(wanted, false);
        if wanted.is_some() && matches!(found, Err(Aimless::Shows(_))) {
            return self.find_with(wanted, true).or(found);
        }
        found
    }

    fn find_with(&self, wanted: Option<&Signature>, each_step: bool) -> Result<Found<S>, Aimless> {
        let Original { probed, digest, along } = self.original(each_step, None, self.events.len(), wanted);
        if matches!(probed, Probed::Stopped) {
            return Err(Aimless::Stopped);
        }
        let findings = probed.findings();
        let finding = findings.iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted)).cloned();
        let finding = finding.ok_or_else(|| Aimless::Shows(findings.to_vec()))?;
        let shown = match probed {
            Probed::At(number, _) => Some((self.place(number) + 1, digest)),
            Probed::End(_) | Probed::Stopped => None,
        };
        let first = First { each_step, key: finding.first.key.clone(), shown };
        Ok(Found { verdict: verdict(&probed, &finding.signature), finding, first, along })
    }

    /// Runs the first `events` events of the trace, comparing every key or `only` one, until `wanted` shows.
    fn original(&self, each_step: bool, only: Option<&Key>, events: usize, wanted: Option<&Signature>) -> Original<S> {
        let events = || self.events[..events].iter().map(|(event, line)| (event, *line));
        if let Some(probed) = wanted.and_then(|wanted| self.law(wanted, events())) {
            return Original { probed, digest: Rolling::new().finish(), along: Along::default() };
        }
        Probe { each_step, ..self.probe }.original(self.depth, only, events(), wanted)
    }

    /// Runs the original once more, to see that the bug is reproduced: the same failure, and the same digest up to there.
    ///
    /// Where the first run has found the failure at a key, this run ends there and compares that key alone.
    fn reproduce(&self) -> Verdict {
        let First { each_step, key, shown } = self.first();
        let (events, only) = shown.as_ref().map_or((self.events.len(), None), |(events, _)| (*events, key.as_ref()));
        let again = self.original(*each_step, only, events, Some(&self.bug));
        let differs = shown.as_ref().is_some_and(|(_, digest)| *digest != again.digest);
        if differs && !matches!(again.probed, Probed::Stopped) {
            return Verdict::Other { signature: Signature::new("determinism", ""), at: None };
        }
        verdict(&again.probed, &self.bug)
    }

    /// The result of the law that `wanted` says is broken, over all `events`; `None` where `wanted` is about no law.
    fn law<'e>(&self, wanted: &Signature, events: impl Iterator<Item = (&'e EventOf<S>, u64)>) -> Option<Probed>
    where
        S: 'e,
    {
        let law = laws::NAMES.iter().find(|law| **law == wanted.check).filter(|_| self.probe.complete)?;
        let found = laws::look(law, self.probe.system, events, laws::Sample::Spread);
        Some(Probed::End(found.into_iter().collect()))
    }

    /// Runs `candidate`; with `again`, from its beginning.
    fn run(&self, candidate: &Candidate<'_, RawEvent>, again: bool) -> (Verdict, Latest<S>) {
        (self.tell)(None);
        let rewritten = candidate.rewritten().filter_map(|item| Some((self.read(&item.value)?, item.value.line)));
        let rewritten: Vec<_> = rewritten.collect();
        let rewritten = &rewritten[..];
        let events = |from: usize| {
            let mut rest = &self.events[..];
            candidate.items().skip(from).filter_map(move |item| {
                // Mostly the next one: only where an edit has removed something is there anything to look for.
                if rest.first().is_some_and(|(first, _)| number::<S>(first) < item.number) {
                    rest = &rest[rest.partition_point(|(event, _)| number::<S>(event) < item.number)..];
                }
                let (event, others) = rest.split_first()?;
                rest = others;
                let changed = rewritten.binary_search_by_key(&item.number, |(event, _)| number::<S>(event));
                let (event, line) = changed.map_or(event, |place| &rewritten[place]);
                Some((event, *line))
            })
        };
        let unchanged = candidate.first_change();
        let (probed, along) = match self.law(&self.bug, events(0)) {
            Some(probed) => (probed, Along::default()),
            None => {
                let none = Along::default();
                let from = if again { (&none, 0) } else { (&self.along, unchanged) };
                let tell = if candidate.len() <= TOLD_MAX { self.tell } else { |_| () };
                let probe = Probe { tell, each_step: self.first().each_step, ..self.probe };
                probe.look(self.depth, from, events, &self.bug)
            }
        };
        (verdict(&probed, &self.bug), Latest { edit: candidate.edit().clone(), unchanged, along })
    }

    /// Discards the candidate that was run last, which was not accepted; keeps those of its states that are also states along
    /// the verified trace. Returns its edit.
    fn settle(&mut self) -> Option<Edit> {
        let Latest { edit, unchanged, mut along } = self.latest.take()?;
        along.truncate(unchanged);
        self.along.extend(along);
        Some(edit)
    }

    fn read(&self, raw: &RawEvent) -> Option<EventOf<S>> {
        raw.typed(self.probe.system, &self.version).ok()
    }

    /// The place of the event with this number, or of the first after it.
    fn place(&self, number: u64) -> usize {
        self.events.partition_point(|(event, _)| self::number::<S>(event) < number)
    }
}

/// A bug that the original shows.
struct Found<S: Subject> {
    finding: Finding,
    verdict: Verdict,
    first: First,
    along: Along<S>,
}

fn number<S: Subject>(event: &EventOf<S>) -> u64 {
    event.number.get().into()
}

/// The verdict of a run, where `bug` is wanted.
fn verdict(probed: &Probed, bug: &Signature) -> Verdict {
    let has_bug = |findings: &[Finding]| findings.iter().any(|finding| finding.signature == *bug);
    match probed {
        Probed::At(number, findings) if has_bug(findings) => Verdict::same_at(*number),
        Probed::End(findings) if has_bug(findings) => Verdict::SAME,
        Probed::At(_, findings) | Probed::End(findings) => findings.first().map_or(Verdict::Passed, |other| {
            let at = Some(other.first.event.get().into());
            Verdict::Other { signature: other.signature.clone(), at }
        }),
        Probed::Stopped => Verdict::Unresolved("was stopped".to_owned()),
    }
}

impl<S: Subject> SystemOracle for Typed<'_, S> {
    fn set_jobs(&mut self, jobs: usize) {
        self.jobs = jobs;
    }

    fn tell(&mut self, tell: fn(Option<u64>)) {
        self.tell = tell;
    }

    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless> {
        let Found { finding, verdict, first, along } = self.find(wanted)?;
        self.bug = finding.signature.clone();
        self.first = OnceLock::from(first);
        self.along = along;
        self.aimed = Some(verdict);
        Ok(finding)
    }
}

impl<S: Subject> Oracle<RawEvent> for Typed<'_, S> {
    fn bug_is(&mut self, bug: &Signature) {
        self.bug = bug.clone();
        self.first = OnceLock::new();
        self.aimed = None;
    }

    fn width(&self, events: usize) -> usize {
        if events < EVENTS_MIN { 1 } else { self.jobs.min((EVENTS_MAX / events).max(1)) }
    }

    fn test(&mut self, candidate: &Candidate<'_, RawEvent>) -> Verdict {
        // Aiming has made the first run of the original.
        if *candidate.edit() == Edit::Keep {
            return self.aimed.take().unwrap_or_else(|| self.reproduce());
        }
        // A candidate that is run again is run from its beginning, which shows whether it fails every time.
        let again = self.settle().as_ref() == Some(candidate.edit());
        let (verdict, latest) = self.run(candidate, again);
        self.latest = Some(latest);
        verdict
    }

    fn test_all(&mut self, candidates: &[Candidate<'_, RawEvent>]) -> Vec<Verdict> {
        self.settle();
        let runs: Vec<_> = thread::scope(|scope| {
            let run = |candidate| self.run(candidate, false);
            let others: Vec<_> = candidates[1..].iter().map(|other| scope.spawn(move || run(other))).collect();
            let first = run(&candidates[0]);
            let others = others.into_iter().map(|other| other.join().expect(CAUGHT));
            std::iter::once(first).chain(others).collect()
        });
        let mut verdicts: Vec<Verdict> = Vec::new();
        for (verdict, latest) in runs {
            if verdicts.last().is_some_and(Verdict::is_same) {
                break;
            }
            self.settle();
            self.latest = Some(latest);
            verdicts.push(verdict);
        }
        verdicts
    }

    fn accepted(&mut self, candidate: &Candidate<'_, RawEvent>) {
        for item in candidate.rewritten() {
            let place = self.place(item.number);
            if let Some(event) = self.read(&item.value) {
                self.events[place].0 = event;
            }
        }
        self.along.truncate(candidate.first_change());
        if let Some(latest) = self.latest.take().filter(|latest| latest.edit == *candidate.edit()) {
            self.along.extend(latest.along);
        }
        // Of a trace half as long more can be asked; states that were asked for less are of no more use then.
        if candidate.len() <= self.measured / 2 {
            self.measured = candidate.len();
            let events = candidate.items().filter_map(|item| Some(&self.events.get(self.place(item.number))?.0));
            let depth = self.probe.depth(events);
            if depth != self.depth {
                self.depth = depth;
                self.along = Along::default();
            }
        }
    }

    fn content(&self) -> &dyn Content<RawEvent> {
        self
    }
}

impl<S: Subject> Content<RawEvent> for Typed<'_, S> {
    fn links(&self, event: &RawEvent) -> Vec<u64> {
        values(event.content.get().as_bytes())
    }

    /// First the key at which the bug showed, and then the keys that told it something as well.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let Probe { system, complete, .. } = self.probe;
        let keys = match width {
            0 => BTreeSet::from([self.first().key.clone()?]),
            1 => scope::with_senders(system, &self.events, complete, self.first().key.as_ref()?),
            _ => return None,
        };
        Some(scope::of_keys(system, &self.events, &keys))
    }

    /// A message belongs at its position.
    fn rank(&self, event: &RawEvent) -> Option<i64> {
        let What::Stimulus(Stimulus::In(message)) = self.read(event)?.what else { return None };
        let (body, mut position) = (message.body?, None);
        // Where the code of the system panics nobody knows.
        let _ = guard(&mut || position = self.probe.system.position(&body));
        position
    }

    fn text<'e>(&self, event: &'e RawEvent) -> Option<Cow<'e, str>> {
        event.text().map(Cow::Owned)
    }

    /// What does not read back in the types of the system, or is no stimulus any more, is none.
    fn with_text(&self, event: &RawEvent, text: &str) -> Option<RawEvent> {
        let raw = event.with_text(text)?;
        (raw.kind.is_stimulus() && self.read(&raw).is_some()).then_some(raw)
    }
}
