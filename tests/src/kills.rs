//! Kills a service under load at random moments, and compares what is left with what was acknowledged.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use afresh::format::{EventOf, Options, Reader};
use afresh_core::{Engine, Message, Policy, Stimulus, What};
use afresh_fixtures::generate::{Dice, Export};
use afresh_fixtures::ledger::In;
use afresh_fixtures::{Fixture, Ledger};
use serde_json::{Value, json};

use crate::moody::Moody;
use crate::served::{Connection, Served};
use crate::{Folder, binary};

/// The number of connections that offer messages at the same time.
const CLIENTS: usize = 8;

/// The messages that one client offers, in order, each with its JSON, and how often it was offered.
type Offers = VecDeque<(Message<In>, String, u32)>;

/// What a client knows: which messages were acknowledged, each with its event, and how often it was offered.
type Acknowledged = Vec<(Message<In>, u64, u32)>;

/// What came of the kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survived {
    /// The number of messages that were acknowledged.
    pub acknowledged: usize,
    /// The number of events in the journal.
    pub events: usize,
    /// The number of outputs that the receivers have.
    pub outputs: usize,
}

/// Kills a service `times` times, each time after it has served for up to `served_max`. Then lets it go on until
/// nothing is left to do, and checks that
///
/// * each acknowledged message is in the journal, once, as the event that the acknowledgement named;
/// * the receivers have just the outputs that a recompute of the exported trace calls for.
///
/// `store` is the URL of an empty store. Without one, it is a database in a temporary folder.
///
/// # Panics
///
/// If anything is lost, doubled or wrong.
pub fn kills(times: u32, seed: u64, served_max: Duration, store: Option<&str>) -> Survived {
    let folder = Folder::default();
    let store = store.unwrap_or("sqlite:ledger.db");
    let (statements, receipts) = (Moody::start(seed, 200), Moody::start(seed + 1, 200));
    let mut dice = Dice::new(seed);
    let clients: Vec<_> = (0..CLIENTS).map(|_| Mutex::new((Offers::new(), Acknowledged::new()))).collect();
    let clients = Arc::new(clients);
    // More than can be offered in the time. What is left is never offered.
    let per_kill = served_max.as_millis() as u32 * 4;
    let export = Export { messages: (times + 1).saturating_mul(per_kill).min(400_000), keys: 200, ..Export::default() };
    for (place, (_, stimulus)) in export.stimuli::<Ledger>().enumerate() {
        let Stimulus::In(message) = stimulus else { continue };
        let text = to_json(&message);
        clients[place % CLIENTS].lock().expect("nobody panics").0.push_back((message, text, 0));
    }
    for _ in 0..times {
        let mut served = serve(&folder, store, &statements, &receipts);
        let pause = Duration::from_micros(dice.below(served_max.as_micros() as u64 + 1));
        under_load(&served, &clients, || thread::sleep(pause));
        served.kill();
    }
    statements.calm();
    receipts.calm();
    let served = serve(&folder, store, &statements, &receipts);
    wait_until_settled(&served);
    assert_eq!(served.stop(), Some(0), "it stops as asked");
    let exported = folder.run(&["export", store, "--output", "trace.jsonl"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    folder.ok(&["check", "trace.jsonl"]);
    compare(&folder.path("trace.jsonl"), &clients, &statements, &receipts)
}

/// Starts the service.
fn serve(folder: &Folder, store: &str, statements: &Moody, receipts: &Moody) -> Served {
    let mut command = folder.command(&["serve", "ledger", "--store", store, "--scrub-every", "1ms"]);
    command.args(["--receiver", &format!("statements={}", statements.url())]);
    command.args(["--receiver", &format!("receipts={}", receipts.url())]);
    debug_assert_eq!(command.get_program(), binary());
    match Served::start(command) {
        Ok(served) => served,
        Err(done) => panic!("{done:?}"),
    }
}

/// Lets all clients offer messages until `work` is done, and then kills the service.
fn under_load(served: &Served, clients: &[Mutex<(Offers, Acknowledged)>], work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in clients {
            let connection = served.connect();
            let stop = &stop;
            scope.spawn(move || {
                let mut client = client.lock().expect("nobody panics");
                if let Ok(connection) = connection {
                    offer(connection, &mut client, stop);
                }
            });
        }
        work();
        stop.store(true, Ordering::Relaxed);
        served.signal("-KILL");
    });
}

