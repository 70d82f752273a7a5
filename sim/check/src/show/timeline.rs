//! Runs a trace, and makes its timeline: the events of the trace, and between them the events that happen only now.

use std::collections::BTreeSet;

use afresh_core::{
    At, Engine, EventNumber, Fault, Key, Knob, Observation, Policy, Receipt, Sent, Stimulus, What, conflict,
};
use afresh_trace::format::{Error, EventOf, Kind, output_id};

use super::entry::{Entry, Sign, json};
use super::filter::Filter;
use super::names::Names;
use super::views::{Views, carried};
use super::{Options, Summary};
use crate::compare::{Compared, Comparer, Different, is_restart};
use crate::excluded::Exclusions;
use crate::guard::guard;
use crate::subject::Subject;

/// A timeline in progress.
pub(super) struct Timeline<'a, S: Subject> {
    engine: Engine<S>,
    options: &'a Options,
    each: &'a mut dyn FnMut(&Entry) -> Result<(), Error>,
    current: Option<Current>,
    comparer: Comparer,
    exclusions: Exclusions,
    /// The events that carry, or were caused by, a message that the filter names.
    marked: BTreeSet<EventNumber>,
    views: Views,
    pub(super) names: Names,
    summary: Summary,
}

/// The current stimulus.
struct Current {
    number: EventNumber,
    at: Option<At>,
    keys: Vec<Key>,
    /// The result of receiving it, if it is a message.
    receipt: Option<Receipt>,
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
            comparer: Comparer::new(complete, &options.ignored),
            exclusions: Exclusions::default(),
            marked: BTreeSet::new(),
            views: Views::default(),
            names: Names::default(),
            summary: Summary::default(),
        }
    }

    pub(super) fn stimulus(
        &mut self,
        (number, line): (EventNumber, u64),
        cause: Option<EventNumber>,
        at: Option<At>,
        stimulus: Stimulus<S::In, S::View>,
    ) -> Result<(), Error> {
        // What a service made before a crash may be recorded after its restart.
        let goes_on = self.current.is_some() && is_restart(&stimulus);
        if !goes_on {
            self.end()?;
        }
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
        let (journaled, receipt) = (effects.stimulus(), effects.receipt());
        let changed: Vec<_> = effects.keys().into_iter().cloned().chain(damaged).collect();
        keys.extend(changed.iter().cloned());
        keys.sort_unstable();
        keys.dedup();
        self.comparer.begin(&self.engine, (number, line), journaled);
        self.exclusions.took(&self.engine, (number, line), journaled, receipt, &self.comparer.places);
        self.names.add_keys(filter, &keys);
        if let Some(event) = self.engine.journal().get(journaled) {
            self.names.add_message::<S>(filter, &event.what);
            let shown = marked && filter.allows(Kind::of(&event.what), number) && filter.allows_keys(&keys);
            let mut views = Vec::new();
            if follows {
                let followed = changed.iter().filter(|key| filter.allows_key(key));
                views = self.views.follow(&self.engine, followed, shown);
            }
            if shown {
                let entry = Entry::new::<S>(Sign::Same, &event.what, keys.clone());
                let note = self.note(receipt);
                self.emit(Entry { number: Some(number), at, cause, note, views, ..entry })?;
            }
        }
        if !goes_on {
            self.current = Some(Current { number, at, keys, receipt });
        }
        Ok(())
    }

    pub(super) fn observation(&mut self, event: &EventOf<S>) -> Result<(), Error> {
        self.summary.events += 1;
        let What::Observation(observation) = &event.what else { return Ok(()) };
        let (sign, now) = self.compare(event);
        let keys = self.keys_of(observation);
        let filter = &self.options.filter;
        self.names.add_keys(filter, &keys);
        self.names.add_message::<S>(filter, &event.what);
        let marked = self.mark(event.number, event.cause, |filter| is_output_asked_for(filter, observation));
        if !marked || !filter.allows(Kind::of(&event.what), event.number) || !filter.allows_keys(&keys) {
            return Ok(());
        }
        let entry = Entry::new::<S>(sign, &event.what, keys);
        self.emit(Entry { number: Some(event.number), at: event.at, cause: event.cause, ..entry })?;
        match (own_key(observation), now) {
            (Some(key), _) if sign == Sign::Gone && Kind::of(&event.what) == Kind::View => self.view_now(event, key),
            (_, Some(sent)) => {
                let keys = vec![sent.key.clone()];
                let entry = Entry::new::<S>(Sign::New, &What::Observation(Observation::Out(sent)), keys);
                self.emit(Entry { at: event.at, cause: event.cause, ..entry })
            }
            _ => Ok(()),
        }
    }

    /// Ends the timeline of the trace called `trace`, and returns its summary.
    pub(super) fn finish(mut self, trace: &str) -> Result<Summary, Error> {
        self.end()?;
        self.names.check(&self.options.filter, trace)?;
        Ok(self.summary)
    }

    /// Ends the current stimulus: shows the events that it caused now and that were not recorded.
    fn end(&mut self) -> Result<(), Error> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let filter = &self.options.filter;
        let marked = filter.messages.is_empty() || self.marked.contains(&current.number);
        let mut new = Vec::new();
        for (_, observation) in self.comparer.unmatched(&self.engine) {
            // The engine takes settlements from the record, so there are no new ones.
            let sign = match observation {
                Observation::Settled(_) | Observation::View(_) => continue,
                now if !self.comparer.is_derivable(now) => Sign::NotDerivable,
                _ => Sign::New,
            };
            let what = What::Observation(observation.clone());
            let keys = own_key(observation).map_or_else(|| current.keys.clone(), |key| vec![key.clone()]);
            self.names.add_keys(filter, &keys);
            self.names.add_message::<S>(filter, &what);
            let asked_for = marked || is_output_asked_for(filter, observation);
            if asked_for && filter.allows(Kind::of(&what), current.number) && filter.allows_keys(&keys) {
                let mut entry = Entry::new::<S>(sign, &what, keys);
                if let (Observation::Rejected(_), Some(Receipt::Conflict(with))) = (observation, current.receipt)
                    && let Some((with, _)) = self.comparer.places.of(with)
                {
                    entry.body = Some(json(&conflict(with)));
                }
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

    /// Compares a recorded observation with the run. Also returns the output that is sent instead of a recorded one.
    fn compare(&mut self, event: &EventOf<S>) -> (Sign, Option<Sent<S::Out>>) {
        let mut compared = None;
        // If the view of the key panics, the recorded one does not happen now.
        let _ = guard(&mut || compared = Some(self.comparer.recorded(&mut self.engine, event)));
        match compared {
            Some(Compared::Differs(Different::Output { now, .. } | Different::UnreadableOutput { now, .. })) => {
                (Sign::Gone, now)
            }
            None | Some(Compared::Differs(_)) => (Sign::Gone, None),
            Some(compared) if compared.tells() => (Sign::Same, None),
            Some(_) => (Sign::NotDerivable, None),
        }
    }

    /// A note about a message that changes nothing and is not rejected.
    fn note(&self, receipt: Option<Receipt>) -> Option<String> {
        match receipt? {
            Receipt::Duplicate => Some("duplicate".to_owned()),
            Receipt::Stale(other) => {
                let (other, _) = self.comparer.places.of(other)?;
                Some(format!("stale: event {other} has a higher revision"))
            }
            Receipt::Counts | Receipt::Conflict(_) | Receipt::Rejected => None,
        }
    }

    /// Shows the present view of a key after a recorded view that differs from it.
    fn view_now(&mut self, event: &EventOf<S>, key: &Key) -> Result<(), Error> {
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
        if self.options.filter.differences && entry.sign == Sign::Same {
            return Ok(());
        }
        match entry.sign {
            Sign::Same => {}
            Sign::Gone => self.summary.gone += 1,
            Sign::New => self.summary.new += 1,
            Sign::NotDerivable => self.summary.not_derivable += 1,
        }
        self.summary.shown += u64::from(entry.number.is_some());
        (self.each)(&entry)
    }
}

/// The key of an observation; a rejection has none.
pub(super) fn own_key<O, V>(observation: &Observation<O, V>) -> Option<&Key> {
    match observation {
        Observation::Out(sent) => Some(&sent.key),
        Observation::Settled(settled) => Some(&settled.output.key),
        Observation::Quarantined(quarantined) => Some(&quarantined.key),
        Observation::Healed(healed) => Some(&healed.key),
        Observation::View(viewed) => Some(&viewed.key),
        Observation::Unreadable(unreadable) => Some(unreadable.observed.key()),
        Observation::Rejected(_) => None,
    }
}

/// The keys that a stimulus names, even if it has no effect on them.
fn named_keys<S: Subject>(system: &S, stimulus: &Stimulus<S::In, S::View>) -> Vec<Key> {
    let Stimulus::In(message) = stimulus else { return keys_in(stimulus) };
    let mut keys = Vec::new();
    // The engine rejects a message on which this panics.
    let _ = guard(&mut || keys = message.body.iter().flat_map(|body| system.keys(body)).collect());
    keys
}

/// The keys that a stimulus has in its own text. The keys of a message are known to its system alone.
pub(super) fn keys_in<I, V>(stimulus: &Stimulus<I, V>) -> Vec<Key> {
    match stimulus {
        Stimulus::Opening(opening) => vec![opening.key.clone()],
        Stimulus::Fault(_) => damaged_key(stimulus).into_iter().cloned().collect(),
        Stimulus::Knob(knob) => match &**knob {
            Knob::Trigger { keys, .. } | Knob::Migrate { keys, .. } | Knob::Scrub { keys, .. } => {
                keys.clone().unwrap_or_default()
            }
            Knob::ReflowOut { outputs, .. } => outputs.iter().map(|output| output.key.clone()).collect(),
            Knob::ReflowIn { .. } => Vec::new(),
        },
        Stimulus::In(_) | Stimulus::Unreadable(_) | Stimulus::Deliver(_) | Stimulus::Drop(_) | Stimulus::Timer(_) => {
            Vec::new()
        }
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
pub(super) fn is_asked_for<I, V>(filter: &Filter, stimulus: &Stimulus<I, V>) -> bool {
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
pub(super) fn is_output_asked_for<O, V>(filter: &Filter, observation: &Observation<O, V>) -> bool {
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
