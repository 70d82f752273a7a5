//! Orders to the host of a simulated service: knobs of operators, deploys, and damage to the caches of the engine.
//!
//! An order does not name a key or a message. The host draws these when it carries out the order, because only then are
//! its keys known.

use std::num::NonZeroU32;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{Damage, FactId, Fault, Key, Knob, Message, Name, SlotId, Stimulus, What};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::host::HostNode;
use super::{Given, HOST, NODE, Party};
use crate::rng::Rng;
use crate::run::Posting;
use crate::world::Effects;

/// An order from outside: a message for upstream, or for the host an action of an operator or damage to a cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, bound(deserialize = "I: DeserializeOwned"))]
pub enum Order<I> {
    /// Upstream gets a message to send to the host.
    Offer {
        /// The sender of the message.
        from: Name,
        /// The id of the message.
        id: Name,
        /// The revision of the message.
        revision: NonZeroU32,
        /// The body of the message; `None` withdraws the fact.
        body: Option<I>,
        /// The time at which upstream sends the message first, in milliseconds since the world began.
        #[serde(default, skip_serializing_if = "is_zero")]
        at_ms: u32,
    },
    /// The host opens the keys of a window of a history.
    Open,
    /// An operator turns a random knob.
    Turn,
    /// An operator turns the flow with this index on or off: for all keys, or for those that are named, which are a
    /// random one or each one that is known.
    Migrate {
        /// The index of the flow.
        flow: u32,
        /// Whether to turn it on.
        on: bool,
        /// Whether all keys are affected, future ones included.
        all: bool,
    },
    /// An operator scrubs all keys.
    Scrub,
    /// An operator deploys the version with this index.
    Deploy(u32),
    /// A random cache of a random key is damaged.
    Damage,
}

impl<I> Order<I> {
    /// The order to send a message at this time.
    pub(super) fn offer(at_ms: u32, Message { from, id, revision, body }: Message<I>) -> Self {
        let revision = NonZeroU32::new(revision).unwrap_or(NonZeroU32::MIN);
        Self::Offer { from, id, revision, body, at_ms }
    }
}

/// Draws the orders of a run. `faults` is the duration of the phase in which faults happen, in nanoseconds.
pub(super) fn draw<S: Subject>(given: &Given<S>, faults: i64, rng: &mut Rng) -> Vec<Posting<Party<S>>> {
    let mut orders = Vec::new();
    let began: Vec<bool> = given.flows.iter().map(|_| rng.below(2) == 0).collect();
    for (flow, _) in (0..).zip(&began).filter(|(_, on)| **on) {
        orders.push((0, HOST, Order::Migrate { flow, on: true, all: true }));
    }
    let mut some = |most: u64, rng: &mut Rng, order: &mut dyn FnMut(&mut Rng) -> Order<S::In>| {
        let times = if rng.below(2) == 0 { 1 + rng.below(most) } else { 0 };
        for _ in 0..times {
            let at = rng.between(0, faults);
            orders.push((at, HOST, order(rng)));
        }
    };
    some(4, rng, &mut |_| Order::Damage);
    some(6, rng, &mut |_| Order::Turn);
    if !given.versions.is_empty() {
        some(2, rng, &mut |rng| Order::Deploy(rng.place(given.versions.len()) as u32));
    }
    orders.extend(draw_apart::<S>(&began, faults, rng));
    orders
}

/// Draws, for some flows, a migration of named keys and a later one of all keys in the other direction.
///
/// `began` says of each flow whether it is on when the run begins. The named keys then differ from all others.
/// The numbers come from a generator of their own, so all other choices of the run are as they would be without.
fn draw_apart<S: Subject>(began: &[bool], faults: i64, rng: &Rng) -> Vec<Posting<Party<S>>> {
    let mut rng = Rng::of_seed(!rng.clone().bits());
    let mut orders = Vec::new();
    for (flow, began) in (0..).zip(began) {
        if rng.below(4) >= 2 {
            let named = rng.between(0, faults);
            orders.push((named, HOST, Order::Migrate { flow, on: !began, all: false }));
            orders.push((rng.between(named, faults), HOST, Order::Migrate { flow, on: *began, all: true }));
        }
    }
    orders
}

