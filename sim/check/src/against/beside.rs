//! [`Beside`]: a system whose outputs and views can be compared with those of another version.

use std::collections::BTreeMap;

use afresh_core::{
    Beginning, Change, Elsewhere, Flows, Foreseen, Input, Key, Name, Parts, Slot, System, Touched, Updated,
};
use serde::Deserializer;
use serde_json::Value;

use super::shown::Shown;
use crate::finding::value;
use crate::kept::kept;
use crate::subject::Subject;

/// A system that also reads the outputs and views of other versions, whose types may differ.
///
/// It runs as the system itself does. It states no laws, invariants and properties, because nothing checks them here.
#[derive(Clone)]
pub(super) struct Beside<S>(pub(super) S);

impl<S: Subject> System for Beside<S> {
    type In = S::In;
    type Out = Shown<S::Out>;
    type State = S::State;
    type View = Shown<S::View>;

    fn keys(&self, body: &S::In) -> impl IntoIterator<Item = Key> {
        self.0.keys(body)
    }

    fn apply(&self, key: &Key, state: &mut S::State, input: Input<'_, S::In>, flows: &Flows) {
        self.0.apply(key, state, input, flows);
    }

    fn view(&self, key: &Key, state: &S::State) -> Self::View {
        Shown::Own(self.0.view(key, state))
    }

    fn outputs(&self, key: &Key, state: &S::State, flows: &Flows) -> BTreeMap<Slot, Self::Out> {
        self.0.outputs(key, state, flows).into_iter().map(|(slot, body)| (slot, Shown::Own(body))).collect()
    }

    fn position(&self, body: &S::In) -> Option<i64> {
        self.0.position(body)
    }

    fn subposition(&self, body: &S::In) -> impl IntoIterator<Item = i64> {
        self.0.subposition(body)
    }

    fn admit(&self, body: &S::In) -> Result<(), String> {
        self.0.admit(body)
    }

    fn receiver(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Name {
        // The engine asks this only for outputs of this version.
        body.with(|body| self.0.receiver(key, slot, body)).unwrap_or_else(|| Name::from(""))
    }

    fn route(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Option<S::In> {
        body.with(|body| self.0.route(key, slot, body)).flatten()
    }

    fn update(&self, key: &Key, state: &mut S::State, change: Change<'_, S::In>, flows: &Flows) -> Updated {
        self.0.update(key, state, change, flows)
    }

    fn touched(&self, key: &Key, state: &S::State, input: Input<'_, S::In>, slots: &mut Vec<Slot>) -> Touched {
        self.0.touched(key, state, input, slots)
    }

    fn output(&self, key: &Key, state: &S::State, slot: &Slot, flows: &Flows) -> Option<Self::Out> {
        self.0.output(key, state, slot, flows).map(Shown::Own)
    }

    fn fold<'m>(&self, key: &Key, state: &mut S::State, inputs: impl Iterator<Item = Input<'m, S::In>>, flows: &Flows)
    where
        S::In: 'm,
    {
        self.0.fold(key, state, inputs, flows);
    }

    fn elsewhere(&self) -> Option<impl Elsewhere<Self>> {
        self.0.elsewhere().map(Through)
    }

    fn initial(&self, key: &Key, beginning: Beginning) -> Option<S::State> {
        self.0.initial(key, beginning)
    }

    fn learn(&self, key: &Key, state: &mut S::State, view: &Self::View) -> bool {
        view.with(|view| self.0.learn(key, state, view)).unwrap_or_default()
    }

    /// Compares a view of the same type as the system does. A view of another type is compared field by field.
    fn compare(&self, key: &Key, state: &S::State, view: &Self::View) -> Parts {
        let own = self.0.view(key, state);
        if view.is_text_of(&own) {
            return self.0.compare(key, state, &own);
        }
        let exact = |read: &S::View| {
            let parts = self.0.compare(key, state, read);
            // Views from elsewhere have no type that would tell those of two versions apart.
            if self.0.elsewhere().is_some() { with_gone(parts, &value(&own), &view.value()) } else { parts }
        };
        view.with_exact(exact).unwrap_or_else(|| {
            let unknown: Vec<_> = self.0.compare(key, state, &own).underivable().collect();
            fields(&value(&own), &view.value(), Parts::names(&own), &unknown)
        })
    }

    fn same_output(&self, recorded: &Self::Out, now: &Self::Out) -> bool {
        let same = |recorded: &S::Out| now.with_exact(|now| self.0.same_output(recorded, now));
        recorded == now || recorded.with_exact(same).flatten().unwrap_or_default()
    }

    fn upgrade<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<S::In, D::Error> {
        self.0.upgrade(version, body)
    }

    fn variant(&self, name: &Name) -> Option<Self> {
        self.0.variant(name).map(Self)
    }

    fn variants(&self) -> Vec<Name> {
        self.0.variants()
    }

    fn flows(&self) -> Vec<Name> {
        self.0.flows()
    }

    fn change_field(&self, key: &Key, state: &mut S::State, field: u32) -> bool {
        self.0.change_field(key, state, field)
    }
}

/// What the code of a [`Beside`] is asked elsewhere.
struct Through<E>(E);

impl<S: Subject, E: Elsewhere<S>> Elsewhere<Beside<S>> for Through<E> {
    fn foresee_bodies(&self, bodies: &[&S::In]) {
        self.0.foresee_bodies(bodies);
    }

