//! The faults of a world: what each fault does, and how it ends.

use afresh_core::{Fault, Storage};

use super::disk::Disk;
use super::effects::DiskCondition;
use super::node::{Node, NodeId};
use super::record::HappenedKind;
use super::schedule::Schedule;
use super::{Blocked, Impossible, Machine, Ordinals, When, World};

impl<N: Node> World<N> {
    /// Carries out a fault, which becomes an event. The end of a fault, such as a restart, is also a fault.
    ///
    /// # Errors
    ///
    /// Returns the reason if the fault is impossible or would change nothing.
    #[cold]
    pub(super) fn fault(
        &mut self,
        when: When,
        fault: Fault,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let node = match &fault {
            Fault::Calm => return self.become_calm(when, schedule),
            Fault::Crash { node, .. }
            | Fault::Restart { node }
            | Fault::Pause { node }
            | Fault::Resume { node }
            | Fault::Skew { node, .. }
            | Fault::Storage { node, .. } => node,
            Fault::Partition { from, .. } | Fault::Heal { from, .. } => from,
            Fault::Duplicate(_) | Fault::Damage { .. } | Fault::Deploy { .. } => {
                return Err(Impossible::NotOfWorlds);
            }
        };
        let id = self.id(node).ok_or(Impossible::NoSuchNode)?;
        self.can_break(id, &fault)?;
        let ordinal = self.record.faults.len() as u32;
        self.record.digest.add(&fault);
        self.record.faults.push(fault.clone());
        self.begin(when.happens_to(id, ordinal, HappenedKind::Fault), schedule);
        self.changes += 1;
        let machine = &mut self.machines[id.place()];
        match fault {
            Fault::Crash { kept, torn, .. } => {
                machine.disk.crash(kept as usize, torn);
                self.end(id);
            }
            Fault::Restart { .. } => {
                machine.blocked = Blocked::NOT;
                machine.node = (self.build)(id);
                self.prepare(id);
                let machine = &mut self.machines[id.place()];
                machine.node.restart(machine.disk.log(), &mut self.effects);
                self.drain(id, &mut Ordinals::default(), schedule);
            }
            Fault::Pause { .. } => machine.blocked.paused = true,
            Fault::Resume { .. } => machine.blocked.paused = false,
            Fault::Partition { to, .. } => self.cuts.cut(id, self.id(&to).unwrap_or(id)),
            Fault::Heal { to, .. } => self.cuts.heal(id, self.id(&to).unwrap_or(id)),
            Fault::Skew { nanoseconds, .. } => machine.skew = machine.skew.saturating_add(nanoseconds),
            Fault::Storage { how: Storage::Synced, .. } => {
                machine.blocked.syncing = false;
                machine.disk.sync();
                self.effects.list.append(&mut machine.held);
                self.drain(id, &mut Ordinals::default(), schedule);
            }
            Fault::Storage { how, .. } => machine.disk.become_so(how),
            Fault::Calm | Fault::Duplicate(_) | Fault::Damage { .. } | Fault::Deploy { .. } => {}
        }
        Ok(())
    }

    /// Stops a node that asked for it: the node loses its memory and all records that were not synced.
    #[cold]
    pub(super) fn stop(&mut self, id: NodeId, schedule: &mut (impl Schedule<N> + ?Sized)) {
        self.machines[id.place()].disk.crash(0, false);
        self.end(id);
        self.changes += 1;
        schedule.stopped(self.now, &self.names[id.place()]);
    }

    /// Marks a node as crashed, and removes its timers and the effects that wait for its storage.
    fn end(&mut self, id: NodeId) {
        let machine = &mut self.machines[id.place()];
        machine.held.clear();
        machine.blocked = Blocked { crashed: true, ..Blocked::NOT };
        self.slab.forget_timers(id);
    }

