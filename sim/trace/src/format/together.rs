//! Reads a whole trace on all cores: one thread reads blocks of lines, and the others turn them into events.

use std::io::BufRead;
use std::num::NonZeroUsize;
use std::sync::mpsc::sync_channel;
use std::thread;

use afresh_core::EventNumber;

use super::decode::{Content, Envelope};
use super::error::{Error, Problem};
use super::lines::Lines;
use super::reader::{Cursor, Reader, number};

/// The size in bytes of a block of lines, which one thread turns into events at a time.
const BLOCK: usize = 1 << 18;

/// The maximum number of blocks that wait for each thread.
const BLOCKS_MAX: usize = 2;

/// Reads all events of a trace on all cores, and passes each to `work`, with its number and the number of its line.
///
/// `work` gets the events in the order of the trace.
///
/// # Errors
///
/// Fails at the first event that is not valid, after `work` had all events before it.
pub(crate) fn read_together<C, R>(
    reader: Reader<R>,
    content: C,
    mut work: impl FnMut(EventNumber, u64, Envelope<C::Value>),
) -> Result<(), Error>
where
    C: Content<Value: Send> + Send,
    R: BufRead,
{
    let mut cursor = reader.into_cursor();
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        let (mut sent, mut received) = (0, 0);
        let mut ended = None;
        loop {
            while ended.is_none() && sent < received + threads * BLOCKS_MAX {
                let (block, end) = cursor.lines.block(BLOCK);
                ended = end;
                if sent < threads {
                    let (blocks, next_blocks) = sync_channel::<Vec<u8>>(BLOCKS_MAX);
                    let (made, next_made) = sync_channel(BLOCKS_MAX);
                    let limit = cursor.lines.limit;
                    scope.spawn(move || {
                        for block in next_blocks {
                            let made_of_it = Made::of(&block, limit, content);
                            if made.send((block, made_of_it)).is_err() {
                                // The receiver is gone because reading has ended with an error.
                                return;
                            }
                        }
                    });
                    workers.push((blocks, next_made));
                }
                // Sending fails only if the worker has panicked. The end of this scope repeats that panic.
                let _ = workers[sent % threads].0.send(block);
                sent += 1;
            }
            if received == sent {
                break;
            }
            let Ok((block, made)) = workers[received % threads].1.recv() else { break };
            received += 1;
            let line = cursor.lines.number;
            let events = made.events.and_then(|events| Some((numbers(cursor.previous, &events)?, events)));
            match events {
                Some((numbers, events)) => {
                    cursor.previous = numbers.last().map_or(cursor.previous, |number| number.get());
                    for (number, (within, envelope)) in numbers.into_iter().zip(events) {
                        work(number, line + within, envelope);
                    }
                }
                // The block has an error. Read it again line by line, to report the error with its exact place.
                None => {
                    let mut again = cursor.within(&block);
                    while let Some((number, envelope)) = again.next(content)? {
                        work(number, again.lines.number, envelope);
                    }
                    cursor.previous = again.previous;
                }
            }
            cursor.lines.number = line + made.lines;
        }
        match ended {
            Some(Err(error)) => Err(Error::file(&cursor.lines.name, Problem::Read(error))),
            _ => Ok(()),
        }
    })
}

/// A block of lines, turned into events.
struct Made<V> {
    /// The events, each with the number of its line in the block, from 1; `None` if any line of the block has an error.
    events: Option<Vec<(u64, Envelope<V>)>>,
    /// The number of lines in the block.
    lines: u64,
}

impl<V> Made<V> {
    /// Turns a block of lines into events.
    fn of<C: Content<Value = V>>(block: &[u8], limit: usize, content: C) -> Self {
        let lines = block.iter().filter(|byte| **byte == b'\n').count();
        let mut cursor = Cursor::new(Lines::new(String::new(), block, limit), false);
        let mut events = Vec::with_capacity(lines + 1);
        let whole = loop {
            match cursor.envelope(content) {
                Ok(Some(envelope)) => events.push((cursor.lines.number, envelope)),
                end => break end.is_ok(),
            }
        };
        Self { events: whole.then_some(events), lines: lines as u64 }
    }
}

/// Determines the numbers of the events after the event `previous`, or returns `None` if one of them has no valid
/// number.
fn numbers<V>(mut previous: u32, events: &[(u64, Envelope<V>)]) -> Option<Vec<EventNumber>> {
    let numbers = events.iter().map(|(_, envelope)| {
        let number = number(previous, envelope).ok()?;
        previous = number.get();
        Some(number)
    });
    numbers.collect()
}
