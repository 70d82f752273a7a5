//! Reads a trace ahead of whoever works on it: the reader on one thread, the work on another.

use std::io::BufRead;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::error::Error;
use super::reader::Reader;
use super::{EventOf, Readable};

/// How many events are handed over at a time, and how many such batches may wait.
const BATCH: usize = 512;
const BATCHES_MAX: usize = 8;

/// Hands the events of a trace and their lines to `work`, in order and some at a time, until it says no more; reads ahead
/// meanwhile.
///
/// # Errors
///
/// Gives the error of the reader, once every event before it was worked on; or that of `work`.
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
                // If nobody wants more, that is as well.
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
