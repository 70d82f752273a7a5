//! Tests of faults aimed at certain messages, both future ones and those in flight.

use std::ops::ControlFlow;

use afresh::schedule::{Aim, Hit, Random, Swarm};
use afresh::world::{Cluster, NodeId, World};
use afresh_tests::payments::{APP, BANK, Message, Party, Pay, Payments};

use crate::world::runs::write;

/// Runs a world with one payment a second. Returns the lines of its trace about the fate of messages.
fn run(aim: Option<Aim<Party>>, in_flight: Option<Aim<Party>>) -> String {
    let cluster = Payments::default();
    let pay = |second: i64| (second * 1_000_000_000, NodeId::new(APP), Pay { amount: 5 });
    let schedule = Random::of_seed(1, Swarm::none()).with_inputs((1..=2).map(pay));
    let mut schedule = schedule.with_aims(aim).until(3_000_000_000);
    let mut world = World::new(cluster.names(), move |id| cluster.node(id));
    world.start(&mut schedule);
    // Runs until the first payment is in flight.
    world.run(&mut schedule, |_| ControlFlow::Break(()));
    if let Some(aim) = in_flight {
        assert_eq!(schedule.strike(&world, aim), 1);
    }
    world.run(&mut schedule, |_| ControlFlow::Continue(()));
    let trace = write(&world.trace("payments"));
    let mut lines = trace.lines().filter(|line| !line.contains("timer")).skip(1).map(|line| {
        let kind = ["in", "deliver", "drop", "duplicate", "calm"]
            .into_iter()
            .find(|kind| line.contains(&format!("\"{kind}\"")));
        let at = line.split("\"at\":").nth(1).and_then(|rest| rest.split([',', '.']).next());
        let from = line.split("\"from\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let told = [at, kind, from];
        told.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    lines.by_ref().collect::<Vec<_>>().join(", ")
}

fn is_charged(message: &Message) -> bool {
    matches!(message, Message::Charged { .. })
}

#[test]
fn nothing_is_aimed_at() {
    assert_eq!(
        run(None, None),
        "1000 in outside, 1004 deliver app, 1006 deliver bank, 2000 in outside, 2006 deliver app, 2009 deliver bank, 3000 calm"
    );
}

/// Drops the next `Charged` from bank to app.
#[test]
fn the_next_message_of_a_kind_is_lost() {
    let aim = Aim::next(Hit::Drop, is_charged).from(NodeId::new(BANK)).to(NodeId::new(APP));
    assert_eq!(
        run(Some(aim), None),
        "1000 in outside, 1004 deliver app, 1004 drop bank, 1056 deliver app, 1059 deliver bank, 2000 in outside, 2003 deliver app, 2010 deliver bank, 3000 calm"
    );
}

#[test]
fn of_another_link_nothing_is_lost() {
    assert_eq!(run(Some(Aim::next(Hit::Drop, is_charged).from(NodeId::new(APP))), None), run(None, None));
}

#[test]
fn several_messages_are_doubled() {
    assert_eq!(
        run(Some(Aim::next(Hit::Duplicate, is_charged).times(2)), None),
        "1000 in outside, 1004 deliver app, 1004 duplicate bank, 1006 deliver bank, 1007 deliver bank, 2000 in outside, 2002 deliver app, 2002 duplicate bank, 2006 deliver bank, 2012 deliver bank, 3000 calm"
    );
}

#[test]
fn what_is_on_its_way_is_lost() {
    assert_eq!(
        run(None, Some(Aim::next(Hit::Drop, |_| true))),
        "1000 in outside, 1000 drop app, 1051 deliver app, 1058 deliver bank, 2000 in outside, 2002 deliver app, 2006 deliver bank, 3000 calm"
    );
}

#[test]
fn what_is_on_its_way_is_late() {
    assert_eq!(
        run(None, Some(Aim::next(Hit::Delay(70_000_000), |_| true))),
        "1000 in outside, 1051 deliver app, 1058 deliver bank, 1074 deliver app, 1077 deliver bank, 2000 in outside, 2003 deliver app, 2010 deliver bank, 3000 calm"
    );
}
