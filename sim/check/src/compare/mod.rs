//! The comparator: holds the recorded observations of a trace against a run of it, stimulus by stimulus.
//!
//! `replay`, `check` and `show` all use it, so that they agree on every difference. So does the comparison of two
//! versions, in which the run of the old version takes the place of the record.

mod compared;
mod difference;
mod made;
mod missing;
mod places;
mod unreadable;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{
    Engine, EventNumber, Fault, Key, Knob, Observation, Parts, Sent, Slot, SlotId, Stimulus, System, Viewed, What,
};
use afresh_trace::format::EventOf;

pub(crate) use compared::Compared;
use difference::Event;
pub(crate) use difference::{Between, Difference, Different, kind, output_part, view_part};
pub(crate) use made::is_restart;
use made::{made_since, sent_before};
pub(crate) use missing::Missing;
use missing::{Unrecorded, only_now};
pub(crate) use places::Places;
use window::Window;

use crate::guard::guard;
use crate::ignore::{Ignored, same_body};

/// Compares the recorded observations with the journal of the engine, one stimulus after another.
///
/// It copies observations only if they differ.
#[derive(Clone)]
pub(crate) struct Comparer {
    /// The parts of outputs that are not compared.
    ignored: Vec<Ignored>,
    /// The keys that are not derivable, if the trace is a window.
    window: Window,
    /// The opening of each key of a window, or the last recorded view from which the key learned.
    rests_on: BTreeMap<Key, EventNumber>,
    stimulus: Option<Current>,
    /// The places of all stimuli so far.
    pub(crate) places: Places,
    /// The events of the journal, since the current stimulus, that matched a recorded observation.
    matched: Vec<EventNumber>,
    /// The slots in which an output differed once. From then on, their revision numbers may differ too.
    apart: BTreeSet<SlotId>,
    /// `true` if the trace records outputs.
    records_outputs: bool,
    /// `true` if the trace records an observation of the current stimulus.
    heard: bool,
    /// The stimulus of the first recorded observation that is compared, as an event of the journal; `None` if the trace
    /// has recorded none so far. Many traces never do, so earlier missing observations are only looked for at the end.
    recorded_from: Option<usize>,
    /// The observations from there on that are missing from the record.
    unrecorded: Vec<Unrecorded>,
    /// `true` if no observation before `recorded_from` is missing.
    nothing_before: bool,
    /// The last event of the journal that the record covers.
    covered: usize,
    /// The number of observations compared.
    pub(crate) compared: u64,
}

/// The current stimulus: its event and its line in the trace, and its event in the journal.
#[derive(Clone, Copy)]
struct Current {
    place: (EventNumber, u64),
    taken: EventNumber,
}

impl Comparer {
    pub(crate) fn new(complete: bool, ignored: &[Ignored]) -> Self {
        Self {
            ignored: ignored.to_vec(),
            window: Window::new(complete),
            rests_on: BTreeMap::new(),
            stimulus: None,
            places: Places::default(),
            matched: Vec::new(),
            apart: BTreeSet::new(),
            records_outputs: false,
            heard: false,
            recorded_from: None,
            unrecorded: Vec::new(),
            nothing_before: false,
            covered: 0,
            compared: 0,
        }
    }

