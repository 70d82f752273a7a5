//! Turns a knob on a trace: what an operator would do to a running process, done to one that stands where the trace ends.

mod asked;
mod numbers;
mod planned;
mod start;

use std::io::BufRead;

use afresh_core::{EventNumber, Knob, Observation, Plan, Refusal, Stimulus, What};
use serde::Serialize;

use crate::show::{Entry, Sign};
use crate::subject::Subject;
use afresh_trace::format::{self, EventOf, Reader, Writer};
use start::Started;

pub use asked::Asked;
pub use planned::{Planned, PlannedRefusal, PlannedSend};
pub use start::Start;

/// What to turn, and on what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The knob.
    pub asked: Asked,
    /// The name of the system that runs, where that is said. Unless the trace was recorded by it or says that it was
    /// deployed, it will say so.
    pub system: Option<String>,
    /// Take what the system sends for what was sent, whatever the trace recorded.
    pub rerun: bool,
    /// Only plan.
    pub dry_run: bool,
}

/// What turning a knob comes to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the process stood.
    pub start: Start,
    /// The knob.
    pub knob: Knob,
    /// What turning it would do.
    pub plan: Planned,
    /// What it did; nothing in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// The last line of the trace, if that was cut off and left out.
    #[serde(skip)]
    pub torn: Option<u64>,
}

/// What turning a knob did.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Whether that is what was planned. It is, unless the system does not do the same thing twice.
    pub as_planned: bool,
    /// The events that go on from the trace: the knob and its effects, and before it what the deployment brought.
    pub events: Vec<Entry>,
    /// The same events as lines of the trace.
    #[serde(skip)]
    pub lines: Vec<u8>,
}

/// Why a knob cannot be turned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace cannot be read, or what happens cannot be written.
    #[error(transparent)]
    Trace(#[from] format::Error),
    /// The knob names what the trace does not have: each in words.
    #[error("there is no {}", afresh_trace::text::escape(&.0.join(", no ")))]
    Unknown(Vec<String>),
    /// The trace is of a world of nodes.
    #[error("a world of nodes has no keys and no knobs: what comes from outside is an input of its own")]
    World,
    /// Several senders have a message of this id.
    #[error("the message {} is from several: name one of {}", afresh_trace::text::escape(.id), afresh_trace::text::escape(&.names.join(", ")))]
    Ambiguous {
        /// The id, as it was given.
        id: String,
        /// How to name each of them.
        names: Vec<String>,
    },
}

/// Runs the trace in `reader`, then plans a knob and, unless it is a dry run, turns it.
///
/// # Errors
///
/// Fails where the trace cannot be read, or the knob names what is not there.
pub fn turn<S: Subject, R: BufRead>(system: &S, reader: Reader<R>, options: &Options) -> Result<Report, Error> {
    let name = reader.name().to_owned();
    let mut started = Started::read(system, reader, options)?;
    let knob = options.asked.knob(started.engine.journal())?;
    let plan = started.engine.plan(&knob);
    if !plan.unknown.is_empty() {
        return Err(Error::Unknown(plan.unknown));
    }
    let planned = Planned::new(&started.engine, &plan);
    let done = match options.dry_run {
        true => None,
        false => Some(do_it(&mut started, &name, &knob, &plan)?),
    };
    Ok(Report { start: started.start, knob, plan: planned, done, torn: started.torn })
}

/// Turns the knob for real.
fn do_it<S: Subject>(started: &mut Started<S>, name: &str, knob: &Knob, plan: &Plan<S::Out>) -> Result<Done, Error> {
    let effects = started.engine.take(None, Stimulus::Knob(Box::new(knob.clone())));
    let as_planned = came_of::<S>(effects.events(), effects.keys().len()) == *plan;
    let events = started.appended(name)?;
    let mut writer = Writer::append(name, Vec::new(), started.numbers.last());
    for event in &events {
        writer.event(event)?;
    }
    let entry = |event: EventOf<S>| Entry {
        number: Some(event.number),
        cause: event.cause,
        ..Entry::new::<S>(Sign::New, &event.what, started.keys_of(&event))
    };
    let lines = writer.finish()?;
    Ok(Done { as_planned, events: events.into_iter().map(entry).collect(), lines })
}

/// The effects of a knob in the form of a plan.
fn came_of<'e, S: Subject + 'e>(events: impl Iterator<Item = &'e EventOf<S>>, keys: usize) -> Plan<S::Out> {
    let mut plan = Plan { keys, ..Plan::default() };
    for event in events {
        match &event.what {
            What::Observation(Observation::Out(sent)) => plan.sends.push(sent.clone()),
            What::Observation(Observation::Healed(healed)) => plan.heals.push((**healed).clone()),
            What::Observation(Observation::Quarantined(apart)) => plan.quarantines.push((**apart).clone()),
            What::Observation(Observation::Rejected(rejected)) => {
                let event = event.cause.unwrap_or(EventNumber::MIN);
                plan.refusals.push(Refusal { event, why: rejected.why.clone() });
            }
            _ => {}
        }
    }
    plan
}
