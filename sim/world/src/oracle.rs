//! The oracle for traces of worlds: it runs each candidate again, and compares the findings with the bug.
//!
//! The replay is tolerant: it skips the events of a candidate that can no longer happen without the removed ones.

use std::borrow::Cow;
use std::io::BufRead;
use std::sync::Arc;

use afresh_check::Finding;
use afresh_core::{EventNumber, Signature, Stimulus, What};
use afresh_shrink::minimize::{Candidate, Content, Item, Oracle, Verdict};
use afresh_shrink::oracle::{Aimless, Examined, Stimuli, SystemOracle, TOLD_MAX, Tell, values};
use afresh_trace::format::{Error, Kind, RawEvent, Reader};

use crate::run::{Cluster, Keep, drive};
use crate::schedule::Replay;
use crate::twice::{DETERMINISM, first_difference};
use crate::world::{Node, Vocabulary};

/// Reads a trace of `cluster`, and prepares it for the minimizer.
///
/// # Errors
///
/// Fails if the trace cannot be read.
pub fn examine_world<C: Cluster, R: BufRead>(cluster: &C, reader: Reader<R>) -> Result<Examined<'_>, Error> {
    let header = reader.header().clone();
    let vocabulary = Vocabulary::<InputOf<C>>::new();
    let Stimuli { stimuli, mut events, observations } = Stimuli::read(&vocabulary, reader)?;
    for (event, _) in &mut events {
        if let What::Stimulus(Stimulus::Deliver(passage) | Stimulus::Drop(passage)) = &mut event.what {
            // A candidate may change it, as in `stimuli`.
            passage.content = None;
        }
    }
    let version = header.version.clone();
    let oracle = Box::new(OfWorld { cluster, version, events, bug: Signature::new("", ""), tell: Arc::new(|_| ()) });
    Ok(Examined { header, stimuli, observations, oracle })
}

/// The type of the inputs that the nodes of a cluster get from outside.
type InputOf<C> = <<C as Cluster>::Node as Node>::Input;

/// The type of an event in a trace of a cluster.
type WorldEvent<C> = crate::world::WorldEvent<<C as Cluster>::Node>;

/// The oracle for traces of one cluster, which runs candidates and knows the bug that they should show.
struct OfWorld<'c, C: Cluster> {
    cluster: &'c C,
    version: String,
    /// All stimuli of the original trace, each with its line in the file. Simplified ones are as in the verified trace.
    events: Vec<(WorldEvent<C>, u64)>,
    bug: Signature,
    /// Called with the number of each event before it happens, if the candidate has few events.
    tell: Tell,
}

impl<C: Cluster> OfWorld<'_, C> {
    fn read(&self, raw: &RawEvent) -> Option<WorldEvent<C>> {
        raw.typed(&Vocabulary::<InputOf<C>>::new(), &self.version).ok()
    }

    /// Runs `events` and returns the findings: the violations of the properties and, if the bug is nondeterminism, the
    /// first difference of two runs.
    fn run<'e>(&self, events: impl IntoIterator<Item = &'e WorldEvent<C>> + Clone, tell: Option<Tell>) -> Vec<Finding>
    where
        C: 'e,
    {
        let replay = || {
            let replay = Replay::tolerant(events.clone());
            if let Some(tell) = &tell { replay.telling(Arc::clone(tell)) } else { replay }
        };
        let run = || drive(self.cluster, replay(), usize::MAX, Keep::Events).0;
        let mut ended = run();
        if self.bug.check == DETERMINISM {
            let differs = first_difference(&ended, &run());
            ended.findings.extend(differs.map(|differs| differs.finding()));
        }
        ended.findings
    }

    /// Replaces the events with the numbers of `items`.
    fn replace<'e>(&mut self, items: impl Iterator<Item = &'e Item<RawEvent>>) {
        for item in items {
            let place = self.events.partition_point(|(event, _)| u64::from(event.number.get()) < item.number);
            if let Some(event) = self.read(&item.value)
                && let Some((old, _)) = self.events.get_mut(place)
            {
                *old = event;
            }
        }
    }

    fn line(&self, event: EventNumber) -> u64 {
        let place = self.events.partition_point(|(one, _)| one.number < event);
        self.events.get(place).map_or(0, |(_, line)| *line)
    }
}

impl<C: Cluster> SystemOracle for OfWorld<'_, C> {
    /// Does nothing, because this oracle runs one candidate after the other.
    fn set_jobs(&mut self, _: usize) {}

    fn tell(&mut self, tell: Tell) {
        self.tell = tell;
    }

    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless> {
        if let Some(wanted) = wanted {
            self.bug = wanted.clone();
        }
        let findings = self.run(self.events.iter().map(|(event, _)| event), None).into_iter();
        let findings: Vec<_> =
            findings.map(|finding| finding.clone().at_line(self.line(finding.first.event))).collect();
        let found = findings.iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted)).cloned();
        let found = found.ok_or(Aimless::Shows(findings))?;
        self.bug = found.signature.clone();
        Ok(found)
    }
}

impl<C: Cluster> Oracle<RawEvent> for OfWorld<'_, C> {
    fn bug_is(&mut self, bug: &Signature) {
        self.bug = bug.clone();
    }

    fn test(&mut self, candidate: &Candidate<'_, RawEvent>) -> Verdict {
        let tell = (candidate.len() <= TOLD_MAX).then(|| self.tell.clone());
        (self.tell)(None);
        let rewritten: Vec<_> = candidate.rewritten().filter_map(|item| self.read(&item.value)).collect();
        let events = candidate.items().filter_map(|item| {
            let number = EventNumber::new(u32::try_from(item.number).ok()?)?;
            let changed = rewritten.iter().find(|event| event.number == number);
            changed.or_else(|| {
                let place = self.events.partition_point(|(event, _)| event.number < number);
                self.events.get(place).map(|(event, _)| event)
            })
        });
        let findings = self.run(events, tell);
        match findings.iter().find(|finding| finding.signature == self.bug) {
            // The event at which two runs differ may be another each time.
            Some(_) if self.bug.check == DETERMINISM => Verdict::SAME,
            Some(finding) => Verdict::same_at(finding.first.event.get().into()),
            None => findings.into_iter().next().map_or(Verdict::Passed, |other| {
                let at = Some(other.first.event.get().into());
                Verdict::Other { signature: other.signature, at }
            }),
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, RawEvent>) {
        self.replace(candidate.rewritten());
    }

    fn went_back(&mut self, candidate: &Candidate<'_, RawEvent>) {
        self.replace(candidate.items());
    }

    fn repeats(&self) -> bool {
        true
    }

    fn content(&self) -> &dyn Content<RawEvent> {
        self
    }
}

impl<C: Cluster> Content<RawEvent> for OfWorld<'_, C> {
    /// Returns the values that link an event to others, such as the names of its nodes.
    fn links(&self, event: &RawEvent) -> Vec<u64> {
        values(event.content.get().as_bytes())
    }

    /// Ranks deliveries by the event that sent the message: in this order messages arrive if none is reordered.
    fn rank(&self, event: &RawEvent) -> Option<i64> {
        (event.kind == Kind::Deliver).then(|| event.cause.map_or(0, |cause| cause.get().into()))
    }

    fn text<'e>(&self, event: &'e RawEvent) -> Option<Cow<'e, str>> {
        event.text().map(Cow::Owned)
    }

    fn with_text(&self, event: &RawEvent, text: &str) -> Option<RawEvent> {
        let raw = event.with_text(text)?;
        (raw.kind.is_stimulus() && self.read(&raw).is_some()).then_some(raw)
    }
}
