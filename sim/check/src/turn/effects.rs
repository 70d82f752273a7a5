//! What came of a knob, collected from the events and from the engine, to be compared with the plan.

use std::collections::BTreeSet;

use afresh_core::{Engine, EventNumber, FlowTable, Key, Knob, Observation, Plan, Refusal, Stimulus, System, What};

/// Turns `knob`, and returns what came of it as a plan would say it.
///
/// The unknown names of a plan have no effect, so they are missing here.
pub(crate) fn take_knob<S: System>(engine: &mut Engine<S>, knob: &Knob) -> Plan<S::Out> {
    let before = Standing::of(engine);
    let effects = engine.take(None, Stimulus::Knob(Box::new(knob.clone())));
    let mut plan = Plan { keys: effects.keys().len(), ..Plan::default() };
    for event in effects.events() {
        match &event.what {
            What::Observation(Observation::Out(sent)) => plan.sends.push(sent.clone()),
            What::Observation(Observation::Healed(healed)) => plan.heals.push((**healed).clone()),
            What::Observation(Observation::Quarantined(quarantined)) => plan.quarantines.push((**quarantined).clone()),
            What::Observation(Observation::Rejected(rejected)) => {
                let event = event.cause.unwrap_or(EventNumber::MIN);
                plan.refusals.push(Refusal { event, why: rejected.why.clone() });
            }
            _ => {}
        }
    }
    let after = Standing::of(engine);
    plan.returns = before.quarantined.difference(&after.quarantined).cloned().collect();
    plan.admissions = before.rejected.difference(&after.rejected).copied().collect();
    plan.switches = before.flows != after.flows;
    plan
}

/// What a knob can change without an observation.
struct Standing {
    quarantined: BTreeSet<Key>,
    rejected: BTreeSet<EventNumber>,
    flows: FlowTable,
}

impl Standing {
    fn of<S: System>(engine: &Engine<S>) -> Self {
        let quarantined = engine.known_keys().filter(|key| engine.quarantined(key).is_some());
        Self {
            quarantined: quarantined.cloned().collect(),
            rejected: engine.journal().rejected().collect(),
            flows: engine.flows().clone(),
        }
    }
}
