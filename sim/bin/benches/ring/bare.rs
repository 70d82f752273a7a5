//! A ring written by hand for speed alone: a heap, the same generator, and a list of events.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use afresh::rng::Rng;

use super::ring::{Message, NODES};

#[derive(Clone, Copy)]
#[expect(dead_code, reason = "who sent a message is recorded, and nobody asks")]
enum Event {
    Deliver { from: u32, to: u32, message: Message },
    Timer { node: u32, request: u64 },
}

struct Queued {
    at: u64,
    id: u64,
    event: Event,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.id) == (other.at, other.id)
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.id).cmp(&(other.at, other.id))
    }
}

/// An event as the list records it.
#[derive(Clone, Copy)]
#[expect(dead_code, reason = "it is written to be read another time")]
pub(crate) struct Recorded {
    at: u64,
    id: u64,
    event: Event,
}

trait Process {
    fn message(&mut self, me: u32, message: &Message, out: &mut Vec<(u32, Message)>) -> bool;
    fn timer(&mut self, me: u32, request: u64, out: &mut Vec<(u32, Message)>) -> bool;
}

struct Server {
    seen: u64,
}

impl Process for Server {
    fn message(&mut self, me: u32, message: &Message, out: &mut Vec<(u32, Message)>) -> bool {
        self.seen += 1;
        if let Message::Request { client, request, hops, padding } = *message {
            if hops == 0 {
                out.push((client, Message::Reply { client, request, padding }));
            } else {
                out.push(((me + 1) % NODES, Message::Request { client, request, hops: hops - 1, padding }));
            }
        }
        false
    }

    fn timer(&mut self, _: u32, _: u64, _: &mut Vec<(u32, Message)>) -> bool {
        false
    }
}

struct Client {
    request: u64,
    received: u64,
}

impl Client {
    fn ask(&self, me: u32, padding: [u8; 8], out: &mut Vec<(u32, Message)>) {
        let to = ((self.request + u64::from(me)) % u64::from(NODES)) as u32;
        out.push((to, Message::Request { client: me, request: self.request, hops: 2, padding }));
    }
}

impl Process for Client {
    fn message(&mut self, me: u32, message: &Message, out: &mut Vec<(u32, Message)>) -> bool {
        self.received += 1;
        if let Message::Reply { request, padding, .. } = *message
            && request == self.request
        {
            self.request += 1;
            self.ask(me, padding, out);
            return true;
        }
        false
    }

    fn timer(&mut self, me: u32, request: u64, out: &mut Vec<(u32, Message)>) -> bool {
        if request == self.request {
            self.ask(me, [7; 8], out);
            return true;
        }
        false
    }
}

/// Delivers messages until `target` have arrived. Returns the number delivered.
pub(crate) fn run(seed: u64, clients: u32, lossy: bool, target: u64, record: &mut Vec<Recorded>) -> u64 {
    let mut rng = Rng::of_seed(seed);
    let mut heap: BinaryHeap<Reverse<Queued>> = BinaryHeap::new();
    let mut processes: Vec<Box<dyn Process>> = Vec::new();
    for _ in 0..NODES {
        processes.push(Box::new(Server { seen: 0 }));
    }
    for _ in 0..clients {
        processes.push(Box::new(Client { request: 0, received: 0 }));
    }
    let (mut id, mut now, mut delivered) = (0, 0, 0);
    let mut out: Vec<(u32, Message)> = Vec::with_capacity(8);
    let threshold = if lossy { (0.01 * f64::from(u32::MAX)) as u32 } else { 0 };
    macro_rules! flush {
        ($from:expr, $armed:expr) => {
            for (to, message) in out.drain(..) {
                let bits = rng.bits();
                let delay = 1_000_000 + (((bits >> 32) * 9_000_000) >> 32);
                if lossy && (bits as u32) < threshold {
                    continue;
                }
                id += 1;
                heap.push(Reverse(Queued { at: now + delay, id, event: Event::Deliver { from: $from, to, message } }));
            }
            if lossy && let Some(request) = $armed {
                id += 1;
                let event = Event::Timer { node: $from, request };
                heap.push(Reverse(Queued { at: now + 100_000_000, id, event }));
            }
        };
    }
    for client in NODES..NODES + clients {
        processes[client as usize].timer(client, 0, &mut out);
        flush!(client, Some(0_u64));
    }
    while delivered < target {
        let Some(Reverse(queued)) = heap.pop() else { break };
        now = queued.at;
        record.push(Recorded { at: queued.at, id: queued.id, event: queued.event });
        match queued.event {
            Event::Deliver { to, message, .. } => {
                delivered += 1;
                let armed = processes[to as usize].message(to, &message, &mut out);
                let asked = if armed { out.last() } else { None };
                let armed = asked.and_then(|(_, message)| match message {
                    Message::Request { request, .. } => Some(*request),
                    Message::Reply { .. } => None,
                });
                flush!(to, armed);
            }
            Event::Timer { node, request } => {
                let armed = processes[node as usize].timer(node, request, &mut out);
                flush!(node, armed.then_some(request));
            }
        }
    }
    delivered
}
