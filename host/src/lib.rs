//! Runs a system of Afresh as a service: with its journal in a database, and with knobs that operators turn.
//!
//! A service is an engine with a host around it. The [`Host`](afresh_core::host::Host) of the core decides what may be
//! told, sent and done. This crate gives it a database, a clock and a network. The simulator drives the same host.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use afresh_check::turn::Asked;
//! use afresh_core::{Flows, Input, Key, Knob, Message, Receipt, Slot, System};
//! use afresh_host::receiver::Delivery;
//! use afresh_host::store::Memory;
//! use afresh_host::{Options, Receivers, Service};
//!
//! /// How much of each item is in stock. The warehouse is told when it runs low.
//! #[derive(Clone)]
//! struct Stock;
//!
//! impl System for Stock {
//! #   type In = (String, i64);
//! #   type Out = i64;
//! #   type State = i64;
//! #   type View = i64;
//! #   fn keys(&self, (item, _): &(String, i64)) -> impl IntoIterator<Item = Key> {
//! #       [item.as_str().into()]
//! #   }
//! #   fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, (String, i64)>, _: &Flows) {
//! #       *stock += input.body.1;
//! #   }
//! #   fn view(&self, _: &Key, stock: &i64) -> i64 {
//! #       *stock
//! #   }
//! #   fn outputs(&self, _: &Key, stock: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
//! #       if *stock < 5 { [("low".into(), *stock)].into() } else { BTreeMap::new() }
//! #   }
//! #   fn receiver(&self, _: &Key, _: &Slot, _: &i64) -> afresh_core::Name {
//! #       "warehouse".into()
//! #   }
//!     // …
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! // A receiver is a function, or a URL. `Sqlite` is the store of a service that must not forget.
//! let (told, mut orders) = tokio::sync::mpsc::unbounded_channel();
//! let receivers = Receivers::new().with("warehouse", move |delivery: Delivery<i64>| {
//!     let told = told.clone();
//!     async move { told.send(delivery.sent.body).map_err(|error| error.to_string()) }
//! });
//! let service = Service::open(Stock, Box::new(Memory::new()), receivers, Options::new("stock"))?;
//!
//! // A message is durable when it is answered, and may be offered again.
//! let delivery = || Message::new("till", "delivery", ("apples".to_owned(), 3));
//! assert_eq!(service.offer(delivery()).await?.receipt, Receipt::Counts);
//! assert_eq!(service.offer(delivery()).await?.receipt, Receipt::Duplicate);
//! assert_eq!(service.read(|engine| engine.view(&"apples".into())).await?, Some(3));
//! assert_eq!(orders.recv().await, Some(Some(3)));
//!
//! // A knob is planned first. Confirming the plan does just what it says.
//! let trigger = Knob::Trigger { keys: None, by: "anna".into(), why: "a drill".into() };
//! let asking = service.plan(Asked::Knob(trigger)).await?;
//! assert!(asking.plan.is_empty(), "nothing is wrong, so nothing would be sent");
//! service.confirm(asking.token, None).await?;
//!
//! // Everything is in the journal: two messages, an output, its confirmation and the knob.
//! let mut journal = service.follow(0);
//! while journal.next().await?.number.get() < 5 {}
//! service.stop().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A restart continues from the store. The outputs that no receiver has confirmed are sent again.
//!
//! # Where to look
//!
//! * [`service`] runs a system: offer it messages, read its states, and turn knobs.
//! * [`receiver`] takes the outputs.
//! * [`http`] offers a service to other programs, and sends outputs to URLs.
//! * [`store`] keeps the journal in a database.
#![forbid(unsafe_code)]

mod clock;
#[cfg(feature = "http")]
pub mod http;
pub mod receiver;
pub mod service;
pub mod store;

pub use receiver::{Receiver, Receivers};
pub use service::{Options, Service};
