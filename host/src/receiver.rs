//! Receivers: where the outputs of a service go.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use afresh_core::{EventNumber, Name, Sent};

/// An output on its way to its receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery<O> {
    /// The event with which the output was sent.
    pub event: EventNumber,
    /// The output. Its key, slot and revision are the same whenever it is sent again.
    pub sent: Sent<O>,
}

/// The result of a delivery, which is not known yet.
///
/// An error says why the receiver may not have the output, as text for people. It is then sent again later.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Somebody who receives outputs.
///
/// Every output arrives at least once. Those of one slot arrive in the order of their revisions, apart from
/// repetitions. A receiver that keeps only the highest revision of each slot is therefore idempotent.
///
/// A function from a [`Delivery`] to a future is a receiver too.
pub trait Receiver<O>: Send + Sync {
    /// Delivers an output. Ends with `Ok` when the receiver has it for good.
    fn deliver(&self, delivery: Delivery<O>) -> Delivering<'_>;
}

impl<O, F, D> Receiver<O> for F
where
    F: Fn(Delivery<O>) -> D + Send + Sync,
    D: Future<Output = Result<(), String>> + Send + 'static,
{
    fn deliver(&self, delivery: Delivery<O>) -> Delivering<'_> {
        Box::pin(self(delivery))
    }
}

/// The receivers of a service, by name.
///
/// An output to a name that is not among them waits, as *unsettled*, until a service with that receiver starts.
pub struct Receivers<O> {
    by_name: BTreeMap<Name, Arc<dyn Receiver<O>>>,
}

impl<O> Receivers<O> {
    /// Returns a set without receivers.
    pub fn new() -> Self {
        Self { by_name: BTreeMap::new() }
    }

    /// Adds a receiver. [`System::receiver`](afresh_core::System::receiver) refers to it by `name`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Name>, receiver: impl Receiver<O> + 'static) -> Self {
        self.by_name.insert(name.into(), Arc::new(receiver));
        self
    }

    /// The receiver with this name, if there is one.
    pub(crate) fn get(&self, name: &Name) -> Option<&Arc<dyn Receiver<O>>> {
        self.by_name.get(name)
    }

    /// The names of all receivers, in order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.by_name.keys()
    }
}

impl<O> Default for Receivers<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O> fmt::Debug for Receivers<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
