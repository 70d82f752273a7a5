//! The timeline of a trace of a world: every event in order, for people to read.
//!
//! The trace is run again tolerantly. An event that still happens is shown with the content of the message, and the
//! change that it made to its node. An event that no longer happens is shown as gone.
//!
//! If a property does not hold at the end of the calm phase, the events of that phase are shown too, because they are
//! part of what went wrong.

use std::collections::{BTreeSet, VecDeque};
use std::io::BufRead;
use std::sync::Arc;

use afresh_check::guard::guard;
use afresh_check::show::{CalmPhase, Entry, Filter, Names, Options, Seen, Sign, Summary, ViewChange, json};
use afresh_core::{At, EventNumber, Fault, Key, Name, Stimulus, What};
use afresh_trace::digest::Digesting;
use afresh_trace::format::{Error, Kind, Reader};

use crate::reach::reach_of;
use crate::run::{Cluster, Keep, chosen, drive};
use crate::schedule::{Choice, Law, Replay, Schedule};
use crate::world::{Happened, Impossible, Node, NodeId, Pending, Vocabulary, World, WorldEvent};

/// Runs the trace in `reader` again, and passes each event that `options` selects to `each`, one at a time.
///
/// # Errors
///
/// Fails if the trace cannot be read, or if `each` fails.
pub fn show_world<C: Cluster, R: BufRead>(
    cluster: &C,
    reader: Reader<R>,
    options: &Options,
    each: &mut dyn FnMut(&Entry) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let filter = &options.filter;
    let law = Law::new(&Arc::new(reach_of(cluster, &reader.header().source)), true);
    let mut names = Names::default();
    names.add_keys(filter, &cluster.names());
    let trace = reader.name().to_owned();
    let mut digesting = Some(Digesting::new(reader.header())?);
    let mut events = Vec::new();
    let mut lines = Vec::new();
    let vocabulary = Vocabulary::new();
    let mut source = reader.events(&vocabulary);
    while let Some(event) = source.next() {
        let event = event?;
        names.add_message::<Vocabulary<<C::Node as Node>::Input>>(filter, &event.what);
        if filter.range.is_over(event.number) {
            digesting = None;
            // The names of the filter may be those of later events.
            if names.has_all(filter) {
                break;
            }
            continue;
        }
        if let Some(digesting) = &mut digesting {
            digesting.event(&event)?;
        }
        events.push(event);
        lines.push(source.line());
    }
    names.check(filter, &trace)?;
    let (chosen, recorded) = events.split_at(chosen(&events));
    let mut showing = Showing {
        cluster,
        replay: Replay::tolerant(chosen).under(law),
        left: chosen.iter().collect(),
        options,
        each,
        current: None,
        marked: BTreeSet::new(),
        summary: Summary::default(),
        failed: None,
    };
    let ended = drive(cluster, &mut showing, usize::MAX, Keep::Events);
    showing.ends(&ended.world);
    showing.gone(u32::MAX);
    if !ended.findings.is_empty() || !recorded.is_empty() {
        showing.calm(&ended.world, recorded);
    }
    let Showing { summary, failed, .. } = showing;
    failed.map_or(Ok(()), Err)?;
    let line =
        |number| events.iter().zip(&lines).find(|(event, _)| event.number >= number).map_or(1, |(_, line)| *line);
    let calm = calm(&ended.world, recorded.len() as u64);
    let findings = ended.findings.into_iter().map(|finding| {
        let line = line(finding.first.event);
        finding.at_line(line)
    });
    let (digest, findings) = (digesting.map(Digesting::finish).transpose()?, findings.collect());
    Ok(Summary { digest, calm, findings, ..summary })
}

/// Returns a summary of the calm phase, if the run reached it. The trace has `recorded` events of it.
fn calm<N: Node>(world: &World<N>, recorded: u64) -> Option<CalmPhase> {
    let since = world.calm_since()?;
    let events = world.happened().iter().filter(|happened| happened.number > since).count() as u64;
    Some(CalmPhase {
        events,
        telling: (recorded > 0 && recorded < events).then_some(recorded),
        until: At::Offset(world.now()),
    })
}

