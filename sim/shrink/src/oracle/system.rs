//! System oracles: they run the system of an Afresh trace in this process, and check every step.

use std::borrow::Cow;
use std::io::BufRead;
use std::sync::Arc;

use afresh_check::{Finding, Subject};
use afresh_core::{Header, Key, Signature, Types};
use afresh_trace::format::{Error, EventOf, RawEvent, Readable, Reader};

use super::typed::Typed;
use crate::minimize::{Content, Item, Oracle};

/// The most events of a candidate for which an oracle reports the event that is being run. A report takes as long as a
/// few events, so it would slow down longer candidates.
pub const TOLD_MAX: usize = 64;

/// A function that learns the number of each event before the event is run, and `None` between runs.
pub type Tell = Arc<dyn Fn(Option<u64>) + Send + Sync>;

/// A trace that is ready to be shrunk.
pub struct Examined<'s> {
    /// The header of the trace.
    pub header: Header,
    /// The stimuli of the trace, which are all that edits change. Observations are left out, because every edit would
    /// make them untrue.
    pub stimuli: Vec<Item<RawEvent>>,
    /// The number of observations that were left out.
    pub observations: usize,
    /// The oracle that judges candidates of the trace.
    pub oracle: Box<dyn SystemOracle + 's>,
}

/// An oracle that runs a system in this process, and hides the types of the system.
///
/// A bug is anything that is wrong in itself: a violation, a panic, an incremental state that differs from the
/// recomputed state, a recomputed state that differs from the restated one, or a slot with the wrong content.
pub trait SystemOracle: Oracle<RawEvent> {
    /// Sets how many candidates may run at the same time, where that saves time. By default, 1. The verdicts do not
    /// depend on this number.
    fn set_jobs(&mut self, jobs: usize);

    /// Says that the bug may not show in every run, so that two runs of the original need not be equal. Call it before
    /// [`aim`](Self::aim).
    fn expect_flaky(&mut self) {}

    /// Sets a function that learns which event is run.
    ///
    /// So the event is known even if it ends the process. Only candidates of up to [`TOLD_MAX`] events are reported.
    fn tell(&mut self, tell: Tell);

    /// Makes this the oracle of a correct twin: the trace is that of another system. By default this changes nothing.
    fn be_twin(&mut self) {}

    /// Says at which key the bug shows, if it concerns one, where another oracle runs the candidates. By default this
    /// changes nothing.
    fn concerns(&mut self, key: Option<Key>) {
        let _ = key;
    }

    /// Runs the trace until a bug shows, or until `wanted` shows if it is given, and looks for that bug from now on.
    /// Returns the bug.
    ///
    /// # Errors
    ///
    /// Fails if the bug does not show, with the bugs that show instead, or if the run was stopped.
    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless>;
}

/// The reason why an oracle found no bug to look for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aimless {
    /// The bug does not show. Holds the other bugs that the trace shows, if any.
    Shows(Vec<Finding>),
    /// The run is void, because it breaks this assumption.
    Void(String),
    /// The run was stopped.
    Stopped,
}

/// Reads a trace of `system`, and prepares it for shrinking. Every run ends early as soon as `stop` returns true.
///
/// # Errors
///
/// Fails if the trace cannot be read.
pub fn examine<'s, S: Subject, R: BufRead>(
    system: &'s S,
    reader: Reader<R>,
    stop: fn() -> bool,
) -> Result<Examined<'s>, Error> {
    let header = reader.header().clone();
    let Stimuli { stimuli, events, observations } = Stimuli::read(system, reader)?;
    let oracle = Box::new(Typed::new(system, &header, events, stop));
    Ok(Examined { header, stimuli, observations, oracle })
}

/// The stimuli of a trace, both as they are in the file and in the types of a system.
pub struct Stimuli<T: Types> {
    /// The stimuli as they are in the file.
    pub stimuli: Vec<Item<RawEvent>>,
    /// The same stimuli in the types of the system, each with its line in the file.
    pub events: Vec<(EventOf<T>, u64)>,
    /// The number of observations that were left out.
    pub observations: usize,
}

impl<T: Readable> Stimuli<T> {
    /// Reads the stimuli of a whole trace.
    ///
    /// # Errors
    ///
    /// Fails if the trace cannot be read.
    pub fn read<R: BufRead>(types: &T, mut reader: Reader<R>) -> Result<Self, Error> {
        let mut read = Self { stimuli: Vec::new(), events: Vec::new(), observations: 0 };
        let expected = reader.expected();
        // The expected number may be too large for the memory although the real number is not.
        let _ = (read.stimuli.try_reserve(expected), read.events.try_reserve(expected));
        reader.each_with_raw(types, |event, raw| {
            let line = raw.line;
            if let Some(raw) = raw.into_stimulus() {
                read.events.push((event, line));
                read.stimuli.push(Item { number: raw.number.get().into(), value: raw });
            } else {
                read.observations += 1;
            }
        })?;
        Ok(read)
    }
}

/// The texts of events. This is enough to replay the edits that a search with a [`SystemOracle`] has recorded in its
/// walk.
#[derive(Clone, Copy, Debug)]
pub struct Events;

impl Content<RawEvent> for Events {
    fn text<'e>(&self, event: &'e RawEvent) -> Option<Cow<'e, str>> {
        event.text().map(Cow::Owned)
    }

    fn with_text(&self, event: &RawEvent, text: &str) -> Option<RawEvent> {
        event.with_text(text)
    }
}
