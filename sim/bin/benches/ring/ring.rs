//! A ring in a world: each client sends a request to a server, the request goes round, and the reply triggers the
//! next request.

use std::ops::ControlFlow;

use afresh::schedule::{Latency, Link, Network, Random, Swarm};
use afresh::world::{Effects, Node, NodeId, World};
use afresh_core::Name;

/// The number of servers.
pub(crate) const NODES: u32 = 3;

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "a reply names its client, who knows")]
pub(crate) enum Message {
    Request { client: u32, request: u64, hops: u8, padding: [u8; 8] },
    Reply { client: u32, request: u64, padding: [u8; 8] },
}

pub(crate) enum Ring {
    Server { seen: u64 },
    Client { request: u64, received: u64, lossy: bool },
}

/// Sends a request from a client, and sets a timer to retry it if messages can be lost.
fn ask(request: u64, padding: [u8; 8], lossy: bool, effects: &mut Effects<Ring>) {
    let client = effects.me().place() as u32;
    let to = ((request + u64::from(client)) % u64::from(NODES)) as usize;
    effects.send(NodeId::new(to), Message::Request { client, request, hops: 2, padding });
    if lossy {
        effects.set_timer(100_000_000, request);
    }
}

impl Node for Ring {
    type Input = ();
    type Message = Message;
    type Timer = u64;
    type Record = ();

    fn start(&mut self, effects: &mut Effects<Self>) {
        if let Self::Client { request, lossy, .. } = self {
            ask(*request, [7; 8], *lossy, effects);
        }
    }

    fn message(&mut self, _: NodeId, message: Message, effects: &mut Effects<Self>) {
        match (self, message) {
            (Self::Server { seen }, Message::Request { client, request, hops, padding }) => {
                *seen += 1;
                if hops == 0 {
                    effects.send(NodeId::new(client as usize), Message::Reply { client, request, padding });
                } else {
                    let next = (effects.me().place() as u32 + 1) % NODES;
                    let message = Message::Request { client, request, hops: hops - 1, padding };
                    effects.send(NodeId::new(next as usize), message);
                }
            }
            (Self::Client { request, received, lossy }, Message::Reply { request: of, padding, .. }) => {
                *received += 1;
                if of == *request {
                    *request += 1;
                    ask(*request, padding, *lossy, effects);
                }
            }
            (Self::Server { seen: counter } | Self::Client { received: counter, .. }, _) => *counter += 1,
        }
    }

    fn timer(&mut self, timer: u64, effects: &mut Effects<Self>) {
        if let Self::Client { request, lossy, .. } = self
            && timer == *request
        {
            ask(timer, [7; 8], *lossy, effects);
        }
    }
}

/// Returns the names of the nodes.
pub(crate) fn names(clients: u32) -> Vec<Name> {
    (0..NODES + clients).map(|place| format!("n-{place}").into()).collect()
}

/// Delivers messages until `target` have arrived.
pub(crate) fn run(seed: u64, names: &[Name], lossy: bool, target: u64) -> World<Ring> {
    let link = Link {
        loss: if lossy { 10_000 } else { 0 },
        ..Link::reliable(Latency::Uniform { min: 1_000_000, max: 10_000_000 })
    };
    let mut schedule = Random::of_seed(seed, Swarm { network: Network::of(link), ..Swarm::none() });
    let mut world = World::new(names.iter().cloned(), move |id| match id.place() {
        place if place < NODES as usize => Ring::Server { seen: 0 },
        _ => Ring::Client { request: 0, received: 0, lossy },
    });
    world.start(&mut schedule);
    world.run(&mut schedule, |world| match world.delivered() < target {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    });
    world
}
