//! Laws of all nodes, faults and edits of a trace, checked on generated ones.

use afresh::format::{Options, Reader, Writer};
use afresh::world::{self, Cluster, Effects, Ended, Limits, Log, Node, NodeId, Posting, Vocabulary, WorldTrace};
use afresh_core::Name;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// An action of a node when it receives something.
#[derive(Clone, Copy, Debug)]
enum Action {
    Send {
        to: usize,
        add: u8,
    },
    Timer {
        after: i64,
        add: u8,
    },
    Write,
    Sync,
    /// Stops the node, depending on its clock and a random number.
    Stop,
}

/// The state of a node whose actions come from a table, by what it has heard so far.
#[derive(Clone, Debug, PartialEq)]
struct Machine {
    state: u8,
    heard: u64,
}

#[derive(Clone, Debug)]
struct Machines {
    nodes: usize,
    /// The actions by state; each message changes the state.
    table: Vec<Vec<Action>>,
}

/// A machine, and the table that all machines share.
#[derive(Clone, Debug)]
struct Running {
    machine: Machine,
    machines: Machines,
}

/// A message: a value, and how many further messages may follow from it.
type Message = (u8, u8);

impl Running {
    fn told(&mut self, (value, left): Message, effects: &mut Effects<Self>) {
        let Self { machine, machines } = self;
        machine.state = machine.state.wrapping_mul(31).wrapping_add(value);
        machine.heard += 1;
        let Some(left) = left.checked_sub(1) else { return };
        for action in &machines.table[machine.state as usize % machines.table.len()] {
            match *action {
                Action::Send { to, add } => {
                    effects.send(NodeId::new(to % machines.nodes), (value.wrapping_add(add), left));
                }
                Action::Timer { after, add } => effects.set_timer(after, (value.wrapping_add(add), left)),
                // Failing storage changes the later behaviour of the machine.
                Action::Write => machine.heard += u64::from(effects.write(machine.state).is_err()),
                Action::Sync => machine.heard += u64::from(effects.sync().is_err()),
                Action::Stop if effects.entropy().is_multiple_of(8) || effects.now() < 0 => effects.stop(),
                Action::Stop => {}
            }
        }
    }
}

impl Node for Running {
    type Input = u8;
    type Message = Message;
    type Timer = Message;
    type Record = u8;

    fn start(&mut self, effects: &mut Effects<Self>) {
        self.told((effects.me().place() as u8, 2), effects);
    }

    fn restart(&mut self, log: Log<'_, u8>, effects: &mut Effects<Self>) {
        self.machine.state = log.records.iter().fold(u8::from(log.torn), |state, record| state.wrapping_add(*record));
        self.start(effects);
    }

    fn input(&mut self, input: u8, effects: &mut Effects<Self>) {
        self.told((input, 4), effects);
    }

    fn message(&mut self, from: NodeId, (value, left): Message, effects: &mut Effects<Self>) {
        self.told((value.wrapping_add(from.place() as u8), left), effects);
    }

    fn timer(&mut self, timer: Message, effects: &mut Effects<Self>) {
        self.told(timer, effects);
    }
}

impl Cluster for Machines {
    type Node = Running;

    fn names(&self) -> Vec<Name> {
        (0..self.nodes).map(|place| format!("m{place}").into()).collect()
    }

    fn node(&self, _: NodeId) -> Running {
        Running { machine: Machine { state: 0, heard: 0 }, machines: self.clone() }
    }

    fn workload(&self, rng: &mut afresh::rng::Rng) -> Vec<Posting<Running>> {
        let mut input = |_| (rng.between(0, 500_000_000), NodeId::new(rng.place(self.nodes)), rng.bits() as u8);
        (0..10).map(&mut input).collect()
    }

    fn limits(&self) -> Limits {
        Limits { faults: 1_000_000_000, calm: 500_000_000, events: 2000, ..Limits::default() }
    }
}

fn machines() -> impl Strategy<Value = Machines> {
    let action = prop_oneof![
        4 => (any::<prop::sample::Index>(), any::<u8>())
            .prop_map(|(to, add)| Action::Send { to: to.index(4), add }),
        2 => (0..50_000_000_i64, any::<u8>()).prop_map(|(after, add)| Action::Timer { after, add }),
        2 => Just(Action::Write),
        1 => Just(Action::Sync),
        1 => Just(Action::Stop),
    ];
    (1..4_usize, vec(vec(action, 0..4), 1..6)).prop_map(|(nodes, table)| Machines { nodes, table })
}

fn write(trace: &WorldTrace<Running>) -> String {
    let mut writer = Writer::new("out", Vec::new(), &trace.header).unwrap();
    trace.events.iter().try_for_each(|event| writer.event(event)).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// Replays a run from its trace file, and checks that both runs are indistinguishable.
fn is_the_same_again(cluster: &Machines, run: &Ended<Running>) {
    let text = write(&run.trace("machines"));
    let reader = Reader::new("in", text.as_bytes(), Options::default()).unwrap();
    let trace = reader.trace(&Vocabulary::new()).unwrap();
    let again = world::replay(cluster, &trace).unwrap_or_else(|difference| panic!("{difference}\n{text}"));
    assert_eq!(write(&again.trace("machines")), text);
    assert_eq!(again.digest(), run.digest());
    let machines = |run: &Ended<Running>| run.world.nodes().map(|node| node.machine.clone()).collect::<Vec<_>>();
    assert_eq!(machines(&again), machines(run));
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(4), failure_persistence: None, cases: 300, ..Default::default()
    })]

    #[test]
    fn a_run_is_the_same_from_its_seed_and_from_its_trace(cluster in machines(), seed: u64) {
        let run = world::simulate(&cluster, seed);
        prop_assert_eq!(world::simulate(&cluster, seed).digest(), run.digest());
        is_the_same_again(&cluster, &run);
    }

    /// A trace with any events left out has a run that does the rest of it as far as possible. That run is a run like
    /// any other.
    #[test]
    fn any_part_of_a_trace_runs(cluster in machines(), seed: u64, left in vec(any::<bool>(), 64)) {
        let mut trace = world::simulate(&cluster, seed).trace("machines");
        let mut keep = left.iter().cycle();
        trace.events.retain(|_| keep.next() == Some(&true));
        let replayed = world::tolerant(&cluster, &trace.events);
        let done = replayed.ended.trace("machines").events.len() as u64;
        prop_assert_eq!(done + replayed.skipped, trace.events.len() as u64);
        is_the_same_again(&cluster, &replayed.ended);
    }
}
