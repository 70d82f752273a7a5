//! A program as a system.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock, PoisonError};

use afresh_check::kept;
use afresh_core::{
    Beginning, Change, Elsewhere, Flows, Folds, Input, Key, Name, Parts, Property, Slot, States, System, Updated,
    Violation,
};
use serde_json::Value;

use crate::Program;
use crate::answers::{
    CompareAnswer, FoldAnswer, Goes, Look, LookAnswer, MaybeState, MaybeView, PartAnswer, Placed, PropertyAnswer,
    answer,
};
use crate::expected::Update;
use crate::json::{Json, Said};
use crate::process::Failure;

use crate::questions::{About, Batch, Changed, Told};
use crate::wire::{Declared, Optional};

/// The state of a key as a program gave it, or the state before the first message.
#[derive(Clone, Default)]
pub struct State(Option<Arc<Known>>);

struct Known {
    json: Json,
    /// The look of the state, once the program was asked for it, and the flows on which its outputs depend.
    look: OnceLock<(Flows, Look)>,
}

impl State {
    pub(crate) fn new(json: Json, look: Option<(Flows, Look)>) -> Self {
        let known = Known { json, look: OnceLock::new() };
        if let Some(look) = look {
            let _ = known.look.set(look);
        }
        Self(Some(Arc::new(known)))
    }

    /// The address of the state, which is its own while it is in memory.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ref().map_or(0, |known| Arc::as_ptr(known) as usize)
    }

    /// The look of the state, and the flows with which the program was asked for it, if it was.
    pub(crate) fn known_look(&self) -> Option<&(Flows, Look)> {
        self.0.as_ref()?.look.get()
    }

    /// The state as the program gave it; `None` before the first message.
    pub fn json(&self) -> Option<&Json> {
        self.0.as_ref().map(|known| &known.json)
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.json == other.json,
            (None, None) => true,
            _ => false,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.json() {
            Some(json) => json.fmt(f),
            None => f.write_str("before the first message"),
        }
    }
}

/// Ends the code of the system with a failure, as a panic does: the engine rejects the message, or quarantines the key.
fn fail(failure: &Failure) -> ! {
    // Nothing is wrong with this code, so no place in it is told.
    resume_unwind(Box::new(failure.to_string()))
}

impl Program {
    /// Asks one question, and reads its answer. A failure ends the code of the system.
    fn ask<T: serde::de::DeserializeOwned>(&self, question: impl FnOnce(&mut Batch)) -> T {
        let mut batch = Batch::default();
        question(&mut batch);
        self.one.ask(&batch, answer).unwrap_or_else(|failure| fail(&failure))
    }

    fn can(&self, optional: Optional) -> bool {
        self.one.can(optional).unwrap_or_else(|failure| fail(&failure))
    }

    fn placed(&self, body: &Json) -> Arc<Placed> {
        /// The most answers that are kept by the text of the body.
        const PLACES_MAX: usize = 100_000;
        if let Some(Said::Placed(placed)) = body.said(self.one.code.number) {
            return placed;
        }
        let places = || self.one.code.places.lock().unwrap_or_else(PoisonError::into_inner);
        let known = places().get(body.text()).cloned();
        let placed = known.unwrap_or_else(|| {
            let placed: Arc<Placed> = Arc::new(self.ask(|batch| batch.ask_place(body)));
            if !self.one.code.is_placed_alike(&placed) {
                let what = "some messages have a position, and others have none".to_owned();
                fail(&Failure::Raised { kind: "position".into(), what, place: String::new() });
            }
            let mut places = places();
            if places.len() == PLACES_MAX {
                places.clear();
            }
            places.insert(body.text().into(), Arc::clone(&placed));
            placed
        });
        body.note(self.one.code.number, Said::Placed(Arc::clone(&placed)));
        placed
    }

    fn goes(&self, key: &Key, slot: &Slot, body: &Json) -> Arc<Goes> {
        match body.said(self.one.code.number) {
            Some(Said::Goes(goes)) => goes,
            _ => {
                let goes: Arc<Goes> = Arc::new(self.ask(|batch| batch.ask_goes(key, slot, body)));
                body.note(self.one.code.number, Said::Goes(Arc::clone(&goes)));
                goes
            }
        }
    }