/// A schedule that replays a trace and shows each event of it.
struct Showing<'a, C: Cluster> {
    cluster: &'a C,
    replay: Replay<<C::Node as Node>::Input>,
    /// The events of the trace that have not been shown yet.
    left: VecDeque<&'a WorldEvent<C::Node>>,
    options: &'a Options,
    each: &'a mut dyn FnMut(&Entry) -> Result<(), Error>,
    /// The event that is happening now, if it is to be shown.
    current: Option<Current>,
    /// The numbers of the events that the message filter selects, directly or through the event that caused them.
    marked: BTreeSet<EventNumber>,
    summary: Summary,
    failed: Option<Error>,
}

/// The event that is happening now, and the node that handles it.
struct Current {
    entry: Entry,
    node: NodeId,
}

impl<C: Cluster> Showing<'_, C> {
    /// Shows all events before the one with this number as gone, because none of them happened.
    fn gone(&mut self, number: u32) {
        while let Some(event) = self.left.pop_front_if(|event| event.number.get() < number) {
            let shown = self.entry(Sign::Gone, event);
            shown.into_iter().for_each(|entry| self.emit(&entry));
        }
    }

    /// Shows the events of the calm phase, if the run reached it, and the recorded ones that differ from them.
    fn calm(&mut self, world: &World<C::Node>, recorded: &[WorldEvent<C::Node>]) {
        let text = |event: &WorldEvent<C::Node>| format!("{event:?}");
        let known: BTreeSet<_> = recorded.iter().map(text).collect();
        let mut now: Vec<_> = world.calm_since().into_iter().flat_map(|since| world.events_of_calm(since)).collect();
        for event in recorded {
            if !now.iter().any(|now| now.number == event.number && text(now) == text(event)) {
                let shown = self.entry(Sign::Gone, event);
                shown.into_iter().for_each(|entry| self.emit(&entry));
            }
        }
        if recorded.iter().all(|event| now.iter().any(|now| text(now) == text(event))) && !recorded.is_empty() {
            // A shrunk trace has only the telling events.
            now.retain(|event| known.contains(&text(event)));
        }
        for event in &now {
            let is_new = !known.is_empty() && !known.contains(&text(event));
            self.summary.new += u64::from(is_new);
            let shown = self.entry(if is_new { Sign::New } else { Sign::Same }, event);
            shown.into_iter().for_each(|entry| self.emit(&entry));
        }
    }

    /// Completes the entry of the event that has just ended, and shows it.
    fn ends(&mut self, world: &World<C::Node>) {
        let Some(Current { mut entry, node }) = self.current.take() else { return };
        if let Some(change) = entry.views.first_mut() {
            change.after = seen(self.cluster, world, node);
        }
        self.emit(&entry);
    }

    /// Counts an event, and returns its entry if the filter selects it.
    fn entry(&mut self, sign: Sign, event: &WorldEvent<C::Node>) -> Option<Entry> {
        self.summary.events += 1;
        let What::Stimulus(stimulus) = &event.what else { return None };
        let filter = &self.options.filter;
        let keys = nodes(stimulus);
        let marked = is_asked_for(filter, stimulus) || event.cause.is_some_and(|cause| self.marked.contains(&cause));
        if marked {
            self.marked.insert(event.number);
        }
        let kind = Kind::of(&event.what);
        if !marked || !filter.allows(kind, event.number) || !filter.allows_keys(&keys) {
            return None;
        }
        let entry = Entry::new::<Vocabulary<<C::Node as Node>::Input>>(sign, &event.what, keys);
        let mut entry = Entry { number: Some(event.number), at: event.at, cause: event.cause, ..entry };
        match stimulus {
            Stimulus::Deliver(passage) | Stimulus::Drop(passage) => {
                (entry.from, entry.to) = (Some(passage.from.clone()), Some(passage.to.clone()));
                (entry.content, entry.body) = (passage.content.clone(), None);
            }
            Stimulus::In(message) => entry.body = message.body.as_ref().map(|posted| json(&posted.input)),
            Stimulus::Timer(timer) => {
                entry.content = Some(timer.name.as_str().to_owned());
                entry.body = None;
            }
            _ => {}
        }
        Some(entry)
    }

    fn emit(&mut self, entry: &Entry) {
        if self.options.filter.differences && entry.sign == Sign::Same {
            return;
        }
        self.summary.shown += 1;
        self.summary.gone += u64::from(entry.sign == Sign::Gone);
        if self.failed.is_none() {
            self.failed = (self.each)(entry).err();
        }
    }
}

