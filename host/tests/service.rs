//! A service over a store in memory: what it answers, what it sends, and what is left after a restart.

mod counters;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use afresh_check::turn::{Asked, Selection, Waiting};
use afresh_core::{Flows, Input, Key, Knob, Message, Receipt, Sent, Slot, System};
use afresh_host::receiver::Delivery;
use afresh_host::service::{KnobError, Refused};
use afresh_host::store::Memory;
use afresh_host::{Options, Receivers, Service};
use counters::Counters;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A receiver that notes what it has got, and is down as long as it is told to be.
#[derive(Clone, Default)]
struct Shop {
    got: Arc<Mutex<Vec<Sent<i64>>>>,
    is_down: Arc<Mutex<bool>>,
}

impl Shop {
    fn receivers(&self) -> Receivers<i64> {
        let shop = self.clone();
        Receivers::new().with("shop", move |delivery: Delivery<i64>| {
            let shop = shop.clone();
            async move {
                if *shop.is_down.lock().unwrap() {
                    return Err("closed".into());
                }
                shop.got.lock().unwrap().push(delivery.sent);
                Ok(())
            }
        })
    }

    /// The last output of each key that has arrived.
    fn last(&self) -> BTreeMap<Key, Option<i64>> {
        self.got.lock().unwrap().iter().map(|sent| (sent.key.clone(), sent.body)).collect()
    }
}

fn open(store: &Memory, receivers: Receivers<i64>) -> Service<Counters> {
    let mut options = Options::new("counters");
    options.limits.retries.first = 1_000_000;
    options.scrub_every = None;
    Service::open(Counters, Box::new(store.clone()), receivers, options).unwrap()
}

fn add(id: &str, key: &str, number: i64) -> Message<(Key, i64)> {
    Message::new("till", id, (key.into(), number))
}

