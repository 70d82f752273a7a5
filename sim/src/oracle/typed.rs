//! The oracle of an Afresh trace, in the types of its system.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::thread;

use afresh_core::{Header, Key, Signature, Stimulus, What};

use super::system::{Aimless, SystemOracle, TOLD_MAX};
use super::values::values;
use super::{Oracle, Verdict, ends, scope};
use crate::check::{Along, BUDGET, Depth, Finding, Probe, Probed, Survey, Twice, Verifier};
use crate::format::{EventOf, RawEvent};
use crate::host::guard;
use crate::laws;
use crate::minimize::{Candidate, Edit};
use crate::subject::Subject;

/// A trace with fewer events is run in less time than it takes to begin a thread.
const EVENTS_MIN: usize = 1000;

/// How many events are in all candidates that are run at a time, unless there is but one. It bounds their memory.
const EVENTS_MAX: usize = 4_000_000;

/// Why a thread that runs a candidate ends as it should.
const CAUGHT: &str = "a run catches the panics of the system";

/// The oracle. It keeps states along the verified trace: a candidate costs what follows its first change.
pub(super) struct Typed<'s, S: Subject> {
    probe: Probe<'s, S>,
    /// Told at which event a run of few events is.
    tell: fn(Option<u64>),
    /// How many candidates may be run at a time.
    jobs: usize,
    /// The version that recorded the trace.
    version: String,
    /// All stimuli of the trace, as they are in the verified one, and their lines.
    events: Vec<(EventOf<S>, u64)>,
    /// What is known of all of the trace.
    survey: Arc<Survey>,
    /// How deep to look at candidates.
    depth: Depth,
    /// How many events the verified trace had when that was decided.
    measured: usize,
    /// States along the verified trace.
    along: Along<'s, S>,
    /// The candidate that was run last, until it is accepted.
    latest: Option<Latest<'s, S>>,
    bug: Signature,
    /// Whether it shows only where every step is looked at, once that was looked for.
    each_step: OnceLock<bool>,
    /// The key at which it first showed, if at any, once that was looked for.
    key: OnceLock<Option<Key>>,
    /// What the runs that it was aimed by have shown, the first of them last. They are the first of the original, and take
    /// as long as any.
    aimed: Vec<Verdict>,
    /// The runs that it was aimed by, to be freed at the end.
    spent: Vec<Verifier<'s, S>>,
}

/// A candidate that was run.
struct Latest<'s, S: Subject> {
    edit: Edit,
    /// How many of its events are those of the verified trace.
    unchanged: usize,
    /// States along it.
    along: Along<'s, S>,
}

impl<'s, S: Subject> Typed<'s, S> {
    /// The oracle of a trace with these stimuli, which are on these lines.
    pub(super) fn new(system: &'s S, header: &Header, events: Vec<(EventOf<S>, u64)>, stop: fn() -> bool) -> Self {
        let tell = |_| ();
        let probe = Probe { system, complete: header.complete, each_step: false, keep: true, stop, tell };
        let survey = Arc::new(Survey::of(system, events.iter().map(|(event, _)| event)));
        Self {
            depth: survey.depth(BUDGET),
            survey,
            probe,
            tell,
            jobs: 1,
            version: header.version.clone(),
            measured: events.len(),
            events,
            along: Along::new(),
            latest: None,
            bug: Signature::new("", ""),
            each_step: OnceLock::new(),
            key: OnceLock::new(),
            aimed: Vec::new(),
            spent: Vec::new(),
        }
    }

    /// The key at which the bug first shows in all of the trace; none where the bug ends the process that looks for it.
    fn key(&self) -> Option<&Key> {
        // A search that goes on from a walk knows the bug from there.
        let look = || {
            if ends::ALL.contains(&self.bug.check.as_str()) {
                return None;
            }
            let each_step = self.probe().each_step;
            let probed = self.original(Some(&self.bug), each_step).0;
            probed.findings().iter().find(|finding| finding.signature == self.bug)?.first.key.clone()
        };
        self.key.get_or_init(look).as_ref()
    }

