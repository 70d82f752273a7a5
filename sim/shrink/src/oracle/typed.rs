//! The oracle that runs a system, in the types of that system.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::thread;

use afresh_check::guard::guard;
use afresh_check::verify::{Along, Depth, Original, Probe, Probed};
use afresh_check::{Finding, Subject, laws};
use afresh_core::{Header, Key, Signature, Stimulus, What};
use afresh_trace::digest::{Rolling, RunDigest};
use afresh_trace::format::{EventOf, RawEvent};

use super::system::{Aimless, SystemOracle, TOLD_MAX, Tell};
use super::values::values;
use super::{ends, rebase, scope};
use crate::minimize::{Candidate, Content, Edit, Item, Oracle, Rebased, Verdict};

/// Candidates of a trace with fewer events than this run one at a time, because starting a thread takes longer than a
/// run.
const EVENTS_MIN: usize = 1000;

/// The most events that candidates may have together if they run at the same time. It bounds their memory. A candidate
/// that runs alone may have more.
const EVENTS_MAX: usize = 4_000_000;

/// The reason why a thread that runs a candidate does not panic.
const CAUGHT: &str = "a run catches the panics of the system";

/// An oracle that runs a system in this process.
///
/// It saves states along the verified trace, which is the last trace that showed the bug. A candidate is run from the
/// last saved state before its first change.
pub(super) struct Typed<'s, S: Subject> {
    probe: Probe<'s, S>,
    /// Called with the number of each event before it is run, if the candidate has few events.
    tell: Tell,
    /// How many candidates may run at the same time.
    jobs: usize,
    /// The version of the system that recorded the trace.
    version: String,
    /// All stimuli of the original, each with its line. Stimuli that accepted edits have rewritten are replaced;
    /// removed ones stay.
    events: Vec<(EventOf<S>, u64)>,
    /// How thoroughly candidates are compared.
    depth: Depth,
    /// The number of events of the verified trace when `depth` was decided.
    measured: usize,
    /// Saved states of the verified trace, from which runs of candidates start.
    along: Along<S>,
    /// The candidate that was run last, until it is accepted or discarded.
    latest: Option<Latest<S>>,
    /// The bug to look for.
    bug: Signature,
    /// The facts from the first run of the original, once it was run.
    first: OnceLock<First>,
    /// Whether a run of the verified trace must be equal to the first run of the original. It is so until a step is
    /// accepted, unless the bug is flaky.
    reproduces: bool,
    /// The verdict of that run, until the search takes it.
    aimed: Option<Verdict>,
}

/// Facts from the first run of the original, which make later runs shorter or are compared with them.
#[derive(Clone, Default)]
struct First {
    /// Whether the bug shows only if slots and properties are compared after every stimulus.
    each_step: bool,
    /// The key at which the bug first showed, if it concerns one.
    key: Option<Key>,
    /// If the bug showed at an event: the number of events up to and including it, and the digest of the run up to
    /// there.
    shown: Option<(usize, RunDigest)>,
}

/// The candidate that was run last.
struct Latest<S: Subject> {
    edit: Edit,
    /// The number of events at its start that are the same as in the verified trace.
    unchanged: usize,
    /// Saved states of the candidate.
    along: Along<S>,
}

impl<'s, S: Subject> Typed<'s, S> {
    /// Creates the oracle of a trace with the stimuli `events`, each with its line.
    pub(super) fn new(system: &'s S, header: &Header, events: Vec<(EventOf<S>, u64)>, stop: fn() -> bool) -> Self {
        let probe = Probe { system, complete: header.complete, each_step: false, keep: true, stop, tell: &|_| () };
        Self {
            depth: probe.depth(events.iter().map(|(event, _)| event)),
            probe,
            tell: Arc::new(|_| ()),
            jobs: 1,
            version: header.version.clone(),
            measured: events.len(),
            events,
            along: Along::default(),
            latest: None,
            bug: Signature::new("", ""),
            first: OnceLock::new(),
            reproduces: true,
            aimed: None,
        }
    }

    /// Returns the facts from the first run of the original.
    ///
    /// A search that resumes a walk knows the bug from the walk. It runs the original when it first needs these facts.
    fn first(&self) -> &First {
        self.first.get_or_init(|| {
            // A bug with such a check ends the process that runs the trace.
            if ends::ALL.contains(&self.bug.check.as_str()) {
                return First::default();
            }
            self.find(Some(&self.bug)).map_or_else(|_| First::default(), |found| found.first)
        })
    }

    /// Runs the original until `wanted` shows, or until any bug shows if nothing is wanted.
    ///
    /// If `wanted` does not show, a second run also compares slots and properties after every stimulus, which may show
    /// it.
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

    /// Runs the first `events` stimuli of the original until `wanted` shows. Compares only the key `only` if it is
    /// given, and otherwise every key.
    fn original(&self, each_step: bool, only: Option<&Key>, events: usize, wanted: Option<&Signature>) -> Original<S> {
        let events = || self.events[..events].iter().map(|(event, line)| (event, *line));
        if let Some(probed) = wanted.and_then(|wanted| self.law(wanted, events())) {
            return Original { probed, digest: Rolling::new().finish(), along: Along::default() };
        }
        Probe { each_step, ..self.probe }.original(self.depth, only, events(), wanted)
    }

    /// Runs the original once more, to make sure that the bug is reproduced. The run must show the same failure and
    /// have the same digest up to it.
    ///
    /// If the first run showed the failure at an event, this run ends there and compares only the key that failed.
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