/// Waits until every receiver has everything.
async fn settled(service: &Service<Counters>) {
    loop {
        let status = service.status().await.unwrap();
        if status.events == status.durable && status.receivers.iter().all(|receiver| receiver.unsettled == 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn every_kind_of_message_gets_its_answer() {
    let service = open(&Memory::new(), Receivers::new());
    let counts = service.offer(add("m-1", "a", 5)).await.unwrap();
    assert_eq!((counts.event.get(), counts.receipt), (1, Receipt::Counts));
    assert_eq!(service.offer(add("m-1", "a", 5)).await.unwrap().receipt, Receipt::Duplicate);
    let conflict = service.offer(add("m-1", "a", 6)).await.unwrap();
    assert_eq!(conflict.receipt, Receipt::Conflict(counts.event));
    let rejected = service.offer(add("m-2", "a", 0)).await.unwrap();
    assert_eq!((rejected.receipt, rejected.why.as_deref()), (Receipt::Rejected, Some("nothing to add")));
    let unreadable = service.offer_json(r#"{"id":"m-3","from":"till","body":"five"}"#).unwrap().await.unwrap();
    assert!(unreadable.why.unwrap().contains("unreadable"));
    let lines =
        service.offer_json("{\"id\":\"m-4\",\"from\":\"till\",\n\"body\":{\n\"a\":\r\n1}}").unwrap().await.unwrap();
    let events = service.events(lines.event.get() as usize - 1, 1).await.unwrap();
    let line = afresh_trace::format::line_of(&events[0]);
    assert!(line.ends_with(r#""in":{"id":"m-4","from":"till","body":{"a":1}}}"#), "{line}");
    let (problem, column) = service.offer_json(r#"{"id":"m-3","from":"till"}"#).err().unwrap();
    assert_eq!((problem.to_string().as_str(), column), ("missing field `body`", 26));
    assert!(service.offer_json(r#"{"id":"m-3","from":"till","body":["a",1]},"n":7"#).is_err());
    assert_eq!(service.read(|engine| engine.view(&"a".into())).await, Ok(Some(5)));
}

#[tokio::test]
async fn a_stopped_service_goes_on_where_it_was() {
    let (store, shop) = (Memory::new(), Shop::default());
    *shop.is_down.lock().unwrap() = true;
    let service = open(&store, shop.receivers());
    service.offer(add("m-1", "a", 5)).await.unwrap();
    service.offer(add("m-2", "b", 7)).await.unwrap();
    service.stop().await;
    assert_eq!(service.offer(add("m-3", "b", 1)).await, Err(Refused::Stopped));
    *shop.is_down.lock().unwrap() = false;
    let service = open(&store, shop.receivers());
    settled(&service).await;
    assert_eq!(shop.last(), [("a".into(), Some(5)), ("b".into(), Some(7))].into());
    assert_eq!(service.offer(add("m-2", "b", 7)).await.unwrap().receipt, Receipt::Duplicate);
}

#[tokio::test]
async fn a_knob_does_what_its_plan_says_or_nothing() {
    let (store, shop) = (Memory::new(), Shop::default());
    let service = open(&store, shop.receivers());
    service.offer(add("m-1", "a", 5)).await.unwrap();
    settled(&service).await;
    let migrate = || {
        Asked::Knob(Knob::Migrate {
            flow: "double".into(),
            keys: None,
            on: true,
            by: "anna".into(),
            why: "test".into(),
        })
    };
    let shown = service.plan(migrate()).await.unwrap();
    assert_eq!(shown.plan.sends.len(), 1);
    service.offer(add("m-2", "a", 1)).await.unwrap();
    assert!(matches!(service.confirm(shown.token.clone(), None).await, Err(KnobError::Changed { .. })));
    assert!(matches!(service.confirm(shown.token, None).await, Err(KnobError::NotPlanned)));
    let shown = service.plan(migrate()).await.unwrap();
    let turned = service.confirm(shown.token, None).await.unwrap();
    assert_eq!(turned.effects.len(), 1);
    settled(&service).await;
    assert_eq!(shop.last(), [("a".into(), Some(12))].into());
    assert_eq!(service.metrics().turned.get(), 1);
}

#[tokio::test]
async fn a_follower_sees_every_durable_event_once() {
    let service = open(&Memory::new(), Receivers::new());
    service.offer(add("m-1", "a", 5)).await.unwrap();
    let mut follow = service.follow(0);
    let offered = service.clone();
    let offering = tokio::spawn(async move {
        for number in 2..100 {
            offered.offer(add(&format!("m-{number}"), "a", number)).await.unwrap();
        }
    });
    // Each message has an output.
    for number in 1..199 {
        assert_eq!(follow.next().await.unwrap().number.get(), number);
    }
    offering.await.unwrap();
    service.stop().await;
    assert_eq!(follow.next().await, Err(Refused::Stopped));
}

#[tokio::test]
async fn a_read_that_panics_harms_nobody() {
    let service = open(&Memory::new(), Receivers::new());
    let read = service.read(|engine| assert!(!engine.journal().is_empty(), "on purpose")).await;
    assert_eq!(read, Err(Refused::Panicked));
    assert_eq!(service.read(|engine| engine.journal().len()).await, Ok(0));
}

/// A sum of amounts, each of a type that one version of the code can read.
#[derive(Clone)]
struct Sums<A>(PhantomData<A>);

/// An amount as the later version reads it: a number, or the word for five.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(i64),
    Word(Five),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Five {
    Five,
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Number(number) => number,
            Amount::Word(Five::Five) => 5,
        }
    }
}

impl<A> System for Sums<A>
where
    A: Clone + Debug + PartialEq + Send + Sync + Into<i64> + Serialize + DeserializeOwned + 'static,
{
    type In = A;
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, _: &A) -> impl IntoIterator<Item = Key> {
        [Key::from("all")]
    }
    fn apply(&self, _: &Key, sum: &mut i64, input: Input<'_, A>, _: &Flows) {
        *sum += input.body.clone().into();
    }
    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }
    fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        BTreeMap::new()
    }
}

#[tokio::test]
async fn what_a_later_version_can_read_is_processed_by_a_reflow_of_what_was_rejected() {
    let (store, options) = (Memory::new(), Options::new("sums"));
    let old = Service::open(Sums::<i64>(PhantomData), Box::new(store.clone()), Receivers::new(), options.clone());
    let old = old.unwrap();
    let unreadable = old.offer_json(r#"{"id":"m-1","from":"till","body":"five"}"#).unwrap().await.unwrap();
    assert_eq!(unreadable.receipt, Receipt::Rejected);
    let reflow = || Asked::Waiting {
        selection: Selection::all(Waiting::Rejected),
        by: "anna".into(),
        why: "the new version reads it".into(),
    };
    assert_eq!(old.plan(reflow()).await.unwrap().plan.admissions.len(), 0);
    old.stop().await;
    let new = Service::open(Sums::<Amount>(PhantomData), Box::new(store.clone()), Receivers::new(), options).unwrap();
    // The deploy itself changes nothing.
    assert_eq!(new.read(|engine| engine.view(&"all".into())).await, Ok(None));
    let shown = new.plan(reflow()).await.unwrap();
    new.confirm(shown.token, None).await.unwrap();
    assert_eq!(new.read(|engine| engine.view(&"all".into())).await, Ok(Some(5)));
}

/// Restarts Postgres twice, once as after a crash, while messages are offered. `tests/postgres.sh` gives the server.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn a_service_goes_on_when_postgres_was_restarted() {
    use std::process::{Command, Stdio};

    use afresh_host::store::Postgres;

    let variable = |name| std::env::var(name).ok();
    let Some((url, restart)) = variable("AFRESH_POSTGRES").zip(variable("AFRESH_POSTGRES_RESTART")) else {
        return println!("skipped: AFRESH_POSTGRES_RESTART is not set; run tests/postgres.sh");
    };
    let shop = Shop::default();
    let mut options = Options::new("counters");
    options.scrub_every = None;
    let store = Box::new(Postgres::new(&url).unwrap());
    let service = Service::open(Counters, store, shop.receivers(), options).unwrap();
    let (mut acknowledged, mut refused) = (0, 0);
    let message = |number: i64| add(&format!("m-{number}"), ["a", "b", "c"][number as usize % 3], number + 1);
    for mode in ["fast", "immediate"] {
        let mut command = Command::new(&restart);
        command.arg(mode).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut restarting = Some(tokio::task::spawn_blocking(move || command.status().unwrap()));
        let (before, mut enough) = (refused, 0);
        // Messages are offered before, while and after the server is down.
        while restarting.is_some() || refused == before || acknowledged < enough {
            match service.offer(message(acknowledged)).await {
                Ok(_) => acknowledged += 1,
                Err(why) => {
                    assert_eq!(why, Refused::StorageFailed);
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            if let Some(ended) = restarting.take_if(|restarting| restarting.is_finished()) {
                assert!(ended.await.unwrap().success(), "Postgres restarts");
                enough = acknowledged + 20;
            }
        }
    }
    for number in 0..acknowledged {
        assert_eq!(service.offer(message(number)).await.unwrap().receipt, Receipt::Duplicate, "message {number}");
    }
    settled(&service).await;
    service.stop().await;
    let mut sums = BTreeMap::new();
    for number in 0..acknowledged {
        let (key, number) = message(number).body.unwrap();
        *sums.entry(key).or_insert(Some(0)).as_mut().unwrap() += number;
    }
    assert_eq!(shop.last(), sums, "the receiver has what all messages call for");
}

#[tokio::test]
async fn the_version_is_that_of_the_code_that_runs() {
    let store = Memory::new();
    for version in ["1", "2"] {
        let options = Options { version: version.to_owned(), scrub_every: None, ..Options::new("counters") };
        let service = Service::open(Counters, Box::new(store.clone()), Receivers::new(), options).unwrap();
        assert_eq!((service.version(), service.header().version.as_str()), (version, "1"));
        service.stop().await;
    }
}