    /// What looks at candidates. What may come and go between the first stimulus and the last is looked for at every step,
    /// where the original does not show it else.
    fn probe(&self) -> Probe<'s, S> {
        // A search that goes on from a walk knows the bug from there.
        let look = || {
            let is_there = |findings: &[Finding]| findings.iter().any(|finding| finding.signature == self.bug);
            let ends = ends::ALL.contains(&self.bug.check.as_str());
            !ends && matches!(self.original(Some(&self.bug), false).0, Probed::End(findings) if !is_there(&findings))
        };
        Probe { each_step: *self.each_step.get_or_init(look), ..self.probe }
    }

    /// What a law says of all `events`, if `wanted` is that a law is broken.
    fn law<'e>(&self, wanted: &Signature, events: impl Iterator<Item = (&'e EventOf<S>, u64)>) -> Option<Probed>
    where
        S: 'e,
    {
        let law = laws::NAMES.iter().find(|law| **law == wanted.check).filter(|_| self.probe.complete)?;
        let found = laws::look(law, self.probe.system, events, laws::Sample::Spread);
        Some(Probed::End(found.into_iter().collect()))
    }

    /// Looks at all of the trace until `wanted` shows. No states are kept: what comes next mostly changes the trace near its
    /// beginning, or after its end.
    fn original(&self, wanted: Option<&Signature>, each_step: bool) -> (Probed, Along<'s, S>) {
        let events = |from: usize| self.events[from..].iter().map(|(event, line)| (event, *line));
        if let Some(probed) = wanted.and_then(|wanted| self.law(wanted, events(0))) {
            return (probed, Along::new());
        }
        Probe { each_step, keep: false, ..self.probe }.look(self.depth, (&Along::new(), 0), events, wanted)
    }

    /// Runs `candidate`; `again` says to do so from its beginning.
    fn run(&self, candidate: &Candidate<'_, RawEvent>, again: bool) -> (Verdict, Latest<'s, S>) {
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
        if let Some(probed) = self.law(&self.bug, events(0)) {
            let edit = candidate.edit().clone();
            return (verdict(&probed, &self.bug), Latest { edit, unchanged, along: Along::new() });
        }
        let from = if again { (&Along::new(), 0) } else { (&self.along, unchanged) };
        let tell = if candidate.len() <= TOLD_MAX { self.tell } else { |_| () };
        let (probed, along) = Probe { tell, ..self.probe() }.look(self.depth, from, events, Some(&self.bug));
        (verdict(&probed, &self.bug), Latest { edit: candidate.edit().clone(), unchanged, along })
    }

    /// Keeps of the states along the candidate that was run last, which was not accepted, those that are states along the
    /// verified trace; its edit.
    fn settle(&mut self) -> Option<Edit> {
        let Latest { edit, unchanged, mut along } = self.latest.take()?;
        along.truncate(unchanged);
        self.along.extend(along);
        Some(edit)
    }

    fn read(&self, raw: &RawEvent) -> Option<EventOf<S>> {
        raw.typed(self.probe.system, &self.version).ok()
    }

    /// The event with this number, or the first after it.
    fn place(&self, number: u64) -> usize {
        self.events.partition_point(|(event, _)| self::number::<S>(event) < number)
    }
}

fn number<S: Subject>(event: &EventOf<S>) -> u64 {
    event.number.get().into()
}

/// What was found says of `bug`.
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
        let aimed = self.aim_at(wanted, false);
        let aimed = if wanted.is_some() && matches!(aimed, Err(Aimless::Shows(_))) {
            self.aim_at(wanted, true).or(aimed)
        } else {
            aimed
        };
        aimed.inspect(|found| self.bug = found.signature.clone())
    }
}

impl<'s, S: Subject> Typed<'s, S> {
    /// Looks at all of the trace until `wanted` shows, and again where that need not wait.
    fn originals(&mut self, wanted: Option<&Signature>, each_step: bool) -> (Probed, Along<'s, S>, Option<Probed>) {
        let asks_law = wanted.is_some_and(|wanted| laws::NAMES.contains(&wanted.check.as_str()));
        if asks_law || self.width(self.events.len()) == 1 {
            let (probed, along) = self.original(wanted, each_step);
            return (probed, along, None);
        }
        let probe = Probe { each_step, ..self.probe };
        let look = || probe.look_twice((self.depth, &self.survey), &self.events, wanted);
        let Twice { probed, along, again, spent } = look();
        let again = if again { probed.clone() } else { look().probed };
        self.spent = spent;
        (probed, along, Some(again))
    }

    /// Aims at `wanted`, or what shows first, with a look at everything at every step or not.
    fn aim_at(&mut self, wanted: Option<&Signature>, each_step: bool) -> Result<Finding, Aimless> {
        let (probed, along, again) = self.originals(wanted, each_step);
        if matches!(probed, Probed::Stopped) {
            return Err(Aimless::Stopped);
        }
        let findings = probed.findings();
        let found = findings.iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted)).cloned();
        let found = found.ok_or_else(|| Aimless::Shows(findings.to_vec()))?;
        self.aimed = again.iter().chain([&probed]).map(|probed| verdict(probed, &found.signature)).collect();
        self.along = along;
        self.each_step = OnceLock::from(each_step);
        self.key = OnceLock::from(found.first.key.clone());
        Ok(found)
    }
}

impl<S: Subject> Oracle<RawEvent> for Typed<'_, S> {
    fn bug_is(&mut self, bug: &Signature) {
        self.bug = bug.clone();
        self.each_step = OnceLock::new();
    }

    fn links(&self, event: &RawEvent) -> Vec<u64> {
        values(event.content.get().as_bytes())
    }

    /// First the key at which the bug showed, and then the keys that told it something as well.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let Probe { system, complete, .. } = self.probe;
        let keys = match width {
            0 => BTreeSet::from([self.key()?.clone()]),
            1 => scope::with_senders(system, &self.events, complete, self.key()?),
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

    fn width(&self, events: usize) -> usize {
        if events < EVENTS_MIN { 1 } else { self.jobs.min((EVENTS_MAX / events).max(1)) }
    }

    fn test(&mut self, candidate: &Candidate<'_, RawEvent>) -> Verdict {
        let is_original = *candidate.edit() == Edit::Keep;
        if is_original && let Some(verdict) = self.aimed.pop() {
            return verdict;
        }
        // What is run again is run from its beginning: that is to show whether it fails every time.
        let again = self.settle().as_ref() == Some(candidate.edit()) || is_original;
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
                self.along = Along::new();
            }
        }
    }
}
