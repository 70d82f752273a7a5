//! A deterministic simulation and debugging harness for message-driven systems.
//!
//! Afresh replays the messages of a system and finds the first one after which a state is wrong. It then shrinks the
//! trace to the smallest set of messages that still shows the bug.
//!
//! Everything that happens to a system is an event of a *trace*, and everything else is a function of the trace. So the
//! state of a key can be recomputed from the first message at any time, and compared with the incremental state. A
//! trace that shows a bug can be made smaller, one verified step at a time, until the bug is easy to understand.
//!
//! The command line does all of this with files. The following example does it in code. A system with a bug processes
//! five messages. [`check`] finds the message at which the bug first shows, and the minimizer finds the two messages
//! that are enough to show it.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use afresh::minimize::Minimizer;
//! use afresh::{Loaded, check, format, oracle};
//! use afresh_core::{Change, Flows, Input, Key, Slot, System, Updated};
//! use serde::{Deserialize, Serialize};
//!
//! /// The level of each tank. The latest reading counts, and readings may arrive late.
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
//!     /// The bug: a late reading replaces a newer one.
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
//! // Which message first made the incremental state differ from the recomputed one?
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
//! * **Getting traces**: [`mod@format`] reads and writes trace files, and [`Loaded`] is a trace in memory. [`recorder`]
//!   writes a trace from a running service. [`import`] converts the rows of a message table into a trace.
//! * **Analysing traces**: [`replay`] runs a trace and compares the result with the record. [`check`] compares the
//!   recorded, incremental, recomputed and restated values of every key. [`show`] presents a trace to people. [`turn`]
//!   appends a knob to a trace and shows its effect. [`against`] compares two versions of a system on one trace.
//! * **Simulating**: [`explore`] runs a system from many seeds, with the messages of a [`Workload`]. [`world`]
//!   simulates nodes of your own. [`change_field`] damages one field of a state, to test healing.
//! * **Shrinking traces**: [`minimize`] makes a trace smaller, and an [`oracle`] decides whether it still shows the
//!   bug.
//! * **Testing**: [`snapshots!`] tests all kept traces, and [`laws`] has properties that every system must satisfy.
//! * **Command line**: [`main!`] builds the command line for your own systems, and [`cli`] is the code behind it.
#![forbid(unsafe_code)]

mod macros;
#[cfg(feature = "snapshots")]
pub mod snapshot;

pub use afresh_check::verify::Coverage;
pub use afresh_check::{self as check, Loaded, Subject, against, guard, laws, replay, show, turn};
pub use afresh_cli::runner::{Runner, Systems};
pub use afresh_cli::{self as cli};
pub use afresh_shrink::{minimize, oracle};
pub use afresh_trace::{digest, format, import, recorder, text, unknown};
pub use afresh_world::{
    self as world, Workload, Workloads, change_field, envelopes, explore, proptest, rng, schedule, service,
};

/// The snapshot library that the expansion of [`snapshots!`] uses.
#[cfg(feature = "snapshots")]
#[doc(hidden)]
pub use insta;