    /// Checks the law with the name that `wanted` gives, in all `events`. Returns `None` if `wanted` is not about a
    /// law, or if the trace is only a window.
    fn law<'e>(&self, wanted: &Signature, events: impl Iterator<Item = (&'e EventOf<S>, u64)>) -> Option<Probed>
    where
        S: 'e,
    {
        let law = laws::NAMES.iter().find(|law| **law == wanted.check).filter(|_| self.probe.complete)?;
        let found = laws::look(law, self.probe.system, events, laws::Sample::Spread);
        Some(Probed::End(found.into_iter().collect()))
    }

    /// Runs `candidate`: from its beginning if `again`, otherwise from the last state before its first change.
    fn run(&self, candidate: &Candidate<'_, RawEvent>, again: bool) -> (Verdict, Latest<S>) {
        (self.tell)(None);
        let rewritten = candidate.rewritten().filter_map(|item| Some((self.read(&item.value)?, item.value.line)));
        let rewritten: Vec<_> = rewritten.collect();
        let rewritten = &rewritten[..];
        let events = |from: usize| {
            let mut rest = &self.events[..];
            candidate.items().skip(from).filter_map(move |item| {
                // The next event mostly fits. A search is needed only behind events that an edit has removed.
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
                let tell = if candidate.len() <= TOLD_MAX { &*self.tell } else { self.probe.tell };
                let probe = Probe { tell, each_step: self.first().each_step, ..self.probe };
                probe.look(self.depth, from, events, &self.bug)
            }
        };
        (verdict(&probed, &self.bug), Latest { edit: candidate.edit().clone(), unchanged, along })
    }

    /// Discards the candidate that was run last, because it was not accepted, and returns its edit. Its states before
    /// the first change are kept, since they are states of the verified trace too.
    fn settle(&mut self) -> Option<Edit> {
        let Latest { edit, unchanged, mut along } = self.latest.take()?;
        along.truncate(unchanged);
        self.along.extend(along);
        Some(edit)
    }

    fn read(&self, raw: &RawEvent) -> Option<EventOf<S>> {
        raw.typed(self.probe.system, &self.version).ok()
    }

    /// Returns the position of a message with a body, if it has one. Returns `None` for any other event, and if the
    /// code of the system panics.
    fn position(&self, event: &EventOf<S>) -> Option<Option<i64>> {
        let What::Stimulus(Stimulus::In(message)) = &event.what else { return None };
        let (body, mut position) = (message.body.as_ref()?, None);
        guard(&mut || position = self.probe.system.position(body)).ok()?;
        Some(position)
    }

    /// Returns the place of the event with this number, or of the first one after it.
    fn place(&self, number: u64) -> usize {
        self.events.partition_point(|(event, _)| self::number::<S>(event) < number)
    }
}

/// A bug that the original shows, with the run that showed it.
struct Found<S: Subject> {
    finding: Finding,
    verdict: Verdict,
    first: First,
    along: Along<S>,
}

fn number<S: Subject>(event: &EventOf<S>) -> u64 {
    event.number.get().into()
}

/// Returns the verdict that the result of a run gives in a search for `bug`.
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

    fn expect_flaky(&mut self) {
        self.reproduces = false;
    }

    fn tell(&mut self, tell: Tell) {
        self.tell = tell;
    }

    fn concerns(&mut self, key: Option<Key>) {
        self.first = OnceLock::from(First { key, ..First::default() });
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
        // `aim` has already made the first run of the original.
        let is_verified = *candidate.edit() == Edit::Keep;
        if is_verified && self.reproduces {
            return self.aimed.take().unwrap_or_else(|| self.reproduce());
        }
        // If the same candidate is run again, it is run from its beginning, to show whether it fails every time.
        let again = self.settle().as_ref() == Some(candidate.edit()) || is_verified;
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

    fn repeats(&self) -> bool {
        true
    }

    fn went_back(&mut self, candidate: &Candidate<'_, RawEvent>) {
        (self.along, self.latest) = (Along::default(), None);
        for item in candidate.items() {
            let place = self.place(item.number);
            if let Some(event) = self.read(&item.value) {
                self.events[place].0 = event;
            }
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, RawEvent>) {
        self.reproduces = false;
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
        // In half as many events, more can be compared within the same budget. States of less thorough runs are of no
        // use then.
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

    /// Returns the events of the key that failed; with `width` 1, also those of all keys that send messages to it.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let Probe { system, complete, .. } = self.probe;
        let keys = match width {
            0 => BTreeSet::from([self.first().key.clone()?]),
            1 => scope::with_senders(system, &self.events, complete, self.first().key.as_ref()?),
            _ => return None,
        };
        Some(scope::of_keys(system, &self.events, &keys))
    }

    /// Returns the position of a message.
    fn rank(&self, event: &RawEvent) -> Option<i64> {
        self.position(&self.read(event)?).flatten()
    }

    fn text<'e>(&self, event: &'e RawEvent) -> Option<Cow<'e, str>> {
        event.text().map(Cow::Owned)
    }

    fn rebase(&self, items: &[Item<RawEvent>], remove: &[(u64, u64)]) -> Option<Rebased> {
        rebase::rebase(self.probe.system, &self.version, items, remove)
    }

    /// Returns `None` if the text does not read back as a stimulus in the types of the system, or if only one of the
    /// two has a position: a system has positions for all of its messages or for none.
    fn with_text(&self, event: &RawEvent, text: &str) -> Option<RawEvent> {
        let raw = event.with_text(text)?;
        let after = self.read(&raw).filter(|_| raw.kind.is_stimulus())?;
        let before = self.read(event).and_then(|event| self.position(&event));
        let positions = before.zip(self.position(&after));
        positions.is_none_or(|(before, after)| before.is_some() == after.is_some()).then_some(raw)
    }
}
