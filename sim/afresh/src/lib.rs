//! A deterministic simulation and debugging harness for message-driven systems.
//!
//! Everything that happens to a system is an event of a *trace*, and everything else is a function of the trace. So the
//! state of a key can be computed afresh at any time and held against the one that was carried along; and a trace in which
//! a bug shows can be made smaller, one verified step at a time, until it is understood in one go.
//!
//! The command line does all of that with files. This is the same from code: a system with a bug, a night of it, what is
//! wrong with it, and the two messages that suffice to show it.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use afresh::minimize::Minimizer;
//! use afresh::{Loaded, check, format, oracle};
//! use afresh_core::{Change, Flows, Input, Key, Slot, System, Updated};
//! use serde::{Deserialize, Serialize};
//!
//! /// How full a tank is. The last reading counts, and readings may arrive late.
//! #[derive(Clone)]
//! struct Tank;
//!
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
//! struct Reading {
//!     tank: Key,
//!     litres: u32,
//!     on: i64,
//! }
//!
//! impl System for Tank {
//!     type In = Reading;
//!     type Out = u32;
//!     type State = u32;
//!     type View = u32;
//!
//!     fn keys(&self, reading: &Reading) -> impl IntoIterator<Item = Key> {
//!         [reading.tank.clone()]
//!     }
//!     fn position(&self, reading: &Reading) -> Option<i64> {
//!         Some(reading.on)
//!     }
//!     fn apply(&self, _: &Key, litres: &mut u32, input: Input<'_, Reading>, _: &Flows) {
//!         *litres = input.body.litres;
//!     }
//!     fn view(&self, _: &Key, litres: &u32) -> u32 {
//!         *litres
//!     }
//!     fn outputs(&self, _: &Key, _: &u32, _: &Flows) -> BTreeMap<Slot, u32> {
//!         BTreeMap::new()
//!     }
//!     /// Wrong: what came late is not what is so now.
//!     fn update(&self, _: &Key, litres: &mut u32, change: Change<'_, Reading>, _: &Flows) -> Updated {
//!         if let Change::Late(input) = change {
//!             *litres = input.body.litres;
//!         }
//!         Updated::Done
//!     }
//! }
//!
//! let night = r#"{"afresh":{"format":1,"system":"tank","complete":true}}
//! {"in":{"id":"r-1","from":"north","body":{"tank":"a","litres":80,"on":1}}}
//! {"in":{"id":"r-2","from":"north","body":{"tank":"b","litres":35,"on":2}}}
//! {"in":{"id":"r-3","from":"south","body":{"tank":"a","litres":70,"on":9}}}
//! {"in":{"id":"r-4","from":"north","body":{"tank":"b","litres":30,"on":5}}}
//! {"in":{"id":"r-5","from":"north","body":{"tank":"a","litres":75,"on":4}}}
//! "#;
//! let reader = || format::Reader::new("night", night.as_bytes(), format::Options::default());
//!
//! // Which message first made the carried state differ from the folded one?
//! let report = check::check(&Tank, &Loaded::read(&Tank, reader()?)?, check::Options::default());
//! let finding = &report.findings[0];
//! assert_eq!(finding.signature.to_string(), "incremental/view");
//! assert_eq!(finding.first.event.get(), 5);
//!
//! // Which messages matter?
//! let mut examined = oracle::examine(&Tank, reader()?, || false)?;
//! examined.oracle.aim(Some(&finding.signature)).expect("it shows");
//! let minimized = Minimizer::new().run(examined.stimuli, &mut *examined.oracle, &mut ())?;
//! let left: Vec<_> = minimized.items.iter().map(|item| item.number).collect();
//! assert_eq!(left, [3, 5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! * traces: [`mod@format`] reads and writes them, [`Loaded`] has one in memory, [`recorder`] writes one from a running
//!   service, [`import`] makes one of the rows of a message table
//! * what a trace says: [`replay`] runs it and compares, [`check`] holds four accounts of every key against each other,
//!   [`show`] lays it out for people, [`turn`] turns a knob at its end
//! * simulated traces: [`explore`], with a [`Workload`] for what a system is sent, and [`change_field`] for a state with one
//!   field changed
//! * smaller traces: [`minimize`], with anything for an [`oracle`]
//! * tests: [`snapshots!`] for traces that are kept, [`laws`] for properties of any system
//! * the command line over your own systems: [`main!`], and [`cli`] behind it
#![forbid(unsafe_code)]

mod macros;
#[cfg(feature = "snapshots")]
pub mod snapshot;

pub use afresh_check::verify::Coverage;
pub use afresh_check::{self as check, Loaded, Subject, guard, laws, replay, show, turn};
pub use afresh_cli::runner::{Runner, Systems};
pub use afresh_cli::{self as cli};
pub use afresh_shrink::{minimize, oracle};
pub use afresh_trace::{digest, format, import, recorder, text};
pub use afresh_world::{self as world, Workload, Workloads, change_field, explore, proptest, rng, schedule};

/// [`snapshots!`] asserts with it.
#[cfg(feature = "snapshots")]
#[doc(hidden)]
pub use insta;