    /// Folds some messages into a state: remembers, takes the answer that was foreseen, or asks.
    fn folded(&self, key: &Key, state: &mut State, inputs: &[Input<'_, Json>], flows: &Flows) {
        let foreseen = self.expected.lock().unwrap_or_else(PoisonError::into_inner).take(key, state, inputs, flows);
        if let Some(known) = self.memory.as_ref().and_then(|memory| memory.get(key, state, inputs, flows)) {
            *state = known;
            return;
        }
        let told = || -> Vec<_> { inputs.iter().copied().map(Told::from).collect() };
        let result = foreseen.unwrap_or_else(|| {
            let (mut batch, told) = (Batch::default(), told());
            // The look of the state is nearly always needed next.
            let about = About { key, flows: Some(flows), state };
            batch.ask_fold(&about, &told, &Folds::Prefixes(vec![told.len()]), true);
            self.one.ask(&batch, |text| FoldAnswer::read(text, 1)?.only(self.one.code.number, flows))
        });
        let next = result.unwrap_or_else(|failure| fail(&failure));
        if let Some(memory) = &self.memory {
            memory.keep(key, state, &told(), flows, &next);
        }
        *state = next;
    }

    /// Passes the look of a state to `read`: under these flows or, if there are none, under any.
    fn look<T>(&self, key: &Key, state: &State, flows: Option<&Flows>, read: impl FnOnce(&Look) -> T) -> T {
        if let Some((_, look)) = state.known_look().filter(|(with, _)| flows.is_none_or(|flows| flows == with)) {
            return read(look);
        }
        let answer: LookAnswer = self.ask(|batch| batch.ask_look(&About { key, flows, state }));
        let look = answer.look(self.one.code.number);
        let seen = read(&look);
        if let Some(known) = &state.0 {
            let _ = known.look.set((flows.cloned().unwrap_or_default(), look));
        }
        seen
    }
}

impl System for Program {
    type In = Json;
    type Out = Json;
    type State = State;
    type View = Json;

    fn keys(&self, body: &Json) -> impl IntoIterator<Item = Key> {
        self.placed(body).keys.clone()
    }

    fn apply(&self, key: &Key, state: &mut State, input: Input<'_, Json>, flows: &Flows) {
        self.folded(key, state, &[input], flows);
    }

    fn fold<'m>(&self, key: &Key, state: &mut State, inputs: impl Iterator<Item = Input<'m, Json>>, flows: &Flows) {
        let inputs: Vec<_> = inputs.collect();
        if !inputs.is_empty() {
            self.folded(key, state, &inputs, flows);
        }
    }

    fn view(&self, key: &Key, state: &State) -> Json {
        self.look(key, state, None, |look| look.view.clone())
    }

    fn outputs(&self, key: &Key, state: &State, flows: &Flows) -> BTreeMap<Slot, Json> {
        self.look(key, state, Some(flows), |look| look.outputs.clone())
    }

    fn position(&self, body: &Json) -> Option<i64> {
        self.placed(body).position().first().copied()
    }

    fn subposition(&self, body: &Json) -> impl IntoIterator<Item = i64> {
        self.placed(body).position().iter().skip(1).copied().collect::<Vec<_>>()
    }

    fn admit(&self, body: &Json) -> Result<(), String> {
        self.placed(body).reject.clone().map_or(Ok(()), Err)
    }

    fn receiver(&self, key: &Key, slot: &Slot, body: &Json) -> Name {
        self.goes(key, slot, body).receiver()
    }

    fn route(&self, key: &Key, slot: &Slot, body: &Json) -> Option<Json> {
        self.goes(key, slot, body).route.clone()
    }

    fn update(&self, key: &Key, state: &mut State, change: Change<'_, Json>, flows: &Flows) -> Updated {
        if !self.can(Optional::Update) {
            return Updated::FoldAgain;
        }
        let change = match change {
            Change::Late(input) => Changed::Late(input.into()),
            Change::Withdrawn(input) => Changed::Withdrawn(input.into()),
            Change::Revised { before, after } => {
                Changed::Revised { before: Told { body: before.clone(), ..after.into() }, after: after.into() }
            }
        };
        let known = self.memory.as_ref().and_then(|memory| memory.updated(key, state, &change, flows));
        let updated = known.unwrap_or_else(|| {
            let about = About { key, flows: Some(flows), state };
            let answer: MaybeState = self.ask(|batch| batch.ask_update(&about, &change));
            let result = answer.state.map(|json| State::new(json, None));
            if let Some(memory) = &self.memory {
                let update = Update { from: state.clone(), change, flows: flows.clone(), result: result.clone() };
                memory.keep_update(key, update);
            }
            result
        });
        let Some(updated) = updated else { return Updated::FoldAgain };
        *state = updated;
        Updated::Done
    }

