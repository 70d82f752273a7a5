//! A system to serve, and stores that do as they are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

use afresh_core::{Change, Flows, Header, Input, Key, Name, Slot, System, Updated};
use afresh_host::store::{Error, Memory, Store};
use afresh_trace::row::Row;

/// Counters: each message adds a number to the key that it names. `shop` is told the sum.
///
/// The code has bugs. A key cannot hold 666, and a revision of a message to the key `wrong` is counted once more.
#[derive(Clone)]
pub(crate) struct Counters;

impl System for Counters {
    type In = (Key, i64);
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, (key, _): &(Key, i64)) -> impl IntoIterator<Item = Key> {
        [key.clone()]
    }
    fn admit(&self, (_, number): &(Key, i64)) -> Result<(), String> {
        if *number == 0 { Err("nothing to add".into()) } else { Ok(()) }
    }
    fn apply(&self, _: &Key, sum: &mut i64, input: Input<'_, (Key, i64)>, flows: &Flows) {
        *sum += input.body.1 * if flows.on("double") { 2 } else { 1 };
        assert_ne!(*sum, 666, "a number of the beast");
    }
    fn update(&self, key: &Key, sum: &mut i64, change: Change<'_, (Key, i64)>, _: &Flows) -> Updated {
        match change {
            Change::Revised { after, .. } if key == "wrong" => {
                *sum += after.body.1;
                Updated::Done
            }
            _ => Updated::FoldAgain,
        }
    }
    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }
    fn outputs(&self, _: &Key, sum: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        [("sum".into(), *sum)].into()
    }
    fn receiver(&self, _: &Key, _: &Slot, _: &i64) -> Name {
        "shop".into()
    }
    fn flows(&self) -> Vec<Name> {
        vec!["double".into()]
    }
}

/// A store that can be held, so that nothing becomes durable, and that can fail.
#[derive(Clone, Default)]
pub(crate) struct Held {
    memory: Memory,
    mood: Arc<(Mutex<Mood>, Condvar)>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Appending does not end.
    Held,
    /// Appending fails, and so does everything else.
    Failing,
}

impl Held {
    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.0.lock().unwrap() = mood;
        self.mood.1.notify_all();
    }

    fn check(&self) -> Result<(), Error> {
        let mood = self.mood.1.wait_while(self.mood.0.lock().unwrap(), |mood| *mood == Mood::Held).unwrap();
        match *mood {
            Mood::Failing => Err(Error::Failed { store: "held".into(), why: "the disk is full".into() }),
            _ => Ok(()),
        }
    }
}

impl Store for Held {
    fn name(&self) -> &str {
        "held"
    }
    fn header(&mut self) -> Result<Option<Header>, Error> {
        self.memory.header()
    }
    fn take(&mut self, header: &Header) -> Result<Header, Error> {
        self.memory.take(header)
    }
    fn append(&mut self, rows: &[Row]) -> Result<(), Error> {
        self.check()?;
        self.memory.append(rows)
    }
    fn renew(&mut self) -> Result<(), Error> {
        self.check()?;
        self.memory.renew()
    }
    fn release(&mut self) -> Result<(), Error> {
        self.memory.release()
    }
    fn read(&mut self, after: u32, each: &mut dyn FnMut(Row) -> bool) -> Result<(), Error> {
        self.memory.read(after, each)
    }
}
