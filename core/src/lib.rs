//! The pure engine of Afresh.
#![no_std]

extern crate alloc;

mod divergence;
mod flow;
mod index;
mod knob;
mod message;
mod name;
mod property;
mod system;
mod trace;

pub use divergence::{Between, Comparison, Parts};
pub use flow::{FlowTable, Flows};
pub use knob::{Knob, Plan};
pub use message::{FactId, Input, Message, Sent, SlotId};
pub use name::{Key, Name, Slot};
pub use property::{Broken, Expectation, Property, Signature, States, Violation};
pub use system::{Beginning, Body, Change, System, Touched, Updated};
pub use trace::{
    At, Damage, Event, EventNumber, Fault, Header, Healed, Observation, Opening, Passage, Quarantined, Rejected,
    Settled, Stimulus, Timer, Trace, Viewed, What,
};