    /// Starts comparing the observations of a stimulus, which the engine took as event `taken` of its journal.
    ///
    /// After a restart, the observations of the stimulus before it go on: a service may have crashed before it recorded
    /// them.
    pub(crate) fn begin<S: System>(&mut self, engine: &Engine<S>, place: (EventNumber, u64), taken: EventNumber) {
        let stimulus = engine.journal().get(taken).and_then(|event| match &event.what {
            What::Stimulus(stimulus) => Some(stimulus),
            What::Observation(_) => None,
        });
        let goes_on = self.stimulus.is_some() && stimulus.is_some_and(is_restart);
        if !goes_on {
            self.end(engine);
        }
        self.places.add(taken, place);
        if let Some(stimulus) = stimulus {
            self.window.begin(engine, stimulus);
            match stimulus {
                Stimulus::Opening(opening) => {
                    self.rests_on.entry(opening.key.clone()).or_insert(place.0);
                    self.window.opens(&opening.key, opening.after);
                }
                Stimulus::Knob(knob) => {
                    if let Knob::Migrate { keys, .. } = &**knob {
                        self.window.turns(keys.as_deref(), &self.rests_on);
                    }
                }
                Stimulus::Fault(fault) if matches!(**fault, Fault::Deploy { .. }) => {
                    self.window.turns(None, &self.rests_on);
                }
                _ => {}
            }
        }
        if !goes_on {
            self.stimulus = Some(Current { place, taken });
            self.heard = false;
        }
    }

    /// Returns `false` if the key depends on a message whose content is not in the window.
    pub(crate) fn says(&self, key: &Key) -> bool {
        self.window.says(key)
    }

    /// Compares one recorded observation with those that the engine made for the current stimulus.
    ///
    /// The engine takes a recorded settlement too. A recorded view is compared with the carried state;
    /// [`view`](Self::view) compares it with any state.
    pub(crate) fn recorded<S: System>(&mut self, engine: &mut Engine<S>, event: &EventOf<S>) -> Compared<S> {
        let What::Observation(observation) = &event.what else { return Compared::Same };
        if let Observation::Settled(settled) = observation {
            let gone = || Event::Settled((**settled).clone());
            let newest = engine.slot(&settled.output.key, &settled.output.slot).map(|sent| sent.revision);
            // Where an output has differed, or in a window, the run may count its revisions otherwise.
            let is_sent = newest.is_some_and(|newest| newest >= settled.revision)
                || !self.window.complete
                || self.apart.contains(&settled.output);
            return self.event(engine.settle(event.at, &settled.output, settled.revision) && is_sent, false, gone);
        }
        let heard = self.heard;
        let compared = self.observed(engine, event.cause, observation, "now");
        self.heard = heard || self.is_of_stimulus(event.cause);
        if matches!(observation, Observation::Rejected(_)) {
            self.window.rejects(matches!(compared, Compared::NotDerivable(_)));
        }
        if let Observation::View(viewed) = observation
            && engine.learn(event.at, viewed)
        {
            self.learned(&viewed.key, event.number);
        }
        compared
    }

    /// Compares one observation of the record, or of another version, with those that the engine made for the current
    /// stimulus. The engine learns nothing from it.
    ///
    /// A settlement is nothing that a version does, so it is always the same. `side` names the carried state. `cause`
    /// is the cause of the observation in the trace, if it is known.
    pub(crate) fn observed<S: System>(
        &mut self,
        engine: &Engine<S>,
        cause: Option<EventNumber>,
        observation: &Observation<S::Out, S::View>,
        side: &'static str,
    ) -> Compared<S> {
        self.begins(engine);
        self.heard = true;
        let compared = match observation {
            Observation::View(viewed) => {
                self.sees_view(engine, None, viewed);
                self.view(engine.system(), viewed, engine.state(&viewed.key), side)
            }
            Observation::Out(recorded) => {
                self.window.output(engine, recorded);
                self.output(engine, recorded)
            }
            Observation::Rejected(recorded) => {
                // The reason may be worded differently in another version, and may contain the number of an event.
                let now = self.find_with_cause(engine, cause, |now| matches!(now, Observation::Rejected(_)));
                // In a window, the message may conflict with one before it.
                self.event(now.is_some(), false, || Event::Rejected((**recorded).clone()))
            }
            Observation::Quarantined(recorded) => {
                let key = &recorded.key;
                let now = self.find(engine, |now| matches!(now, Observation::Quarantined(now) if now.key == *key));
                let is_derivable = self.window.derives(engine, key);
                self.event(now.is_some(), is_derivable, || Event::Quarantined((**recorded).clone()))
            }
            Observation::Healed(recorded) => {
                let now = self.find(engine, |now| matches!(now, Observation::Healed(now) if now == recorded));
                // In a window, a fault before it may have damaged the key, also in other parts.
                self.event(now.is_some(), false, || Event::Healed((**recorded).clone()))
            }
            Observation::Unreadable(recorded) => self.unreadable(engine, recorded, side),
            Observation::Settled(_) => Compared::Same,
        };
        self.compared += u64::from(compared.tells());
        compared
    }

