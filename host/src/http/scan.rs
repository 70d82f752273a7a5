//! Looking through the journal, a slice at a time, so that the engine is never held for long.

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{At, Engine, EventNumber, EventOf, Key, Knob, Message, Observation, Stimulus, What};
use afresh_trace::format::{Kind, Writer, output_id};
use serde_json::value::RawValue;

use super::failure::Failure;
use crate::service::{Refused, Service};

/// The number of events that the engine is asked for together.
pub(super) const SLICE: usize = 4096;

/// The most events that one request looks at.
const LOOKED_MAX: usize = 250 * SLICE;

/// What an event must meet. A condition that is `None` is met.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) id: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) key: Option<Key>,
    /// The kinds, or none for all.
    pub(super) kinds: Vec<Kind>,
    pub(super) since: Option<At>,
    pub(super) until: Option<At>,
}

impl Filter {
    pub(super) fn allows<S: Subject>(&self, engine: &Engine<S>, event: &EventOf<S>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&Kind::of(&event.what)))
            && self.since.is_none_or(|since| event.at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| event.at.is_some_and(|at| at <= until))
            && self.allows_names::<S>(&event.what)
            && self.key.as_ref().is_none_or(|key| concerns(engine, event, key))
    }

    fn allows_names<S: Subject>(&self, what: &What<S::In, S::Out, S::View>) -> bool {
        if self.id.is_none() && self.from.is_none() && self.to.is_none() {
            return true;
        }
        let (id, from, to) = match what {
            What::Stimulus(Stimulus::In(message)) => (message.id.as_str().into(), message.from.as_str(), ""),
            What::Stimulus(Stimulus::Unreadable(unreadable)) => {
                (unreadable.message.id.as_str().into(), unreadable.message.from.as_str(), "")
            }
            What::Observation(Observation::Out(sent)) => (output_id(&sent.key, &sent.slot), "", sent.to.as_str()),
            What::Observation(Observation::Settled(settled)) => {
                (output_id(&settled.output.key, &settled.output.slot), "", "")
            }
            _ => return false,
        };
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
        is(&self.id, &id) && is(&self.from, from) && is(&self.to, to)
    }
}

/// Returns true if an event concerns a key. What concerns all keys concerns each of them.
fn concerns<S: Subject>(engine: &Engine<S>, event: &EventOf<S>, key: &Key) -> bool {
    match &event.what {
        What::Stimulus(Stimulus::In(message)) => {
            let of_key = |message: &Message<S::In>| message.body.as_ref().is_some_and(|body| names(engine, body, key));
            // A revision and a withdrawal concern the keys of the revisions before them too.
            let before = || engine.journal().revisions(&message.fact()).into_iter().filter(|at| *at < event.number);
            let revisions = || before().filter_map(|number| engine.journal().get(number));
            of_key(message)
                || revisions().any(|event| match &event.what {
                    What::Stimulus(Stimulus::In(message)) => of_key(message),
                    _ => false,
                })
        }
        What::Stimulus(Stimulus::Opening(opening)) => opening.key == *key,
        What::Stimulus(Stimulus::Knob(knob)) => match &**knob {
            Knob::Trigger { keys, .. } | Knob::Migrate { keys, .. } | Knob::Scrub { keys, .. } => {
                keys.as_ref().is_none_or(|keys| keys.contains(key))
            }
            Knob::ReflowOut { outputs, .. } => outputs.iter().any(|output| output.key == *key),
            Knob::ReflowIn { .. } => true,
        },
        What::Stimulus(_) => false,
        What::Observation(Observation::Out(sent)) => sent.key == *key,
        What::Observation(Observation::Settled(settled)) => settled.output.key == *key,
        What::Observation(Observation::Quarantined(quarantined)) => quarantined.key == *key,
        What::Observation(Observation::Healed(healed)) => healed.key == *key,
        What::Observation(Observation::View(viewed)) => viewed.key == *key,
        What::Observation(Observation::Unreadable(unreadable)) => unreadable.observed.key() == key,
        What::Observation(Observation::Rejected(_)) => {
            let cause = event.cause.and_then(|cause| engine.journal().get(cause));
            cause.is_some_and(|cause| matches!(cause.what, What::Stimulus(_)) && concerns(engine, cause, key))
        }
    }
}

/// Returns true if a body names a key. A body on which the system panics names none.
fn names<S: Subject>(engine: &Engine<S>, body: &S::In, key: &Key) -> bool {
    let mut named = false;
    let done = guard(&mut || named = engine.system().keys(body).into_iter().any(|other| other == *key));
    done.is_ok() && named
}

/// The order in which events are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Oldest,
    Newest,
}

/// The events that were found.
pub(super) struct Found<E> {
    pub(super) events: Vec<E>,
    /// The number of the last event that was looked at, if there are more.
    pub(super) next: Option<u32>,
}

/// Finds up to `limit` events that a filter allows, behind the event `after` in their order.
pub(super) async fn find<S: Subject + 'static>(
    service: &Service<S>,
    filter: &Filter,
    order: Order,
    after: Option<u32>,
    limit: usize,
) -> Result<Found<EventOf<S>>, Refused> {
    let mut found = Found { events: Vec::new(), next: after };
    let mut looked = 0;
    loop {
        let (filter, before, left) = (filter.clone(), found.next, limit - found.events.len());
        let (events, next, is_last) = service.read(move |engine| slice(engine, &filter, order, before, left)).await?;
        found.events.extend(events);
        found.next = next;
        looked += SLICE;
        if is_last {
            return Ok(Found { next: None, ..found });
        }
        if found.events.len() == limit || looked >= LOOKED_MAX {
            return Ok(found);
        }
    }
}

/// Looks at the next slice. Returns what it found, the last event that it looked at, and whether it is the last of all.
fn slice<S: Subject>(
    engine: &Engine<S>,
    filter: &Filter,
    order: Order,
    after: Option<u32>,
    limit: usize,
) -> (Vec<EventOf<S>>, Option<u32>, bool) {
    let journal = engine.journal();
    let count = u32::try_from(journal.len()).unwrap_or(u32::MAX);
    let (mut events, mut last) = (Vec::new(), after);
    for _ in 0..SLICE {
        let number = match (order, last) {
            (Order::Oldest, last) => last.unwrap_or(0).saturating_add(1),
            (Order::Newest, None) => count,
            (Order::Newest, Some(last)) => last.min(count.saturating_add(1)).saturating_sub(1),
        };
        let Some(event) = EventNumber::new(number).and_then(|number| journal.get(number)) else {
            return (events, last, true);
        };
        last = Some(number);
        if filter.allows(engine, event) {
            events.push(event.clone());
            if events.len() == limit {
                break;
            }
        }
    }
    (events, last, false)
}

/// An event in its JSON form: the line of a trace, with its line end.
pub(super) fn line<S: Subject>(event: &EventOf<S>) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::append("the event", Vec::new(), event.number.get() - 1);
    writer.event(event).and_then(|()| writer.finish()).map_err(internal)
}

/// Events in their JSON form.
pub(super) fn json<S: Subject>(events: &[EventOf<S>]) -> Result<Vec<Box<RawValue>>, Failure> {
    let json = |event| {
        let line = String::from_utf8(line::<S>(event)?).map_err(internal)?;
        RawValue::from_string(line.trim_end().to_owned()).map_err(internal)
    };
    events.iter().map(json).collect()
}

/// The answer to a request that this program fails to answer, which is a bug of this program.
pub(super) fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, error)
}
