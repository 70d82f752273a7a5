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

use crate::reach::reach_of;
use crate::run::{Cluster, IsCalm as _, Keep, drive};
use crate::schedule::{Law, Reach, Replay};
use crate::twice::{DETERMINISM, first_difference};
use crate::world::{Node, Vocabulary, Void};

/// Reads a trace of `cluster`, and prepares it for the minimizer.
///
/// # Errors
///
/// Fails if the trace cannot be read.
pub fn examine_world<C: Cluster, R: BufRead>(cluster: &C, reader: Reader<R>) -> Result<Examined<'_>, Error> {
    let header = reader.header().clone();
    let vocabulary = Vocabulary::<InputOf<C>>::new();
    let Stimuli { mut stimuli, mut events, mut observations } = Stimuli::read(&vocabulary, reader)?;
    if let Some(calm) = events.iter().position(|(event, _)| event.is_calm()) {
        // The events of the calm phase are no choices: every candidate runs through a calm phase of its own.
        observations += events.len() - calm - 1;
        events.truncate(calm + 1);
        stimuli.truncate(calm + 1);
    }
    for (event, _) in &mut events {
        if let What::Stimulus(Stimulus::Deliver(passage) | Stimulus::Drop(passage)) = &mut event.what {
            // A candidate may change it, as in `stimuli`.
            passage.content = None;
        }
    }
    let version = header.version.clone();
    let reach = Arc::new(reach_of(cluster, &header.source));
    let (bug, tell): (_, Tell) = (Signature::new("", ""), Arc::new(|_| ()));
    let oracle = Box::new(OfWorld { cluster, version, events, bug, reach, is_twin: false, tell });
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
    /// The networks that the cluster can have.
    reach: Arc<Reach>,
    /// Whether the trace is that of another cluster. Then this one sends messages that the trace does not know, and the
    /// replay delivers them.
    is_twin: bool,
    /// Called with the number of each event before it happens, if the candidate has few events.
    tell: Tell,
}

impl<C: Cluster> OfWorld<'_, C> {
    fn read(&self, raw: &RawEvent) -> Option<WorldEvent<C>> {
        raw.typed(&Vocabulary::<InputOf<C>>::new(), &self.version).ok()
    }

    /// Runs `events` and returns the findings: the violations of the properties and, if the bug is nondeterminism, the
    /// first difference of two runs. Returns the reason instead if the run is void.
    fn run<'e>(
        &self,
        events: impl IntoIterator<Item = &'e WorldEvent<C>> + Clone,
        tell: Option<Tell>,
    ) -> Result<Vec<Finding>, Void>
    where
        C: 'e,
    {
        let run = || {
            let replay = Replay::tolerant(events.clone()).under(Law::new(&self.reach, self.is_twin));
            let mut replay = if let Some(tell) = &tell { replay.telling(Arc::clone(tell)) } else { replay };
            let ended = drive(self.cluster, &mut replay, usize::MAX, Keep::Events);
            (ended, replay.void().cloned())
        };
        let (mut ended, void) = run();
        if let Some(void) = ended.void.take().or(void) {
            return Err(void);
        }
        if self.bug.check == DETERMINISM {
            let differs = first_difference(&ended, &run().0);
            ended.findings.extend(differs.map(|differs| differs.finding()));
        }
        Ok(ended.findings)
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

    fn be_twin(&mut self) {
        self.is_twin = true;
    }

    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless> {
        if let Some(wanted) = wanted {
            self.bug = wanted.clone();
        }
        let run = |oracle: &Self| oracle.run(oracle.events.iter().map(|(event, _)| event), None);
        let ran = run(self).or_else(|void| {
            if !self.reach.loses() {
                return Err(void);
            }
            // The samples of the swarm may have missed a network that this trace shows to be possible. Without any loss
            // in them, it is more likely that somebody has left out the delivery of a message.
            self.reach = Arc::default();
            run(self).or(Err(void))
        });
        let findings = ran.map_err(|void| Aimless::Void(void.to_string()))?.into_iter();
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
        let findings = match self.run(events, tell) {
            Ok(findings) => findings,
            Err(void) => return Verdict::Unresolved(format!("void: {void}")),
        };
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
        if event.kind == Kind::Deliver || event.kind == Kind::Drop {
            // Between other nodes it would be another message, not a simpler one.
            let ends = |raw: &RawEvent| match self.read(raw)?.what {
                What::Stimulus(Stimulus::Deliver(passage) | Stimulus::Drop(passage)) => {
                    Some((passage.from, passage.to))
                }
                _ => None,
            };
            if ends(&raw) != ends(event) {
                return None;
            }
        }
        (raw.kind.is_stimulus() && self.read(&raw).is_some()).then_some(raw)
    }
}
