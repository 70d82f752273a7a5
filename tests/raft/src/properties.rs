//! The properties of raft: the five of the paper (Ongaro and Ousterhout, 2014), one on duplicates, and progress.

use std::collections::BTreeMap;

use afresh::world::{NodeId, World, WorldProperty};

use super::host::{Applied, Host, Logged};

/// Returns all properties.
pub(crate) fn all() -> Vec<WorldProperty<Host>> {
    vec![
        election_safety(),
        log_matching(),
        leader_completeness(),
        state_machine_safety(),
        applied_once(),
        progress(),
        WorldProperty::sometimes("leader-changes", {
            let mut terms = BTreeMap::new();
            move |world| {
                acting(world).is_some_and(|(id, host)| host.leads() && terms.insert(host.term(), id).is_none())
                    && terms.len() > 1
            }
        }),
        WorldProperty::sometimes("log-is-overwritten", {
            let mut lengths: BTreeMap<NodeId, usize> = BTreeMap::new();
            move |world| {
                let Some((id, host)) = acting(world) else { return false };
                let before = lengths.insert(id, host.log.len()).unwrap_or(0);
                host.log_changed < before && host.log_changed < host.log.len()
            }
        }),
    ]
}

/// Returns the node to which the last event happened, unless it has crashed.
fn acting(world: &World<Host>) -> Option<(NodeId, &Host)> {
    let id = world.happened().last()?.to;
    world.node(id).filter(|_| !world.has_crashed(id)).map(|host| (id, host))
}

/// Each term has at most one leader.
fn election_safety() -> WorldProperty<Host> {
    let mut leaders: BTreeMap<u64, NodeId> = BTreeMap::new();
    WorldProperty::always("election-safety", move |world| {
        let Some((id, host)) = acting(world) else { return Ok(()) };
        if !host.leads() || *leaders.entry(host.term()).or_insert(id) == id {
            return Ok(());
        }
        Err(format!("term {} has two leaders", host.term()))
    })
}

/// If two logs have an entry with the same index and term, they are equal up to that entry.
fn log_matching() -> WorldProperty<Host> {
    let mut chains: BTreeMap<(usize, u64), u64> = BTreeMap::new();
    WorldProperty::always("log-matching", move |world| {
        let Some((_, host)) = acting(world) else { return Ok(()) };
        let changed = host.log.iter().enumerate().skip(host.log_changed);
        for (place, Logged { term, chain }) in changed {
            if chains.entry((place, *term)).or_insert(*chain) != chain {
                return Err(format!("entry {} of term {term} has two histories", place + 1));
            }
        }
        Ok(())
    })
}

/// The log of a leader holds every entry that was committed in an earlier term.
fn leader_completeness() -> WorldProperty<Host> {
    // The hash of the log up to each entry that any node applied, and the highest term in which it can have been
    // committed.
    let mut committed: Vec<(Logged, u64)> = Vec::new();
    let mut seen = (0, NodeId::new(0));
    WorldProperty::always("leader-completeness", move |world| {
        let Some((id, host)) = acting(world) else { return Ok(()) };
        let applied = host.applied.last().map_or(0, |applied| applied.index as usize);
        for logged in host.log.iter().take(applied).skip(committed.len()) {
            committed.push((*logged, host.term()));
        }
        if !host.leads() || seen == (host.term(), id) {
            return Ok(());
        }
        seen = (host.term(), id);
        let mut earlier = committed.iter().enumerate().filter(|(_, (_, term))| *term < host.term());
        let missing = earlier.find(|(place, (logged, _))| host.log.get(*place) != Some(logged));
        missing.map_or(Ok(()), |(place, _)| Err(format!("the leader of {} lacks entry {}", host.term(), place + 1)))
    })
}

/// No two nodes apply different entries at the same index.
fn state_machine_safety() -> WorldProperty<Host> {
    let mut all: BTreeMap<u64, Applied> = BTreeMap::new();
    WorldProperty::always("state-machine-safety", move |world| {
        let Some((_, host)) = acting(world) else { return Ok(()) };
        for applied in host.applied.iter().skip(host.applied_before) {
            let other = all.entry(applied.index).or_insert(*applied);
            if other != applied {
                return Err(format!("entry {} is applied as {applied:?} and as {other:?}", applied.index));
            }
        }
        Ok(())
    })
}

/// A value is applied once, however often it was proposed.
fn applied_once() -> WorldProperty<Host> {
    WorldProperty::always("applied-once", move |world| {
        let Some((_, host)) = acting(world) else { return Ok(()) };
        let new = host.applied.iter().enumerate().skip(host.applied_before);
        for (place, applied) in new.filter(|(_, applied)| applied.value.is_some()) {
            if host.applied[..place].iter().any(|before| before.value == applied.value) {
                return Err(format!("{:?} is applied twice", applied.value));
            }
        }
        Ok(())
    })
}

/// After all faults there is one leader, and every node has applied the leader's whole log.
fn progress() -> WorldProperty<Host> {
    WorldProperty::eventually("progress", |world: &World<Host>| {
        let hosts: Vec<_> = world.nodes().collect();
        let leads: Vec<_> = hosts.iter().filter(|host| host.leads()).collect();
        let [leader] = leads[..] else { return Err(format!("{} nodes lead", leads.len())) };
        let behind = hosts.iter().find(|host| host.applied.len() != leader.log.len() || host.log != leader.log);
        behind.map_or(Ok(()), |host| Err(format!("a node has applied {} of {}", host.applied.len(), leader.log.len())))
    })
}
