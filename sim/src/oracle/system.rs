//! The oracle of an Afresh trace: the system itself, run in this process with a look at every step.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::BufRead;

use afresh_core::{Header, Key, Signature};

use super::scope;
use super::values::values;
use super::{Oracle, Verdict, ends};
use crate::check::{Finding, Probe, Probed};
use crate::format::{Error, EventOf, RawEvent, Reader};
use crate::minimize::{Candidate, Edit, Item, Rewrite};
use crate::subject::Subject;

/// A trace, ready to be shrunk.
pub struct Examined<'s> {
    /// What it says of itself.
    pub header: Header,
    /// What drives the system: all that edits are made to. What was observed is not among it, since every edit would
    /// make it untrue.
    pub stimuli: Vec<Item<RawEvent>>,
    /// How many observations were left out.
    pub observations: usize,
    /// What decides.
    pub oracle: Box<dyn SystemOracle + 's>,
}

/// Decides by a system, with the types of the system out of sight.
///
/// What counts as a bug is intrinsic: a violation, a panic, a carried state that is not the folded one, a fold that is
/// not the independent statement, a slot that does not hold what it should.
pub trait SystemOracle: Oracle<RawEvent> {
    /// Runs the trace until a bug shows, or `wanted` where there is one, and makes that the bug.
    ///
    /// # Errors
    ///
    /// Gives what shows instead.
    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless>;
}

/// Why an oracle has nothing to look for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aimless {
    /// The trace shows these bugs, if any.
    Shows(Vec<Finding>),
    /// It was stopped.
    Stopped,
}

/// Reads a trace of `system`, and makes ready to shrink it. A run ends early as soon as `stop` says so.
///
/// # Errors
///
/// Fails where the trace cannot be read.
pub fn examine<'s, S: Subject, R: BufRead>(
    system: &'s S,
    reader: Reader<R>,
    stop: fn() -> bool,
) -> Result<Examined<'s>, Error> {
    let header = reader.header().clone();
    let (mut stimuli, mut events, mut observations) = (Vec::new(), Vec::new(), 0);
    let mut source = reader.events(system);
    while let Some(event) = source.next() {
        let event = event?;
        match source.raw() {
            Some(raw) if raw.kind.is_stimulus() => {
                events.push((event, raw.line));
                stimuli.push(Item { number: raw.number.get().into(), value: raw });
            }
            _ => observations += 1,
        }
    }
    let probe = Probe { system, complete: header.complete, stop };
    let oracle = Box::new(Typed {
        probe,
        version: header.version.clone(),
        events,
        bug: Signature::new("", ""),
        key: None,
        aimed: None,
    });
    Ok(Examined { header, stimuli, observations, oracle })
}

/// What becomes of an event of a trace by one change of its text, as a [`SystemOracle`] makes it: for replaying a walk.
#[must_use]
pub fn rewrite_event(event: &RawEvent, change: &Rewrite) -> Option<RawEvent> {
    event.with_text(&change.apply(&event.text()?)?)
}

/// The oracle, in the types of its system.
struct Typed<'s, S: Subject> {
    probe: Probe<'s, S>,
    /// The version that recorded the trace.
    version: String,
    /// All stimuli of the trace, as they are in the verified one, and their lines.
    events: Vec<(EventOf<S>, u64)>,
    bug: Signature,
    /// The key at which it first showed, where that was looked for.
    key: Option<Key>,
    /// What the run that was aimed by has shown: it is the first of the original, and takes as long as any.
    aimed: Option<Verdict>,
}

impl<S: Subject> Typed<'_, S> {
    /// The key at which the bug first shows in all of the trace; none where the bug ends the process that looks for it.
    fn key(&self) -> Option<Key> {
        if self.key.is_some() || ends::ALL.contains(&self.bug.check.as_str()) {
            return self.key.clone();
        }
        // A search that goes on from a walk knows the bug from there.
        let probed = self.probe.look(self.events.iter().map(|(event, line)| (event, *line)), Some(&self.bug));
        let (Probed::At(_, findings) | Probed::End(findings)) = probed else { return None };
        findings.into_iter().find(|finding| finding.signature == self.bug)?.first.key
    }

    fn read(&self, raw: &RawEvent) -> Option<EventOf<S>> {
        raw.typed(self.probe.system, &self.version).ok()
    }
}

