//! Reads a trace on one thread while another thread works on the events, so that the work rarely waits for the file.

use std::io::BufRead;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::error::Error;
use super::reader::Reader;
use super::{EventOf, Readable};

/// The number of events in one batch that the reading thread hands over.
const BATCH: usize = 512;
/// The maximum number of batches that were read and wait for the working thread.
const BATCHES_MAX: usize = 8;

/// Reads a trace on its own thread, and passes its events to `work` in batches, in the order of the trace.
///
/// Each event comes with the number of its line. `work` returns `false` to stop reading.
///
/// # Errors
///
/// Fails with the error of `work`, or with the error of the reader after `work` had all events before it.
pub fn read_ahead<S: Readable, R: BufRead + Send>(
    system: &S,
    reader: Reader<R>,
    mut work: impl FnMut(Vec<(EventOf<S>, u64)>) -> Result<bool, Error>,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<(Vec<(EventOf<S>, u64)>, Result<(), Error>)>(BATCHES_MAX);
        scope.spawn(move || {
            let mut events = reader.events(system);
            loop {
                let mut batch = Vec::with_capacity(BATCH);
                let ended = loop {
                    match events.next() {
                        Some(Ok(event)) => batch.push((event, events.line())),
                        Some(Err(error)) => break Some(Err(error)),
                        None => break Some(Ok(())),
                    }
                    if batch.len() == BATCH {
                        break None;
                    }
                };
                let is_last = ended.is_some();
                // A closed channel means that `work` has stopped, which is not an error.
                if sender.send((batch, ended.unwrap_or(Ok(())))).is_err() || is_last {
                    return;
                }
            }
        });
        for (batch, ended) in receiver {
            if !work(batch)? {
                break;
            }
            ended?;
        }
        Ok(())
    })
}