/// Offers one message after another until the service is gone.
fn offer(mut connection: Connection, (offers, acknowledged): &mut (Offers, Acknowledged), stop: &AtomicBool) {
    while let Some((message, text, times)) = offers.front_mut() {
        *times += 1;
        match connection.call("POST", "/messages", text) {
            Ok((200 | 409 | 422, answer)) => {
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                let event = answer["event"].as_u64().expect("an event");
                acknowledged.push((message.clone(), event, *times));
                offers.pop_front();
            }
            // Busy, or its storage has failed: it says to try again.
            Ok((429 | 503, _)) if !stop.load(Ordering::Relaxed) => thread::sleep(Duration::from_millis(5)),
            Ok((429 | 503, _)) | Err(_) => return,
            Ok(other) => panic!("{other:?}"),
        }
    }
}

/// Waits until everything is durable, and every receiver has everything.
pub fn wait_until_settled(served: &Served) {
    loop {
        let status = served.get("/status");
        let receivers = status["receivers"].as_array().expect("the receivers");
        if status["events"] == status["durable"] && receivers.iter().all(|receiver| receiver["unsettled"] == 0) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The JSON of a message, as a service takes it.
pub fn to_json(message: &Message<In>) -> String {
    let mut json = json!({ "id": message.id, "from": message.from, "revision": message.revision });
    match &message.body {
        Some(body) => json["body"] = serde_json::to_value(body).expect("JSON"),
        None => json["withdrawn"] = true.into(),
    }
    json.to_string()
}

/// Compares the exported trace with what was acknowledged, and its recompute with what the receivers have.
fn compare(path: &Path, clients: &[Mutex<(Offers, Acknowledged)>], statements: &Moody, receipts: &Moody) -> Survived {
    let events = events(path);
    let mut stored: BTreeMap<(String, String, u32), Vec<u64>> = BTreeMap::new();
    for event in &events {
        if let What::Stimulus(Stimulus::In(message)) = &event.what {
            let name = (message.from.to_string(), message.id.to_string(), message.revision);
            stored.entry(name).or_default().push(event.number.get().into());
        }
    }
    let mut count = 0;
    for client in clients {
        for (message, event, times) in &client.lock().expect("nobody panics").1 {
            let name = (message.from.to_string(), message.id.to_string(), message.revision);
            let found = stored.get(&name).unwrap_or_else(|| panic!("{name:?} was acknowledged, and is lost"));
            assert!(found.contains(event), "{name:?} was acknowledged as event {event}, and is {found:?}");
            // A client that was not answered offers its message again. If the message was durable already, the journal
            // has the second one too, as a duplicate.
            assert!(found.len() <= *times as usize, "{name:?} was offered {times} times, and is {found:?}");
            count += 1;
        }
    }
    let mut has = statements.outputs();
    has.extend(receipts.outputs());
    assert_eq!(has, called_for(&events), "the receivers have what a recompute calls for");
    Survived { acknowledged: count, events: events.len(), outputs: has.len() }
}

/// Reads a trace of the ledger.
pub fn events(path: &Path) -> Vec<EventOf<Ledger>> {
    let file = std::fs::read(path).expect("the trace is there");
    let reader = Reader::new("trace", &file[..], Options::default()).expect("a header");
    reader.events(&Ledger::correct()).collect::<Result<_, _>>().expect("a trace")
}

/// The outputs that the messages of a trace call for, each with its id.
pub fn called_for(events: &[EventOf<Ledger>]) -> BTreeMap<String, Value> {
    let options = afresh_core::Options { policy: Policy::Incremental, ..Default::default() };
    let mut engine = Engine::new(Ledger::correct(), options);
    for event in events {
        if let What::Stimulus(Stimulus::In(message)) = &event.what {
            engine.take(None, Stimulus::In(message.clone()));
        }
    }
    let mut called_for = BTreeMap::new();
    for key in engine.keys() {
        for (slot, sent) in engine.slots(key).filter(|(slot, _)| !engine.is_routed(key, slot)) {
            if let Some(body) = &sent.body {
                let id = afresh::format::output_id(key, slot);
                called_for.insert(id, serde_json::to_value(body).expect("JSON"));
            }
        }
    }
    called_for
}
