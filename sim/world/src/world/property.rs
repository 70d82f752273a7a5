//! Properties: conditions that must hold in every run of a world.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use afresh_check::Finding;
use afresh_core::{EventNumber, Expectation, Signature};

use super::World;
use super::assumption::{Assumption, Void};
use super::node::Node;

/// A closure that evaluates a property, and returns a description of what it found if the property does not hold.
pub(super) type Holds<N> = Box<dyn FnMut(&World<N>) -> Result<(), String>>;

/// A condition with a name that must hold in every run of a world.
///
/// The condition is a closure. It lives as long as one run, so it may remember what it has seen.
pub struct WorldProperty<N: Node> {
    name: &'static str,
    expectation: Expectation,
    holds: Holds<N>,
}

impl<N: Node> WorldProperty<N> {
    /// Creates a property that must hold after every event.
    ///
    /// The closure returns a description of what it found, for people, if the property does not hold.
    pub fn always(name: &'static str, holds: impl FnMut(&World<N>) -> Result<(), String> + 'static) -> Self {
        Self { name, expectation: Expectation::Always, holds: Box::new(holds) }
    }

    /// Creates a property that must hold at the end of the calm phase, when the nodes have had time to recover.
    ///
    /// The closure returns a description of what it found, for people, if the property does not hold.
    pub fn eventually(name: &'static str, holds: impl FnMut(&World<N>) -> Result<(), String> + 'static) -> Self {
        Self { name, expectation: Expectation::Eventually, holds: Box::new(holds) }
    }

    /// Creates a property that must hold after some event of some run.
    ///
    /// It shows that the runs reach the situations that are to be tested.
    pub fn sometimes(name: &'static str, mut is_so: impl FnMut(&World<N>) -> bool + 'static) -> Self {
        let holds = move |world: &World<N>| if is_so(world) { Ok(()) } else { Err(String::new()) };
        Self { name, expectation: Expectation::Sometimes, holds: Box::new(holds) }
    }

    /// The name of the property, which is the signature of its violations.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The moments at which the property must hold: always, at the end, or sometimes.
    #[must_use]
    pub fn expectation(&self) -> Expectation {
        self.expectation
    }
}

/// Evaluates the properties of a world during one run, and collects the findings.
pub(crate) struct Watch<N: Node> {
    assumptions: Vec<Assumption<N>>,
    properties: Vec<WorldProperty<N>>,
    /// The assumption that the run has broken, if any.
    pub(crate) void: Option<Void>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) reached: BTreeSet<&'static str>,
    /// Returns the view of a node, if the views are to be kept.
    pub(crate) view: Option<View<N>>,
    /// The views of all nodes after they have started, and after each event the view of the node that handled it.
    pub(crate) started: Vec<Option<String>>,
    pub(crate) states: Vec<Option<String>>,
}

/// A function that returns the view of a node, if it has one.
pub(crate) type View<N> = Box<dyn Fn(&N) -> Option<String>>;

impl<N: Node> Watch<N> {
    pub(crate) fn new(assumptions: Vec<Assumption<N>>, properties: Vec<WorldProperty<N>>) -> Self {
        Self {
            assumptions,
            properties,
            void: None,
            findings: Vec::new(),
            reached: BTreeSet::new(),
            view: None,
            started: Vec::new(),
            states: Vec::new(),
        }
    }

    /// Keeps the views of the nodes of a world that has just started, if views are to be kept.
    pub(crate) fn begin(&mut self, world: &World<N>) {
        if let Some(view) = &self.view {
            self.started = world.nodes().map(view).collect();
        }
    }

    /// Evaluates the assumptions and the properties after an event, and returns `Break` if the run ends there: after a
    /// violation, or because it is void.
    #[inline]
    pub(crate) fn look(&mut self, world: &World<N>) -> ControlFlow<()> {
        if let Some(view) = &self.view {
            let node = world.happened().last().and_then(|event| world.node(event.to));
            self.states.push(node.and_then(view));
        }
        self.void = self.assumptions.iter_mut().find_map(|assumption| assumption.broken(world));
        if self.void.is_some() {
            return ControlFlow::Break(());
        }
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
        if self.findings.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Evaluates the `eventually` properties at the end of the calm phase.
    pub(crate) fn end(&mut self, world: &World<N>) {
        if self.findings.is_empty() && self.void.is_none() {
            self.evaluate(world, Expectation::Eventually);
        }
    }

    /// Adds the panic of a node as a finding. The event at which the node panicked is the last one.
    pub(crate) fn panicked(&mut self, world: &World<N>, message: String) {
        let signature = Signature::new("panic", afresh_check::guard::signature_of_panic(&message));
        self.findings.push(Finding::of_run(signature, last_event(world), message));
    }

    fn evaluate(&mut self, world: &World<N>, expectation: Expectation) {
        for property in self.properties.iter_mut().filter(|property| property.expectation == expectation) {
            if let Err(found) = (property.holds)(world) {
                let signature = Signature::new(property.name, "");
                self.findings.push(Finding::of_run(signature, last_event(world), found));
            }
        }
    }
}

/// Returns the number of the last event that the trace of the run has; 1 if nothing has happened yet.
pub(super) fn last_event<N: Node>(world: &World<N>) -> EventNumber {
    EventNumber::new(world.calm_since.unwrap_or(world.number)).unwrap_or(EventNumber::MIN)
}
