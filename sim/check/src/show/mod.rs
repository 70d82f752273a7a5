//! The timeline of a trace: its events, with every difference between the recorded observations and those made now.

mod entry;
mod filter;
mod names;
mod recorded;
mod timeline;
mod views;

use std::io::BufRead;

use afresh_core::{At, What};
use afresh_trace::digest::{Digesting, TraceDigest};
use afresh_trace::format::{Error, Reader};
use serde::{Serialize, Serializer};

use crate::finding::Finding;
use crate::ignore::Ignored;
use crate::subject::Subject;
use timeline::Timeline;

pub use entry::{Entry, Sign, json};
pub(crate) use filter::is_named;
pub use filter::{Filter, Range};
pub use names::Names;
pub use recorded::show_recorded;
pub use views::{Seen, ViewChange};

/// The options of [`show()`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The filter that selects the events to show.
    pub filter: Filter,
    /// `true` to show with each stimulus the views of the keys that it changes, before and after it.
    pub views: bool,
    /// The parts of outputs that are not compared.
    pub ignored: Vec<Ignored>,
}

/// The summary of a timeline: how many events were shown, and the findings in a world.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The number of events that were read. Reading ends after the range that the filter allows.
    pub events: u64,
    /// The number of events of the trace that were shown.
    pub shown: u64,
    /// The number of shown events that were recorded but do not happen now.
    pub gone: u64,
    /// The number of shown events that happen now but were not recorded.
    pub new: u64,
    /// The number of observations, recorded or not, that depend on messages before the window.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_derivable: u64,
    /// The digest of the trace, if the whole trace was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<TraceDigest>,
    /// The calm phase of a world, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calm: Option<CalmPhase>,
    /// The conditions that a world violates, at the shown events or in the calm phase after them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// The calm phase that follows the last event in the trace of a world. It has no faults. A trace has
/// its events only if a bug shows in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CalmPhase {
    /// The number of events in the calm phase.
    pub events: u64,
    /// The number of events that change the view of a node, or lead to such a change, if the trace has only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telling: Option<u64>,
    /// The simulated time at the end of the calm phase.
    #[serde(serialize_with = "as_time")]
    pub until: At,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn as_time<Z: Serializer>(at: &At, serializer: Z) -> Result<Z::Ok, Z::Error> {
    entry::as_time(&Some(*at), serializer)
}

/// Runs the trace in `reader`, and calls `each` for every event that the filter of `options` selects.
///
/// Events that the system shows now, but did not record, come in between.
///
/// The trace is read as it is shown. Only the journal of the run and one view of each key are held in
/// memory.
///
/// # Errors
///
/// Returns an error if the trace cannot be read, if the filter has a name that the trace does not have, or the error
/// that `each` returned.
pub fn show<S: Subject, R: BufRead>(
    system: &S,
    reader: Reader<R>,
    options: &Options,
    each: &mut dyn FnMut(&Entry) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let name = reader.name().to_owned();
    let mut digesting = Some(Digesting::new(reader.header())?);
    let mut timeline = Timeline::new(system, reader.header().complete, options, each);
    let mut events = reader.events(system);
    while let Some(event) = events.next() {
        let event = event?;
        // Only a stimulus ends the range, because the observations of its last event come after that event.
        if options.filter.range.is_over(event.number) && matches!(event.what, What::Stimulus(_)) {
            digesting = None;
            // The names of the filter may be those of later events.
            if timeline.names.has_all(&options.filter) {
                break;
            }
        }
        if let Some(digesting) = &mut digesting {
            digesting.event(&event)?;
        }
        let (number, cause, at) = (event.number, event.cause, event.at);
        match event.what {
            What::Stimulus(stimulus) => timeline.stimulus((number, events.line()), cause, at, stimulus)?,
            What::Observation(_) => timeline.observation(&event)?,
        }
    }
    let summary = timeline.finish(&name)?;
    Ok(Summary { digest: digesting.map(Digesting::finish).transpose()?, ..summary })
}
