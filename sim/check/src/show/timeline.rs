//! Runs a trace, and makes its timeline: the events of the trace, and between them the events that happen only now.

use std::collections::BTreeSet;

use afresh_core::{At, Engine, EventNumber, Fault, Key, Knob, Observation, Policy, Stimulus, Viewed, What};
use afresh_trace::format::{Error, EventOf, Kind, output_id};

use super::entry::{Entry, Sign, json};
use super::filter::Filter;
use super::views::{Views, carried};
use super::{Options, Summary};
use crate::guard::guard;
use crate::subject::Subject;

/// A timeline in progress.
pub(super) struct Timeline<'a, S: Subject> {
    engine: Engine<S>,
    options: &'a Options,
    each: &'a mut dyn FnMut(&Entry) -> Result<(), Error>,
    current: Option<Current>,
    /// The events that carry, or were caused by, a message that the filter names.
    marked: BTreeSet<EventNumber>,
    views: Views,
    summary: Summary,
}

/// The current stimulus.
struct Current {
    number: EventNumber,
    at: Option<At>,
    keys: Vec<Key>,
    /// The events of the journal that the stimulus caused now and that matched no recorded event so far.
    unrecorded: Vec<EventNumber>,
}

impl<'a, S: Subject> Timeline<'a, S> {
    pub(super) fn new(
        system: &S,
        complete: bool,
        options: &'a Options,
        each: &'a mut dyn FnMut(&Entry) -> Result<(), Error>,
    ) -> Self {
        // A timeline shows the states as production has them, so they must be incremental.
        let policy = Policy::Incremental;
        let engine_options = afresh_core::Options { policy, complete, guard, ..afresh_core::Options::default() };
        Self {
            engine: Engine::new(system.clone(), engine_options),
            options,
            each,
            current: None,
            marked: BTreeSet::new(),
            views: Views::default(),
            summary: Summary::default(),
        }
    }

    pub(super) fn stimulus(
        &mut self,
        number: EventNumber,
        cause: Option<EventNumber>,
        at: Option<At>,
        stimulus: Stimulus<S::In, S::View>,
    ) -> Result<(), Error> {
        self.end()?;
        self.summary.events += 1;
        let filter = &self.options.filter;
        let follows = self.options.views && filter.range.contains(number);
        if follows {
            self.views.begin(&self.engine, |key| filter.allows_key(key));
        }
        let mut keys = named_keys(self.engine.system(), &stimulus);
        let marked = self.mark(number, cause, |filter| is_asked_for(filter, &stimulus));
        // Damage changes a key although the engine recomputes nothing, so the effects do not list this key.
        let damaged = damaged_key(&stimulus).filter(|key| self.views.has(key)).cloned();
        let effects = self.engine.take(at, stimulus);
        let journaled = effects.stimulus();
        let changed: Vec<_> = effects.keys().into_iter().cloned().chain(damaged).collect();
        keys.extend(changed.iter().cloned());
        keys.sort_unstable();
        keys.dedup();
        let unrecorded = effects.events().map(|event| event.number).collect();
        if let Some(event) = self.engine.journal().get(journaled) {
            let shown = marked && filter.allows(Kind::of(&event.what), number) && filter.allows_keys(&keys);
            let mut views = Vec::new();
            if follows {
                let followed = changed.iter().filter(|key| filter.allows_key(key));
                views = self.views.follow(&self.engine, followed, shown);
            }
            if shown {
                let entry = Entry::new::<S>(Sign::Same, &event.what, keys.clone());
                self.emit(Entry { number: Some(number), at, cause, views, ..entry })?;
            }
        }
        self.current = Some(Current { number, at, keys, unrecorded });
        Ok(())
    }

    pub(super) fn observation(&mut self, event: &EventOf<S>) -> Result<(), Error> {
        self.summary.events += 1;
        let What::Observation(observation) = &event.what else { return Ok(()) };
        let sign = if self.is_so(event.at, observation) { Sign::Same } else { Sign::Gone };
        let keys = self.keys_of(observation);
        let filter = &self.options.filter;
        let marked = self.mark(event.number, event.cause, |filter| is_output_asked_for(filter, observation));
        if !marked || !filter.allows(Kind::of(&event.what), event.number) || !filter.allows_keys(&keys) {
            return Ok(());
        }
        let entry = Entry::new::<S>(sign, &event.what, keys);
        self.emit(Entry { number: Some(event.number), at: event.at, cause: event.cause, ..entry })?;
        match observation {
            Observation::View(viewed) if sign == Sign::Gone => self.view_now(event, viewed),
            _ => Ok(()),
        }
    }

