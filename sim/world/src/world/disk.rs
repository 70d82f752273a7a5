//! The storage of a node: an append-only list of records. The durable ones, which survive a crash, come first.

use super::effects::DiskCondition;

/// The storage of one node: its records, and the faults of the storage.
pub(super) struct Disk<R> {
    records: Vec<R>,
    /// The number of records, from the first on, that are durable.
    synced: usize,
    /// True if a torn record follows, which a crash cut off while it was being written.
    torn: bool,
    pub(super) condition: DiskCondition,
    pub(super) slow: bool,
}

/// The records that a node finds in its storage when it restarts after a crash.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a, R> {
    /// The records that survived, the oldest first: all that were synced, and perhaps some that were not.
    pub records: &'a [R],
    /// True if one more record follows that is torn: the crash cut it off while it was being written.
    ///
    /// A node would notice a torn record by its checksum. The next record that the node writes replaces the torn one.
    pub torn: bool,
}

impl<R> Default for Disk<R> {
    fn default() -> Self {
        Self { records: Vec::new(), synced: 0, torn: false, condition: DiskCondition::Fine, slow: false }
    }
}

impl<R> Disk<R> {
    pub(super) fn write(&mut self, record: R) {
        self.torn = false;
        self.records.push(record);
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.records.len();
    }

    /// The number of records that were written but are not durable yet.
    pub(super) fn unsynced(&self) -> usize {
        self.records.len() - self.synced
    }

    /// Removes the records that a crash loses: all that are not durable, except for the first `kept` of them.
    ///
    /// The records that are left become durable, because the node finds them when it restarts. With `torn`, the first
    /// of the lost records leaves a torn part behind.
    pub(super) fn crash(&mut self, kept: usize, torn: bool) {
        self.torn |= torn && kept < self.unsynced();
        self.records.truncate(self.synced.saturating_add(kept));
        self.sync();
    }

    pub(super) fn log(&self) -> Log<'_, R> {
        Log { records: &self.records, torn: self.torn }
    }
}