    fn foresee_folds(&self, folds: Vec<Foreseen<Beside<S>>>) {
        let of_system = |Foreseen { key, state, inputs, flows, folds, looks, restates }: Foreseen<Beside<S>>| {
            Foreseen { key, state, inputs, flows, folds, looks, restates }
        };
        self.0.foresee_folds(folds.into_iter().map(of_system).collect());
    }

    fn remembering(&self) -> Beside<S> {
        Beside(self.0.remembering())
    }

    fn restarted(&self) -> Beside<S> {
        Beside(self.0.restarted())
    }

    fn apart(&self, jobs: usize) -> [Beside<S>; 2] {
        self.0.apart(jobs).map(Beside)
    }

    fn said_the_same(&self, one: &S::State, other: &S::State) -> Option<bool> {
        self.0.said_the_same(one, other)
    }

    fn says_otherwise(&self, bodies: &[&S::In]) -> Option<(usize, [String; 2])> {
        self.0.says_otherwise(bodies)
    }

    fn failed_once(&self) -> Option<String> {
        self.0.failed_once()
    }
}

/// The most fields that only the other version has and that are named. A view with more of them is no struct.
const NAMED_MAX: usize = 64;

/// Adds the fields that only the view of the other version has, and about which the system says nothing.
fn with_gone(parts: Parts, now: &Value, other: &Value) -> Parts {
    let (Value::Object(one), Value::Object(two)) = (now, other) else { return parts };
    let said: Vec<_> = parts.iter().map(|(name, _)| name).collect();
    let gone = two.keys().filter(|name| !one.contains_key(*name) && !said.contains(&&***name));
    gone.take(NAMED_MAX).fold(parts, |parts, name| parts.part(kept(name), false))
}

/// Compares two views of different types. If both are objects with the fields of a struct, each field is a part.
/// `names` are the fields of `now`, and those in `unknown` are not derivable.
fn fields(now: &Value, other: &Value, mut names: Vec<&'static str>, unknown: &[&'static str]) -> Parts {
    let has = |names: &[&str], name: &String| names.contains(&&**name);
    let (Value::Object(one), Value::Object(two)) = (now, other) else { return Parts::whole(false) };
    let more: Vec<_> = two.keys().filter(|name| !has(&names, name)).collect();
    if !one.keys().all(|name| has(&names, name)) || more.len() > NAMED_MAX {
        return Parts::whole(now == other);
    }
    names.extend(more.into_iter().map(|name| kept(name)));
    names.into_iter().fold(Parts::default(), |parts, name| match unknown.contains(&name) {
        true => parts.unknown(name),
        false => parts.part(name, one.get(name) == two.get(name)),
    })
}