    /// Ends the timeline, and returns its summary.
    pub(super) fn finish(mut self) -> Result<Summary, Error> {
        self.end()?;
        Ok(self.summary)
    }

    /// Ends the current stimulus: shows the events that it caused now and that were not recorded.
    fn end(&mut self) -> Result<(), Error> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let filter = &self.options.filter;
        let marked = filter.messages.is_empty() || self.marked.contains(&current.number);
        let mut new = Vec::new();
        for event in current.unrecorded.iter().filter_map(|number| self.engine.journal().get(*number)) {
            let What::Observation(observation) = &event.what else { continue };
            let keys = own_key(observation).map_or_else(|| current.keys.clone(), |key| vec![key.clone()]);
            let asked_for = marked || is_output_asked_for(filter, observation);
            if asked_for && filter.allows(Kind::of(&event.what), current.number) && filter.allows_keys(&keys) {
                let entry = Entry::new::<S>(Sign::New, &event.what, keys);
                new.push(Entry { at: current.at, cause: Some(current.number), ..entry });
            }
        }
        new.into_iter().try_for_each(|entry| self.emit(entry))
    }

    /// Marks an event that carries or was caused by a message that the filter names. Returns `true` if it may be shown.
    fn mark(
        &mut self,
        number: EventNumber,
        cause: Option<EventNumber>,
        asked_for: impl FnOnce(&Filter) -> bool,
    ) -> bool {
        let filter = &self.options.filter;
        if filter.messages.is_empty() {
            return true;
        }
        let marked = asked_for(filter) || cause.is_some_and(|cause| self.marked.contains(&cause));
        if marked {
            self.marked.insert(number);
        }
        marked
    }

    /// Returns `true` if the system makes a recorded observation now too.
    fn is_so(&mut self, at: Option<At>, recorded: &Observation<S::Out, S::View>) -> bool {
        match recorded {
            Observation::Settled(settled) => self.engine.settle(at, &settled.output, settled.revision),
            Observation::View(viewed) => {
                let mut agree = false;
                let done = guard(&mut || {
                    agree = match self.engine.state(&viewed.key) {
                        Some(state) => self.engine.system().compare(&viewed.key, state, &viewed.value).agree(),
                        // In a window, a key without a state is not derivable, which is no difference.
                        None => !self.engine.options().complete,
                    };
                });
                done.is_ok() && agree
            }
            _ => {
                let Some(current) = &mut self.current else { return false };
                let (journal, complete) = (self.engine.journal(), self.engine.options().complete);
                let found = current.unrecorded.iter().position(|number| {
                    let now = journal.get(*number).map(|event| &event.what);
                    matches!(now, Some(What::Observation(now)) if is_same::<S>(recorded, now, complete))
                });
                found.map(|place| current.unrecorded.remove(place)).is_some()
            }
        }
    }

    /// Shows the present view of a key after a recorded view that differs from it.
    fn view_now(&mut self, event: &EventOf<S>, recorded: &Viewed<S::View>) -> Result<(), Error> {
        let key = &recorded.key;
        let mut view = None;
        // If the view panics there is none, and `carried` returns the reason.
        let _ = guard(&mut || view = self.engine.view(key));
        let mut entry = Entry::new::<S>(Sign::New, &event.what, vec![key.clone()]);
        entry.body = Some(match view {
            Some(view) => json(&view),
            None => json(&carried(&self.engine, key)),
        });
        self.emit(Entry { at: event.at, cause: event.cause, ..entry })
    }

    fn keys_of(&self, observation: &Observation<S::Out, S::View>) -> Vec<Key> {
        match (own_key(observation), &self.current) {
            (Some(key), _) => vec![key.clone()],
            (None, Some(current)) => current.keys.clone(),
            (None, None) => Vec::new(),
        }
    }

    fn emit(&mut self, entry: Entry) -> Result<(), Error> {
        match entry.sign {
            Sign::Same => self.summary.shown += 1,
            Sign::Gone => {
                self.summary.shown += 1;
                self.summary.gone += 1;
            }
            Sign::New => self.summary.new += 1,
        }
        (self.each)(&entry)
    }
}

