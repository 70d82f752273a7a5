//! What must hold of a world.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh_core::{EventNumber, Expectation, Signature, Violation};

use super::World;
use super::node::Node;

/// Whether a property holds; else what was found.
type Holds<N> = Box<dyn FnMut(&World<N>) -> Result<(), String>>;

/// What must hold of a world. It may remember what it has seen: it lives as long as one run.
pub struct Property<N: Node> {
    name: &'static str,
    expectation: Expectation,
    holds: Holds<N>,
}

impl<N: Node> Property<N> {
    /// What must hold after every event.
    pub fn always(name: &'static str, holds: impl FnMut(&World<N>) -> Result<(), String> + 'static) -> Self {
        Self { name, expectation: Expectation::Always, holds: Box::new(holds) }
    }

    /// What must hold at the end, when all faults are over and the nodes had time to recover.
    pub fn eventually(name: &'static str, holds: impl FnMut(&World<N>) -> Result<(), String> + 'static) -> Self {
        Self { name, expectation: Expectation::Eventually, holds: Box::new(holds) }
    }

    /// What must be so after some event of some run: that what is to be tested happens at all.
    pub fn sometimes(name: &'static str, mut is_so: impl FnMut(&World<N>) -> bool + 'static) -> Self {
        let holds = move |world: &World<N>| if is_so(world) { Ok(()) } else { Err(String::new()) };
        Self { name, expectation: Expectation::Sometimes, holds: Box::new(holds) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// When it must hold.
    #[must_use]
    pub fn expectation(&self) -> Expectation {
        self.expectation
    }
}

/// Looks at a world, event by event, and notes what its properties say.
pub(crate) struct Watch<N: Node> {
    properties: Vec<Property<N>>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) reached: BTreeSet<&'static str>,
}

impl<N: Node> Watch<N> {
    pub(crate) fn new(properties: Vec<Property<N>>) -> Self {
        Self { properties, violations: Vec::new(), reached: BTreeSet::new() }
    }

    /// After an event. A run ends with the first violation.
    #[inline]
    pub(crate) fn look(&mut self, world: &World<N>) -> ControlFlow<()> {
        if self.properties.is_empty() {
            return ControlFlow::Continue(());
        }
        self.evaluate(world, Expectation::Always);
        for property in &mut self.properties {
            let open = property.expectation == Expectation::Sometimes && !self.reached.contains(property.name);
            if open && (property.holds)(world).is_ok() {
                self.reached.insert(property.name);
            }
        }
        if self.violations.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// At the end.
    pub(crate) fn end(&mut self, world: &World<N>) {
        if self.violations.is_empty() {
            self.evaluate(world, Expectation::Eventually);
        }
    }

    /// What a node said when it panicked.
    pub(crate) fn panicked(&mut self, world: &World<N>, message: String) {
        let signature = Signature::new("panic", afresh_check::guard::signature_of_panic(&message));
        self.violations.push(Violation { signature, key: None, event: last_event(world), found: message });
    }

    fn evaluate(&mut self, world: &World<N>, expectation: Expectation) {
        for property in self.properties.iter_mut().filter(|property| property.expectation == expectation) {
            if let Err(found) = (property.holds)(world) {
                let signature = Signature::new(property.name, "");
                self.violations.push(Violation { signature, key: None, event: last_event(world), found });
            }
        }
    }
}

/// The event of the trace that was last; the first where there was none yet.
fn last_event<N: Node>(world: &World<N>) -> EventNumber {
    EventNumber::new(world.calm_since.unwrap_or(world.number)).unwrap_or(EventNumber::MIN)
}