    /// The result for an observation that is no output and no view. In a window, one that does not happen now
    /// may still be right, unless it `is_derivable`.
    fn event<S: System>(&self, happens: bool, is_derivable: bool, event: impl FnOnce() -> Event) -> Compared<S> {
        if happens {
            Compared::Same
        } else if is_derivable || self.window.complete {
            Compared::Differs(Different::Gone(event()))
        } else {
            Compared::NotDerivable(Parts::not_derivable(event().part()))
        }
    }

    /// Notes that the trace records observations.
    ///
    /// If the first one is of a knob, the knob was turned on a trace without a record: nothing is missing before it.
    fn begins<S: System>(&mut self, engine: &Engine<S>) {
        if self.recorded_from.is_none() {
            let stimulus = self.stimulus.and_then(|stimulus| engine.journal().get(stimulus.taken));
            self.nothing_before = stimulus.is_some_and(|event| matches!(event.what, What::Stimulus(Stimulus::Knob(_))));
            self.recorded_from = Some(self.stimulus.map_or(0, |stimulus| stimulus.taken.get() as usize));
        }
    }

    /// Notes that a view is recorded here, so that the record covers everything that the engine did so far.
    pub(crate) fn sees_view<S: System>(
        &mut self,
        engine: &Engine<S>,
        cause: Option<EventNumber>,
        viewed: &Viewed<S::View>,
    ) {
        self.window.depends(&viewed.key);
        self.begins(engine);
        self.heard |= self.is_of_stimulus(cause);
        self.covered = engine.journal().len();
    }

    /// Returns `false` if a recorded observation with this cause may follow from another stimulus than the current one.
    /// In a window of some keys, that stimulus may be missing.
    fn is_of_stimulus(&self, cause: Option<EventNumber>) -> bool {
        self.window.complete || cause.is_some_and(|cause| self.stimulus.is_some_and(|now| now.place.0 == cause))
    }

    /// Notes that a key of a window learned from the view of this event.
    pub(crate) fn learned(&mut self, key: &Key, event: EventNumber) {
        self.rests_on.insert(key.clone(), event);
    }

    /// Compares a recorded view with `state`, which is the state that `side` names.
    pub(crate) fn view<S: System>(
        &self,
        system: &S,
        Viewed { key, value }: &Viewed<S::View>,
        state: Option<&S::State>,
        side: &'static str,
    ) -> Compared<S> {
        if !self.window.says_now(key) {
            return Compared::NotDerivable(Parts::not_derivable("view"));
        }
        let parts = match state {
            Some(state) => system.compare(key, state, value).within(self.window.complete),
            None if self.window.complete => Parts::whole(false),
            None => Parts::not_derivable("view"),
        };
        if !parts.agree() {
            let (key, recorded, now) = (key.clone(), value.clone(), state.map(|state| system.view(key, state)));
            let rests_on = self.rests_on.get(&key).copied();
            Compared::Differs(Different::View { key, recorded, now, parts, side, rests_on })
        } else if parts.underivable().next().is_some() {
            Compared::NotDerivable(parts)
        } else {
            Compared::Same
        }
    }