/// Returns `true` if a recorded observation and one made now are the same.
fn is_same<S: Subject>(
    recorded: &Observation<S::Out, S::View>,
    now: &Observation<S::Out, S::View>,
    complete: bool,
) -> bool {
    match (recorded, now) {
        // In a window the outputs before it are unknown, so revision numbers may differ.
        (Observation::Out(a), Observation::Out(b)) => {
            (&a.key, &a.slot, &a.to, &a.body) == (&b.key, &b.slot, &b.to, &b.body)
                && (!complete || a.revision == b.revision)
        }
        // Reasons may be worded differently in another version, and may contain event numbers.
        (Observation::Rejected(_), Observation::Rejected(_)) => true,
        (Observation::Quarantined(a), Observation::Quarantined(b)) => a.key == b.key,
        (Observation::Healed(a), Observation::Healed(b)) => a == b,
        _ => false,
    }
}

/// The key of an observation; a rejection has none.
fn own_key<O, V>(observation: &Observation<O, V>) -> Option<&Key> {
    match observation {
        Observation::Out(sent) => Some(&sent.key),
        Observation::Settled(settled) => Some(&settled.output.key),
        Observation::Quarantined(quarantined) => Some(&quarantined.key),
        Observation::Healed(healed) => Some(&healed.key),
        Observation::View(viewed) => Some(&viewed.key),
        Observation::Rejected(_) => None,
    }
}

/// The keys that a stimulus names, even if it has no effect on them.
fn named_keys<S: Subject>(system: &S, stimulus: &Stimulus<S::In, S::View>) -> Vec<Key> {
    match stimulus {
        Stimulus::In(message) => {
            let mut keys = Vec::new();
            // The engine rejects a message on which this panics.
            let _ = guard(&mut || keys = message.body.iter().flat_map(|body| system.keys(body)).collect());
            keys
        }
        Stimulus::Opening(opening) => vec![opening.key.clone()],
        Stimulus::Fault(_) => damaged_key(stimulus).into_iter().cloned().collect(),
        Stimulus::Knob(knob) => match &**knob {
            Knob::Trigger { keys, .. } | Knob::Migrate { keys, .. } | Knob::Scrub { keys, .. } => {
                keys.clone().unwrap_or_default()
            }
            Knob::ReflowOut { outputs, .. } => outputs.iter().map(|output| output.key.clone()).collect(),
            Knob::ReflowIn { .. } => Vec::new(),
        },
        Stimulus::Unreadable(_) | Stimulus::Deliver(_) | Stimulus::Drop(_) | Stimulus::Timer(_) => Vec::new(),
    }
}

/// The key that a stimulus damages, if it is such a fault.
fn damaged_key<I, V>(stimulus: &Stimulus<I, V>) -> Option<&Key> {
    match stimulus {
        Stimulus::Fault(fault) => match &**fault {
            Fault::Damage { key, .. } => Some(key),
            _ => None,
        },
        _ => None,
    }
}

/// Returns `true` if a stimulus delivers or reflows a message that the filter names.
fn is_asked_for<I, V>(filter: &Filter, stimulus: &Stimulus<I, V>) -> bool {
    match stimulus {
        Stimulus::In(message) => filter.names(message.id.as_str(), message.from.as_str()),
        Stimulus::Knob(knob) => match &**knob {
            Knob::ReflowIn { messages, .. } => {
                messages.iter().any(|message| filter.names(message.id.as_str(), message.from.as_str()))
            }
            Knob::ReflowOut { outputs, .. } => {
                outputs.iter().any(|output| filter.names(&output_id(&output.key, &output.slot), ""))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Returns `true` if an observation is about an output that the filter names.
fn is_output_asked_for<O, V>(filter: &Filter, observation: &Observation<O, V>) -> bool {
    // Building the name of an output is slow, so do it only if there is a name to compare it with.
    if filter.messages.is_empty() {
        return true;
    }
    match observation {
        Observation::Out(sent) => filter.names(&output_id(&sent.key, &sent.slot), sent.to.as_str()),
        Observation::Settled(settled) => filter.names(&output_id(&settled.output.key, &settled.output.slot), ""),
        _ => false,
    }
}