impl<C: Cluster> Schedule<C::Node> for Showing<'_, C> {
    fn next(&mut self, world: &World<C::Node>) -> Option<Choice<<C::Node as Node>::Input>> {
        self.ends(world);
        self.replay.next(world)
    }

    fn refused(&mut self, why: Impossible) {
        Schedule::<C::Node>::refused(&mut self.replay, why);
    }

    fn begins(&mut self, world: &World<C::Node>, happened: &Happened) {
        let Some(number) = self.replay.current() else {
            let event = world.event(happened, || 0, None, world.last_message());
            let shown = event.and_then(|event| self.entry(Sign::New, &event));
            shown.into_iter().for_each(|entry| self.emit(&entry));
            self.summary.new += 1;
            return;
        };
        self.gone(number);
        let Some(event) = self.left.pop_front_if(|event| event.number.get() == number) else { return };
        let Some(mut entry) = self.entry(Sign::Same, event) else { return };
        if let Some(message) = world.last_message().filter(|_| happened.kind.is_passage()) {
            entry.content = Some(format!("{message:?}"));
        }
        let node = happened.to;
        if let Some(name) = world.names().get(node.place()).filter(|_| self.options.views) {
            let before = seen(self.cluster, world, node);
            let after = before.clone();
            entry.views.push(ViewChange { key: name.clone(), before, after, recomputed: None });
        }
        self.current = Some(Current { entry, node });
    }

    fn sent(&mut self, at: i64, message: Pending<'_, C::Node>) {
        self.replay.sent(at, message);
    }

    fn set(&mut self, due: i64, timer: Pending<'_, C::Node>) {
        self.replay.set(due, timer);
    }
}

/// Returns the view of a node, or the message of the panic if the view could not be computed.
fn seen<C: Cluster>(cluster: &C, world: &World<C::Node>, node: NodeId) -> Seen {
    let mut seen = Seen::Nothing;
    let done = guard(&mut || {
        let view = world.node(node).and_then(|node| cluster.view(node));
        seen = view.map_or(Seen::Nothing, |view| Seen::View(view.into()));
    });
    done.map_or_else(Seen::Quarantined, |()| seen)
}

/// Returns the names of the nodes that a stimulus concerns.
fn nodes<I, V>(stimulus: &Stimulus<crate::world::Posted<I>, V>) -> Vec<Key> {
    let pair = |from: &Name, to: &Name| vec![from.clone(), to.clone()];
    match stimulus {
        Stimulus::In(message) => message.body.iter().map(|posted| posted.to.clone()).collect(),
        Stimulus::Deliver(passage) | Stimulus::Drop(passage) => pair(&passage.from, &passage.to),
        Stimulus::Timer(timer) => vec![timer.node.clone()],
        Stimulus::Fault(fault) => match &**fault {
            Fault::Crash { node, .. }
            | Fault::Restart { node }
            | Fault::Pause { node }
            | Fault::Resume { node }
            | Fault::Skew { node, .. }
            | Fault::Storage { node, .. } => vec![node.clone()],
            Fault::Partition { from, to } | Fault::Heal { from, to } => pair(from, to),
            Fault::Duplicate(passage) => pair(&passage.from, &passage.to),
            Fault::Calm | Fault::Damage { .. } | Fault::Deploy { .. } => Vec::new(),
        },
        Stimulus::Unreadable(_) | Stimulus::Opening(_) | Stimulus::Knob(_) => Vec::new(),
    }
}

/// Returns whether the message filter selects a stimulus. An empty filter selects every stimulus.
fn is_asked_for<I, V>(filter: &Filter, stimulus: &Stimulus<I, V>) -> bool {
    let names = |id: &str, from: &str| filter.messages.is_empty() || filter.names(id, from);
    match stimulus {
        Stimulus::In(message) => names(message.id.as_str(), message.from.as_str()),
        _ => filter.messages.is_empty(),
    }
}
