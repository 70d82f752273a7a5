//! The pure engine of Afresh: computes the states and outputs of a message-driven system from its messages alone.
//!
//! You write a [`System`]. It says which keys a message concerns, how a key folds its messages into a state, which view
//! of that state is visible outside, and which outputs should have been sent. An [`Engine`] does the rest: it takes one
//! [`Stimulus`] at a time, writes it to its [`Journal`] and updates the keys that it concerns. Then it returns the
//! [`Effects`]: the messages to send, and everything that was rejected, quarantined or healed.
//!
//! ```
//! use std::collections::BTreeMap;
//! use afresh_core::{Engine, Flows, Input, Key, Message, Options, Slot, Stimulus, System};
//!
//! /// How much of each item is in stock.
//! #[derive(Clone)]
//! struct Stock;
//!
//! impl System for Stock {
//!     type In = (String, i64);
//!     type Out = i64;
//!     type State = i64;
//!     type View = i64;
//!
//!     fn keys(&self, (item, _): &(String, i64)) -> impl IntoIterator<Item = Key> {
//!         [item.as_str().into()]
//!     }
//!     fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, (String, i64)>, _: &Flows) {
//!         *stock += input.body.1;
//!     }
//!     fn view(&self, _: &Key, stock: &i64) -> i64 {
//!         *stock
//!     }
//!     fn outputs(&self, _: &Key, stock: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
//!         // The shop should know that an item runs low. The engine withdraws this message when stock is back.
//!         if *stock < 5 { [("low".into(), *stock)].into() } else { BTreeMap::new() }
//!     }
//! }
//!
//! let mut engine = Engine::new(Stock, Options::default());
//! let mut told = |id: &str, revision, change: Option<i64>| {
//!     let body = change.map(|change| ("apples".to_owned(), change));
//!     let message = Message { from: "till".into(), id: id.into(), revision, body };
//!     let effects = engine.take(None, Stimulus::In(message));
//!     effects.sends().map(|sent| sent.body).collect::<Vec<_>>()
//! };
//! assert_eq!(told("delivery", 1, Some(10)), []);
//! assert_eq!(told("sale", 1, Some(-7)), [Some(3)]); // stock is low
//! assert_eq!(told("sale", 1, Some(-7)), []); // a duplicate changes nothing
//! assert_eq!(told("sale", 2, Some(-2)), [None]); // only two were sold: the message is withdrawn
//! assert_eq!(engine.view(&"apples".into()), Some(8));
//! ```
//!
//! # Where to look
//!
//! * To write a system: [`System`], [`Message`], [`Parts`], [`Property`].
//! * To run a system: [`Engine`], [`Policy`], [`Journal`].
//! * To read or build a trace: [`Trace`], [`Event`], [`Stimulus`], [`Observation`].
//! * To serve a system: [`host::Host`], which decides when what is acknowledged, sent and done.
//! * To operate a system: [`Knob`], and [`Plan`] to see what a knob would do before it is turned.
//!
//! The crate uses no clock, no randomness, no I/O and no threads, and it does not need the standard library.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ahead;
mod cell;
mod commit;
mod divergence;
mod elsewhere;
mod engine;
mod flow;
mod fold;
mod history;
pub mod host;
mod index;
mod journal;
mod keys;
mod knob;
mod message;
mod name;
mod outbox;
mod property;
mod receive;
mod restart;
mod rounds;
mod system;
mod trace;
mod turn;
pub mod words;

pub use divergence::{Comparison, Parts};
pub use elsewhere::{Elsewhere, Folds, Foreseen};
pub use engine::{Effects, Engine, Guard, Options, Policy};
pub use flow::{FlowTable, Flows};
pub use journal::{EventOf, Journal};
pub use knob::{Knob, Plan, Refusal, Unknown};
pub use message::{FactId, Input, Message, Sent, SlotId};
pub use name::{Key, Name, Slot};
pub use property::{Expectation, Property, Signature, States, Violation};
pub use receive::{Receipt, conflict};
pub use restart::OutOfSequence;
pub use system::{Beginning, Body, Change, System, Touched, Types, Updated, Updates};
pub use trace::{
    At, Damage, Event, EventNumber, Fault, Header, Healed, Observation, Observed, Opening, Passage, Quarantined,
    Rejected, Settled, Stimulus, Storage, Timer, Trace, Unreadable, UnreadableObservation, Viewed, What,
};