    fn output<S: System>(&mut self, engine: &Engine<S>, recorded: &Sent<S::Out>) -> Compared<S> {
        self.records_outputs = true;
        let now = self.sent_now(engine, &recorded.key, &recorded.slot);
        let is_same =
            |now: &Sent<S::Out>| now.to == recorded.to && same_body(engine.system(), &self.ignored, recorded, now);
        if now.is_some_and(|now| now.revision == recorded.revision && is_same(now)) {
            return Compared::Same;
        }
        if !self.window.complete {
            // The outputs sent before the window are unknown, so its revision numbers cannot be compared. If no message
            // of the window touched the slot, its content is unknown too.
            return match now.or_else(|| engine.slot(&recorded.key, &recorded.slot)) {
                Some(now) if is_same(now) => Compared::Same,
                // A body that the whole state does not call for is wrong. What is withdrawn may be from before.
                now if (now.is_some() || recorded.body.is_some())
                    && self.window.derives_output(engine, &recorded.key) =>
                {
                    differs(recorded, now)
                }
                _ => Compared::NotDerivable(Parts::not_derivable("output")),
            };
        }
        let slot = recorded.slot_id();
        if self.apart.contains(&slot) && now.is_some_and(is_same) {
            return Compared::Same;
        }
        self.apart.insert(slot);
        differs(recorded, now)
    }

