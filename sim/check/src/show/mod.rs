//! The timeline of a trace: every event, and what the system does now apart from what was recorded.

mod entry;
mod filter;
mod timeline;
mod views;

use std::io::BufRead;

use afresh_core::{At, What};
use serde::{Serialize, Serializer};

use crate::finding::Finding;
use crate::subject::Subject;
use afresh_trace::digest::{Digesting, TraceDigest};
use afresh_trace::format::{Error, Reader};
use timeline::Timeline;

pub use entry::{Entry, Sign, json};
pub(crate) use filter::is_named;
pub use filter::{Filter, Range};
pub use views::{Seen, ViewChange};

/// What to show.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which events.
    pub filter: Filter,
    /// Whether to show, with each stimulus, the views of the keys that it concerns before and after it.
    pub views: bool,
}

/// How much was shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Events of the trace that were read: up to the last one asked for, and what was recorded of it.
    pub events: u64,
    /// How many of them were shown.
    pub shown: u64,
    /// How many of these were recorded, and are not so now.
    pub gone: u64,
    /// What the system shows now that was not recorded, shown between the events.
    pub new: u64,
    /// The digest of the trace, where all of it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<TraceDigest>,
    /// Of a world that became calm: what came then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calm: Option<Calm>,
    /// What does not hold in a world, after what was shown or in calm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What comes after the last event of the trace of a world: nothing goes wrong any more, and nothing of it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calm {
    /// How many events there were.
    pub events: u64,
    /// When the last of them was.
    #[serde(serialize_with = "as_time")]
    pub until: At,
}

fn as_time<Z: Serializer>(at: &At, serializer: Z) -> Result<Z::Ok, Z::Error> {
    entry::as_time(&Some(*at), serializer)
}

/// Gives the events of the trace in `reader` that are asked for to `each`, one at a time.
///
/// The trace is read as it is shown; the journal of the run is what is held in memory, and one view of each key.
///
/// # Errors
///
/// Fails where the trace cannot be read, or as `each` does.
pub fn show<S: Subject, R: BufRead>(
    system: &S,
    reader: Reader<R>,
    options: &Options,
    each: &mut dyn FnMut(&Entry) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let mut digesting = Some(Digesting::new(reader.header())?);
    let mut timeline = Timeline::new(system, reader.header().complete, options, each);
    for event in reader.events(system) {
        let event = event?;
        // What was recorded of the last event that is asked for comes after it.
        if options.filter.range.is_over(event.number) && matches!(event.what, What::Stimulus(_)) {
            digesting = None;
            break;
        }
        if let Some(digesting) = &mut digesting {
            digesting.event(&event)?;
        }
        let (number, cause, at) = (event.number, event.cause, event.at);
        match event.what {
            What::Stimulus(stimulus) => timeline.stimulus(number, cause, at, stimulus)?,
            What::Observation(_) => timeline.observation(&event)?,
        }
    }
    let summary = timeline.finish()?;
    Ok(Summary { digest: digesting.map(Digesting::finish).transpose()?, ..summary })
}