fn number<S: Subject>(event: &EventOf<S>) -> u64 {
    event.number.get().into()
}

impl<S: Subject> SystemOracle for Typed<'_, S> {
    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless> {
        let probed = self.probe.look(self.events.iter().map(|(event, line)| (event, *line)), wanted);
        let at = if let Probed::At(number, _) = probed { Some(number) } else { None };
        let (Probed::At(_, findings) | Probed::End(findings)) = probed else { return Err(Aimless::Stopped) };
        let found = findings.iter().find(|finding| wanted.is_none_or(|wanted| finding.signature == *wanted)).cloned();
        let found = found.ok_or(Aimless::Shows(findings))?;
        self.bug = found.signature.clone();
        self.key.clone_from(&found.first.key);
        self.aimed = Some(Verdict::Same { at, shows: None });
        Ok(found)
    }
}

impl<S: Subject> Oracle<RawEvent> for Typed<'_, S> {
    fn bug_is(&mut self, bug: &Signature) {
        self.bug = bug.clone();
    }

    fn links(&self, event: &RawEvent) -> Vec<u64> {
        values(event.content.get().as_bytes())
    }

    /// First the key at which the bug showed, and then the keys that told it something as well.
    fn scope(&self, width: usize) -> Option<Vec<u64>> {
        let Probe { system, complete, .. } = self.probe;
        let keys = match width {
            0 => BTreeSet::from([self.key()?]),
            1 => scope::with_senders(system, &self.events, complete, &self.key()?),
            _ => return None,
        };
        Some(scope::of_keys(system, &self.events, &keys))
    }

    fn text<'e>(&self, event: &'e RawEvent) -> Option<Cow<'e, str>> {
        event.text().map(Cow::Owned)
    }

    /// What does not read back in the types of the system, or is no stimulus any more, is none.
    fn with_text(&self, event: &RawEvent, text: &str) -> Option<RawEvent> {
        let raw = event.with_text(text)?;
        (raw.kind.is_stimulus() && self.read(&raw).is_some()).then_some(raw)
    }

    fn test(&mut self, candidate: &Candidate<'_, RawEvent>) -> Verdict {
        if *candidate.edit() == Edit::Keep
            && let Some(verdict) = self.aimed.take()
        {
            return verdict;
        }
        let rewritten = candidate.rewritten().filter_map(|item| Some((self.read(&item.value)?, item.value.line)));
        let rewritten: Vec<_> = rewritten.collect();
        let (rewritten, mut rest) = (&rewritten[..], &self.events[..]);
        let events = candidate.items().filter_map(move |item| {
            // Mostly the next one: only where an edit has removed something is there anything to look for.
            if rest.first().is_some_and(|(first, _)| number::<S>(first) < item.number) {
                rest = &rest[rest.partition_point(|(event, _)| number::<S>(event) < item.number)..];
            }
            let (event, others) = rest.split_first()?;
            rest = others;
            let changed = rewritten.binary_search_by_key(&item.number, |(event, _)| number::<S>(event));
            let (event, line) = changed.map_or(event, |place| &rewritten[place]);
            Some((event, *line))
        });
        let is_bug = |finding: &Finding| finding.signature == self.bug;
        match self.probe.look(events, Some(&self.bug)) {
            Probed::At(number, _) => Verdict::same_at(number),
            Probed::End(findings) if findings.iter().any(is_bug) => Verdict::SAME,
            Probed::End(findings) => findings.into_iter().next().map_or(Verdict::Passed, |other| {
                let at = Some(other.first.event.get().into());
                Verdict::Other { signature: other.signature, at }
            }),
            Probed::Stopped => Verdict::Unresolved("was stopped".to_owned()),
        }
    }

    fn accepted(&mut self, candidate: &Candidate<'_, RawEvent>) {
        for item in candidate.rewritten() {
            let place = self.events.partition_point(|(event, _)| number::<S>(event) < item.number);
            if let Some(event) = self.read(&item.value) {
                self.events[place].0 = event;
            }
        }
    }
}
