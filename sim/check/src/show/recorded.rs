//! The timeline of a trace as it was recorded, without its system: nothing is run, and nothing is compared.

use std::collections::BTreeSet;
use std::io::BufRead;

use afresh_core::{EventNumber, Key, Types, What};
use afresh_trace::digest::Digesting;
use afresh_trace::format::{Error, EventOf, Kind, Reader};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::entry::{Entry, Sign};
use super::names::Names;
use super::timeline::{is_asked_for, is_output_asked_for, keys_in, own_key};
use super::{Options, Summary};

/// The types of a trace whose system is not known: each body and view is the text that the trace has.
#[derive(Clone, Copy, Debug)]
struct Unknown;

/// A value as it is written in a trace.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Text(Box<RawValue>);

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Types for Unknown {
    type In = Text;
    type Out = Text;
    type View = Text;

    fn read_in<'de, D: Deserializer<'de>>(&self, _: &str, body: D) -> Result<Text, D::Error> {
        Text::deserialize(body)
    }
}

/// Calls `each` for every event of the trace in `reader` that the filter of `options` selects, without a system.
///
/// A message concerns the keys of everything that it caused, as far as that was recorded.
///
/// # Errors
///
/// Returns an error if the trace cannot be read, if the filter has a name that the trace does not have, or the error
/// that `each` returned.
pub fn show_recorded<R: BufRead>(
    reader: Reader<R>,
    options: &Options,
    each: &mut dyn FnMut(&Entry) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let name = reader.name().to_owned();
    let mut digesting = Digesting::new(reader.header())?;
    let mut shown =
        Recorded { options, each, marked: BTreeSet::new(), names: Names::default(), summary: Summary::default() };
    // A stimulus waits for the observations that it caused, because only they tell its keys.
    let mut group: Vec<EventOf<Unknown>> = Vec::new();
    for event in reader.events(&Unknown) {
        let event = event?;
        digesting.event(&event)?;
        if matches!(event.what, What::Stimulus(_)) {
            shown.group(&std::mem::take(&mut group))?;
        }
        group.push(event);
    }
    shown.group(&group)?;
    shown.names.check(&options.filter, &name)?;
    Ok(Summary { digest: Some(digesting.finish()?), ..shown.summary })
}

/// A timeline in progress.
struct Recorded<'a> {
    options: &'a Options,
    each: &'a mut dyn FnMut(&Entry) -> Result<(), Error>,
    /// The events that carry, or were caused by, a message that the filter names.
    marked: BTreeSet<EventNumber>,
    names: Names,
    summary: Summary,
}

impl Recorded<'_> {
    /// Shows a stimulus and the observations after it.
    fn group(&mut self, events: &[EventOf<Unknown>]) -> Result<(), Error> {
        let own = |event: &EventOf<Unknown>| match &event.what {
            What::Stimulus(stimulus) => keys_in(stimulus),
            What::Observation(observation) => own_key(observation).into_iter().cloned().collect(),
        };
        let all: BTreeSet<Key> = events.iter().flat_map(own).collect();
        for event in events {
            self.summary.events += 1;
            let mut keys = own(event);
            if keys.is_empty() {
                keys = all.iter().cloned().collect();
            }
            let filter = &self.options.filter;
            self.names.add_keys(filter, &keys);
            self.names.add_message::<Unknown>(filter, &event.what);
            let asked_for = match &event.what {
                What::Stimulus(stimulus) => is_asked_for(filter, stimulus),
                What::Observation(observation) => is_output_asked_for(filter, observation),
            };
            let is_marked = filter.messages.is_empty()
                || asked_for
                || event.cause.is_some_and(|cause| self.marked.contains(&cause));
            if is_marked && !filter.messages.is_empty() {
                self.marked.insert(event.number);
            }
            if is_marked && filter.allows(Kind::of(&event.what), event.number) && filter.allows_keys(&keys) {
                self.summary.shown += 1;
                let entry = Entry::new::<Unknown>(Sign::Same, &event.what, keys);
                (self.each)(&Entry { number: Some(event.number), at: event.at, cause: event.cause, ..entry })?;
            }
        }
        Ok(())
    }
}