    /// Begins the calm phase, unless it has already begun.
    fn become_calm(&mut self, when: When, schedule: &mut (impl Schedule<N> + ?Sized)) -> Result<(), Impossible> {
        if self.calm_since.is_some() {
            return Err(Impossible::NoChange);
        }
        self.calm_since = Some(when.number);
        let (ordinal, no_node) = (self.record.faults.len() as u32, NodeId(u32::MAX));
        self.record.faults.push(Fault::Calm);
        self.begin(when.happens_to(no_node, ordinal, HappenedKind::Fault), schedule);
        Ok(())
    }

    /// Returns an error if a fault would change nothing, or if a link that it names has no node at its end.
    fn can_break(&self, id: NodeId, fault: &Fault) -> Result<(), Impossible> {
        let Machine { blocked, disk, .. } = &self.machines[id.place()];
        let changes = match fault {
            Fault::Crash { kept, .. } => !blocked.crashed && *kept as usize <= disk.unsynced(),
            Fault::Restart { .. } => blocked.crashed,
            Fault::Pause { .. } => !blocked.crashed && !blocked.paused,
            Fault::Resume { .. } => blocked.paused,
            Fault::Partition { to, .. } => !self.cuts.is_cut(id, self.id(to).ok_or(Impossible::NoSuchNode)?),
            Fault::Heal { to, .. } => self.cuts.is_cut(id, self.id(to).ok_or(Impossible::NoSuchNode)?),
            Fault::Storage { how: Storage::Synced, .. } => blocked.syncing,
            Fault::Storage { how, .. } => !disk.is_so(*how),
            _ => true,
        };
        if changes { Ok(()) } else { Err(Impossible::NoChange) }
    }

    /// The number of faults so far.
    ///
    /// Events that end a fault do not count, and neither do lost and duplicated messages.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let breaks = |fault: &&Fault| match fault {
            Fault::Restart { .. } | Fault::Resume { .. } | Fault::Heal { .. } | Fault::Calm => false,
            Fault::Storage { how, .. } => !matches!(how, Storage::Mended | Storage::Synced),
            _ => true,
        };
        self.record.faults.iter().filter(breaks).count() as u64
    }

    /// Returns an event that ends one of the current faults, or `None` if there are no faults.
    ///
    /// A clock that is wrong stays wrong, so it does not count as a fault here.
    #[must_use]
    pub fn remedy(&self) -> Option<Fault> {
        for (place, Machine { blocked, disk, .. }) in self.machines.iter().enumerate() {
            let node = || self.names[place].clone();
            if !disk.is_so(Storage::Mended) {
                return Some(Fault::Storage { node: node(), how: Storage::Mended });
            }
            if blocked.syncing {
                return Some(Fault::Storage { node: node(), how: Storage::Synced });
            }
            if blocked.paused {
                return Some(Fault::Resume { node: node() });
            }
        }
        if let Some((from, to)) = self.cuts.first() {
            let name = |id: NodeId| self.names[id.place()].clone();
            return Some(Fault::Heal { from: name(from), to: name(to) });
        }
        let crashed = self.machines.iter().position(|machine| machine.blocked.crashed)?;
        Some(Fault::Restart { node: self.names[crashed].clone() })
    }
}

impl<R> Disk<R> {
    /// Changes the condition of the storage.
    fn become_so(&mut self, how: Storage) {
        match how {
            Storage::Fail => self.condition = DiskCondition::Failing,
            Storage::Full => self.condition = DiskCondition::Full,
            Storage::Slow => self.slow = true,
            Storage::Mended => (self.condition, self.slow) = (DiskCondition::Fine, false),
            Storage::Synced => {}
        }
    }

    /// Returns whether the storage is already in this condition.
    fn is_so(&self, how: Storage) -> bool {
        match how {
            Storage::Fail => self.condition == DiskCondition::Failing,
            Storage::Full => self.condition == DiskCondition::Full,
            Storage::Slow => self.slow,
            Storage::Mended => self.condition == DiskCondition::Fine && !self.slow,
            Storage::Synced => false,
        }
    }
}
