//! Turns a knob on a trace, as an operator turns it on a running process.
//!
//! [`turn`](fn@turn) brings a process to the end of the trace, plans the knob, and turns it unless it is a dry run. The
//! result contains the events to append to the trace.

mod asked;
mod effects;
mod names;
mod numbers;
mod planned;
mod select;
mod start;
pub mod told;

use std::io::BufRead;

use afresh_core::{Knob, Plan};
use afresh_trace::format::{self, EventOf, Reader, Writer};
use afresh_trace::unknown::UnknownName;
use serde::Serialize;

use crate::show::{Entry, Sign};
use crate::subject::Subject;
use start::Started;

pub use asked::Asked;
pub(crate) use effects::take_knob;
pub use names::check as check_names;
pub use planned::{Planned, PlannedAdmission, PlannedRefusal, PlannedSend};
pub use select::{Selection, Waiting};
pub use start::Start;

/// The options of [`turn()`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The knob to turn.
    pub asked: Asked,
    /// The name of the system that runs, if the user gave one.
    ///
    /// If this is not the system that the trace ends with, its deployment is appended to the trace before the knob.
    pub system: Option<String>,
    /// `true` to ignore the recorded outputs, and to take those that the system sends now as already sent.
    pub rerun: bool,
    /// `true` to plan only.
    pub dry_run: bool,
}

/// The result of turning a knob on a trace, or of planning it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The way in which the process was brought to the end of the trace.
    pub start: Start,
    /// The knob, with complete names.
    pub knob: Knob,
    /// The plan: what turning the knob would do.
    pub plan: Planned,
    /// The effects of turning the knob; `None` in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// The number of the last line of the trace, if this line was torn and therefore ignored.
    #[serde(skip)]
    pub torn: Option<u64>,
}

/// The effects of turning a knob.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// `true` if the effects are those of the plan. They differ only if the code of the system is not deterministic.
    pub as_planned: bool,
    /// The events to append to the trace: if another version of the system takes over the journal, the deploy and its
    /// effects; then the knob and its effects.
    pub events: Vec<Entry>,
    /// The same events as lines of the trace.
    #[serde(skip)]
    pub lines: Vec<u8>,
}

/// An error that prevents turning a knob.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace cannot be read, or the new events cannot be written.
    #[error(transparent)]
    Trace(#[from] format::Error),
    /// The knob has a name that the trace or the system does not have.
    #[error("{0}")]
    Unknown(UnknownName),
    /// The trace is of a world of nodes, which has no knobs.
    #[error("a world of nodes has no keys and no knobs: operators act on it through its inputs")]
    World,
    /// Several senders have sent a message with this id.
    #[error("several senders have a message `{}`: expected one of {}", afresh_trace::text::escape(.id), afresh_trace::text::escape(&.names.join(", ")))]
    Ambiguous {
        /// The id that the operator gave.
        id: String,
        /// The complete name of each of these messages, as `id@sender`.
        names: Vec<String>,
    },
}

/// Runs the trace in `reader`, then plans a knob and, unless it is a dry run, turns it.
///
/// # Errors
///
/// Returns an error if the trace cannot be read, or if the knob has a name that the trace or the system
/// does not have.
pub fn turn<S: Subject, R: BufRead>(system: &S, reader: Reader<R>, options: &Options) -> Result<Report, Error> {
    let name = reader.name().to_owned();
    let mut started = Started::read(system, reader, options)?;
    let knob = options.asked.knob(&started.engine)?;
    let plan = started.engine.plan(&knob);
    names::check(&started.engine, &knob, &plan)?;
    let planned = Planned::new(&started.engine, &plan);
    let done = match options.dry_run {
        true => None,
        false => Some(do_it(&mut started, &name, &knob, &plan)?),
    };
    Ok(Report { start: started.start, knob, plan: planned, done, torn: started.torn })
}

/// Turns the knob, and collects the new events.
fn do_it<S: Subject>(started: &mut Started<S>, name: &str, knob: &Knob, plan: &Plan<S::Out>) -> Result<Done, Error> {
    let as_planned = take_knob(&mut started.engine, knob) == *plan;
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