    /// Finds the output that the current stimulus sends from a slot, and marks it as matched.
    fn sent_now<'e, S: System>(&mut self, engine: &'e Engine<S>, key: &Key, slot: &Slot) -> Option<&'e Sent<S::Out>> {
        let is_slot = |sent: &Sent<S::Out>| sent.slot == *slot && sent.key == *key;
        match self.find(engine, |now| matches!(now, Observation::Out(sent) if is_slot(sent)))? {
            Observation::Out(now) => Some(now),
            _ => None,
        }
    }

    /// Finds the first observation of the current stimulus that is `wanted` and was not matched before, and marks it as
    /// matched.
    fn find<'e, S: System>(
        &mut self,
        engine: &'e Engine<S>,
        wanted: impl Fn(&Observation<S::Out, S::View>) -> bool,
    ) -> Option<&'e Observation<S::Out, S::View>> {
        self.find_with_cause(engine, None, wanted)
    }

    /// As [`find`](Self::find), but of the observations that `cause` caused, if it is a stimulus of the trace.
    fn find_with_cause<'e, S: System>(
        &mut self,
        engine: &'e Engine<S>,
        cause: Option<EventNumber>,
        wanted: impl Fn(&Observation<S::Out, S::View>) -> bool,
    ) -> Option<&'e Observation<S::Out, S::View>> {
        let taken = cause.and_then(|cause| self.places.taken(cause));
        let is_caused = |number| {
            taken.is_none() || engine.journal().get(number).is_some_and(|event: &EventOf<S>| event.cause == taken)
        };
        let (number, found) = self.unmatched(engine).find(|(number, now)| wanted(now) && is_caused(*number))?;
        self.matched.push(number);
        self.covered = number.get() as usize;
        Some(found)
    }

    /// The observations of the current stimulus that no recorded observation matched so far.
    pub(crate) fn unmatched<'e, S: System>(
        &self,
        engine: &'e Engine<S>,
    ) -> impl Iterator<Item = (EventNumber, &'e Observation<S::Out, S::View>)> {
        let made = self.stimulus.into_iter().flat_map(|stimulus| made_since(engine, stimulus.taken));
        made.filter(|(number, _)| !self.matched.contains(number))
    }

    /// Ends the current stimulus. Its observations that matched no recorded one become `unrecorded`.
    fn end<S: System>(&mut self, engine: &Engine<S>) {
        if !self.window.complete && self.records_outputs {
            for (journaled, now) in self.unmatched(engine).collect::<Vec<_>>() {
                // If the engine sends a message to other keys that the record does not have, their states differ.
                let Observation::Out(sent) = now else { continue };
                let before = if sent.revision > 1 { sent_before(engine, journaled, sent) } else { None };
                self.window.routes(engine.system(), sent, before.iter().chain(&sent.body));
            }
        }
        let Some(stimulus) = self.stimulus.take().filter(|_| self.recorded_from.is_some()) else { return };
        let missing = made_since(engine, stimulus.taken)
            .filter(|(journaled, now)| self.is_compared(now) && !self.matched.contains(journaled));
        // What was made at a restart has the restart as its cause.
        let stimulus = |journaled| {
            let cause = engine.journal().get(journaled).and_then(|event| event.cause);
            let taken = cause.unwrap_or(stimulus.taken).max(stimulus.taken);
            self.places.of(taken).map_or(stimulus, |place| Current { place, taken })
        };
        let missing: Vec<_> = missing
            .map(|(journaled, now)| Unrecorded {
                journaled,
                stimulus: stimulus(journaled),
                is_derivable: self.is_derivable(now),
            })
            .collect();
        self.unrecorded.extend(missing);
        self.matched.clear();
    }

    /// Returns `false` if an observation of the current stimulus, which the record does not have, may depend on what
    /// came before the window.
    pub(crate) fn is_derivable<O, V>(&self, now: &Observation<O, V>) -> bool {
        self.is_derivable_if(now, self.heard)
    }

    /// Returns `false` if an observation that is made now, and that the record does not have, may depend on what came
    /// before the window. A message may repeat one from there, which changes nothing; then the record has nothing of it
    /// at all, and is not `heard`. A key that is healed now may have been damaged there.
    fn is_derivable_if<O, V>(&self, now: &Observation<O, V>, heard: bool) -> bool {
        match now {
            Observation::Rejected(_) => self.window.complete || heard && self.window.derives_rejection(),
            Observation::Healed(_) | Observation::Out(_) => self.window.complete,
            _ => true,
        }
    }

    /// Takes an observation that the trace recorded, which is not compared. In a window, it tells which keys depend on
    /// messages before it.
    pub(crate) fn hears<S: System>(&mut self, engine: &Engine<S>, observation: &Observation<S::Out, S::View>) {
        match observation {
            Observation::Out(sent) => self.window.output(engine, sent),
            Observation::View(viewed) => self.window.depends(&viewed.key),
            Observation::Unreadable(unreadable) => self.window.depends(unreadable.observed.key()),
            _ => {}
        }
    }

    /// Returns the observations of the current stimulus that the other version did not make, and marks them as matched.
    ///
    /// These are no views: the other version shows the views of other keys.
    pub(crate) fn only_now<S: System>(&mut self, engine: &Engine<S>) -> Vec<Different<S>> {
        let unmatched = self.unmatched(engine).filter(|(_, now)| self.is_compared(now));
        let (numbers, only): (Vec<_>, Vec<_>) =
            unmatched.filter_map(|(number, now)| Some((number, only_now(engine, &self.places, number, now)?))).unzip();
        self.compared += numbers.len() as u64;
        self.matched.extend(numbers);
        only
    }

    /// Returns `true` if an observation that is not in a record is a difference.
    fn is_compared<O, V>(&self, now: &Observation<O, V>) -> bool {
        match now {
            Observation::Out(_) => self.window.complete,
            Observation::Rejected(_) | Observation::Quarantined(_) | Observation::Healed(_) => true,
            Observation::Settled(_) | Observation::View(_) | Observation::Unreadable(_) => false,
        }
    }

    /// Matches an observation that follows the last event to compare, so that it is not missing from the record.
    pub(crate) fn look_over<S: System>(&mut self, engine: &mut Engine<S>, event: &EventOf<S>) {
        if !matches!(event.what, What::Observation(Observation::View(_) | Observation::Settled(_))) {
            let compared = self.compared;
            let _ = guard(&mut || drop(self.recorded(engine, event)));
            self.compared = compared;
        }
    }
}

fn differs<S: System>(recorded: &Sent<S::Out>, now: Option<&Sent<S::Out>>) -> Compared<S> {
    Compared::Differs(Different::Output { recorded: recorded.clone(), now: now.cloned() })
}