    fn learn(&self, key: &Key, state: &mut State, view: &Json) -> bool {
        if !self.can(Optional::Learn) {
            return false;
        }
        let about = About { key, flows: None, state };
        let answer: MaybeState = self.ask(|batch| batch.ask_learn(&about, view));
        let Some(json) = answer.state else { return false };
        *state = State::new(json, None);
        true
    }

    fn compare(&self, key: &Key, state: &State, view: &Json) -> Parts {
        if self.can(Optional::Compare) {
            let about = About { key, flows: None, state };
            let answer: CompareAnswer = self.ask(|batch| batch.ask_compare(&about, view));
            return answer.parts.iter().fold(Parts::default(), |parts, (name, part)| match part {
                PartAnswer::Equal => parts.part(kept(name), true),
                PartAnswer::Differs => parts.part(kept(name), false),
                PartAnswer::Unknown => parts.unknown(kept(name)),
            });
        }
        let now = self.view(key, state);
        by_field(now.value(), view.value())
    }

    fn restate(&self, key: &Key, history: &[Input<'_, Json>], flows: &Flows) -> Option<Json> {
        if !self.can(Optional::Restate) {
            return None;
        }
        let foreseen = self.expected.lock().unwrap_or_else(PoisonError::into_inner).take_restated(key, history, flows);
        let view = foreseen.unwrap_or_else(|| {
            let told: Vec<_> = history.iter().copied().map(Told::from).collect();
            let mut batch = Batch::default();
            batch.ask_restate(&About { key, flows: Some(flows), state: &State::default() }, &told);
            self.one.ask(&batch, answer::<MaybeView>).map(|answer| answer.view)
        });
        view.unwrap_or_else(|failure| fail(&failure))
    }

    fn variant(&self, name: &Name) -> Option<Self> {
        self.member(name)
    }

    fn variants(&self) -> Vec<Name> {
        self.members()
    }

    fn twin(&self) -> Option<Self> {
        self.member(self.twin_name()?)
    }

    fn flows(&self) -> Vec<Name> {
        self.one.hello().map(|hello| hello.flows.clone()).unwrap_or_default()
    }

    fn invariants(&self, key: &Key, state: &State) -> Vec<Violation> {
        self.look(key, state, None, |look| look.violations.clone())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let Ok(hello) = self.one.hello() else { return Vec::new() };
        let property = |declared: &Declared| {
            let name = kept(&declared.name);
            Property::new(name, declared.expect.into(), move |program: &Self, states: &States<'_, Self>| {
                let states = states.iter().filter_map(|(key, state)| Some((*key, state.json()?)));
                let answer: PropertyAnswer = program.ask(|batch| batch.ask_property(name, states));
                answer.broken.map_or(Ok(()), Err)
            })
        };
        hello.properties.iter().map(property).collect()
    }

    fn initial(&self, _: &Key, beginning: Beginning) -> Option<State> {
        (beginning == Beginning::Birth).then(State::default)
    }

    fn change_field(&self, _: &Key, state: &mut State, field: u32) -> bool {
        let Some(json) = state.json() else { return false };
        let mut changed = json.clone();
        let is_changed = afresh_world::change_field(&mut changed, field);
        if is_changed {
            *state = State::new(changed, None);
        }
        is_changed
    }

    fn elsewhere(&self) -> Option<impl Elsewhere<Self>> {
        Some(self)
    }
}

/// Compares two views. The fields of an object are parts.
fn by_field(one: &Value, other: &Value) -> Parts {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one != other => {
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            names
                .into_iter()
                .fold(Parts::default(), |parts, name| parts.part(kept(name), one.get(name) == other.get(name)))
        }
        _ => Parts::whole(one == other),
    }
}