impl<S: Subject> HostNode<S> {
    /// Carries out an order, unless there is nothing to apply the order to.
    pub(super) fn obey(&mut self, order: Order<S::In>, effects: &mut Effects<Party<S>>) {
        let (by, why): (Name, _) = ("operator".into(), String::new());
        match order {
            Order::Offer { .. } => {}
            Order::Open => self.open(effects),
            Order::Turn => {
                if let Some(knob) = self.any_knob(effects) {
                    self.turn(knob, effects);
                }
            }
            Order::Migrate { flow, on, all } => {
                let Some(flow) = self.given.flows.get(flow as usize).cloned() else { return };
                let keys = if all { None } else { self.named_keys(effects) };
                if all || keys.is_some() {
                    self.turn(Knob::Migrate { flow, keys, on, by, why }, effects);
                }
            }
            Order::Scrub => self.turn(Knob::Scrub { keys: None, by, why: "calm".into() }, effects),
            Order::Deploy(version) => {
                if let Some(system) = self.given.versions.get(version as usize).cloned() {
                    self.suffer(Fault::Deploy { node: NODE.into(), system }, effects);
                }
            }
            Order::Damage => {
                if let Some(damage) = self.any_damage(effects) {
                    self.suffer(damage, effects);
                }
            }
        }
    }

    /// Draws the key whose cache is damaged, and the kind of the damage.
    fn any_damage(&self, effects: &mut Effects<Party<S>>) -> Option<Fault> {
        let key = self.any_key(effects)?;
        let what = match one_of(7, effects) {
            0 => Damage::Default,
            1 => Damage::Stale(1 + one_of(4, effects) as u32),
            2 => Damage::Missing(one_of(4, effects) as u32),
            3 => {
                let field = one_of(256, effects) as u32;
                if self.has_field(&key, field) { Damage::Field(field) } else { Damage::Missing(0) }
            }
            4 => Damage::Other(self.any_key(effects)?),
            5 => Damage::Checkpoints,
            _ => Damage::Index,
        };
        Some(Fault::Damage { key, what })
    }

    /// Returns whether the system can change this field in the state of `key`.
    ///
    /// A system without [`System::change_field`](afresh_core::System::change_field) cannot, so its states are damaged
    /// in another way.
    fn has_field(&self, key: &Key, field: u32) -> bool {
        let (engine, mut has) = (self.engine(), true);
        // A panic is ignored here, because the engine will cause it again, and the run then shows it.
        let _ = guard(&mut || {
            let state = engine.state(key).cloned();
            has = state.is_none_or(|mut state| engine.system().change_field(key, &mut state, field));
        });
        has
    }

    /// Draws a knob, for one key or for all keys.
    fn any_knob(&self, effects: &mut Effects<Party<S>>) -> Option<Knob> {
        let all = one_of(2, effects) == 0;
        let keys = if all { None } else { self.any_key(effects).map(|key| vec![key]) };
        let (by, why) = ("operator".into(), String::new());
        Some(match one_of(5, effects) {
            0 => Knob::Trigger { keys, by, why },
            1 => Knob::Scrub { keys, by, why },
            2 => Knob::ReflowIn { messages: self.any_message(effects).into_iter().collect(), by, why },
            3 => Knob::ReflowOut { outputs: self.any_output(effects).into_iter().collect(), by, why },
            _ => {
                let flow = self.given.flows.get(one_of(self.given.flows.len(), effects))?.clone();
                Knob::Migrate { flow, keys, on: one_of(2, effects) == 0, by, why }
            }
        })
    }

    /// Draws one of the keys that the engine has.
    fn any_key(&self, effects: &mut Effects<Party<S>>) -> Option<Key> {
        let keys = self.engine().keys();
        keys.get(one_of(keys.len(), effects)).map(|key| (*key).clone())
    }

    /// Draws one of the keys that the engine has, or returns all of them. Returns `None` if there are none.
    fn named_keys(&self, effects: &mut Effects<Party<S>>) -> Option<Vec<Key>> {
        if one_of(2, effects) == 0 {
            return self.any_key(effects).map(|key| vec![key]);
        }
        let keys: Vec<_> = self.engine().keys().into_iter().cloned().collect();
        if keys.is_empty() { None } else { Some(keys) }
    }

    /// Draws one of the messages that have arrived.
    fn any_message(&self, effects: &mut Effects<Party<S>>) -> Option<FactId> {
        let arrived = self.engine().journal().events().filter_map(|event| match &event.what {
            What::Stimulus(Stimulus::In(message)) => Some(message),
            _ => None,
        });
        let arrived: Vec<_> = arrived.collect();
        arrived.get(one_of(arrived.len(), effects)).map(|message| message.fact())
    }

    /// Draws one of the outputs that the engine has sent.
    fn any_output(&self, effects: &mut Effects<Party<S>>) -> Option<SlotId> {
        let key = self.any_key(effects)?;
        let slots: Vec<_> = self.engine().slots(&key).map(|(slot, _)| slot).collect();
        let slot = (*slots.get(one_of(slots.len(), effects))?).clone();
        Some(SlotId { key, slot })
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Draws an index into a list of `length` entries, or returns 0 if the list is empty.
fn one_of<S: Subject>(length: usize, effects: &mut Effects<Party<S>>) -> usize {
    ((u128::from(effects.entropy()) * length as u128) >> 64) as usize
}
