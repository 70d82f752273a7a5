//! One raft node as a node of a world.

use afresh::world::{Effects, Log, Node, NodeId, StorageError};
use raft::eraftpb::{ConfState, Entry, HardState, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use slog::{Discard, Logger, o};

use super::cluster::Propose;

/// The time between two ticks, in nanoseconds.
const TICK: i64 = 20_000_000;

/// The shortest election timeout, in ticks. Every timeout is less than twice as long.
const ELECTION: usize = 10;

/// A mistake of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mistake {
    /// No mistake.
    #[default]
    No,
    /// It answers before the data that the answer is about is durable.
    AnswersFirst,
    /// It forgets its vote when it restarts.
    ForgetsVote,
    /// It applies every entry of its log, committed or not.
    AppliesFirst,
    /// It drops the last record of its log when it restarts, as if it were torn.
    LosesTail,
    /// It applies a proposal as often as it is in the log.
    AppliesTwice,
}

impl Mistake {
    /// All mistakes, by name.
    pub const ALL: [(&str, Self); 5] = [
        ("answers-first", Self::AnswersFirst),
        ("forgets-vote", Self::ForgetsVote),
        ("applies-first", Self::AppliesFirst),
        ("loses-tail", Self::LosesTail),
        ("applies-twice", Self::AppliesTwice),
    ];
}

/// One durable write.
#[derive(Clone, Debug)]
pub enum Record {
    /// Entries for the log. They replace the entry at the first one's index and all entries after it.
    Entries(Vec<Entry>),
    /// The term, the vote, and the index up to which the log is committed.
    State(HardState),
}

/// The timer of the next tick.
#[derive(Clone, Copy, Debug)]
pub struct Tick;

/// An entry of the log, with a hash of it and of all entries before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The term that it was proposed in.
    pub term: u64,
    /// The hash.
    pub chain: u64,
}

/// An entry that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its index in the log.
    pub index: u64,
    /// The term that it was proposed in.
    pub term: u64,
    /// The proposed value, or `None` for the first entry of a leader and for a value that was applied before.
    pub value: Option<u32>,
}

/// A raft node, and the state machine behind it.
pub struct Host {
    id: u64,
    voters: Vec<u64>,
    mistake: Mistake,
    raft: RawNode<MemStorage>,
    /// The term and the role that the election timeout was drawn for, and the timeout in ticks.
    timeout: (u64, StateRole, usize),
    /// The entries of the log.
    pub log: Vec<Logged>,
    /// The place of the first log entry that the last event changed.
    pub log_changed: usize,
    /// The applied entries, in order.
    pub applied: Vec<Applied>,
    /// The number of entries that were applied before the last event.
    pub applied_before: usize,
}

impl Host {
    /// Creates the node `id` of a group, before its start.
    pub fn new(id: u64, voters: Vec<u64>, mistake: Mistake) -> Self {
        let store = MemStorage::new_with_conf_state(ConfState::from((voters.clone(), vec![])));
        Self {
            id,
            raft: raft_node(id, store),
            voters,
            mistake,
            timeout: (0, StateRole::Follower, 0),
            log: Vec::new(),
            log_changed: 0,
            applied: Vec::new(),
            applied_before: 0,
        }
    }

    /// Returns whether the node considers itself the leader.
    pub fn leads(&self) -> bool {
        self.raft.raft.state == StateRole::Leader
    }

    /// The current term of the node.
    pub fn term(&self) -> u64 {
        self.raft.raft.term
    }

    /// The index up to which the node knows the log to be committed.
    pub fn committed(&self) -> u64 {
        self.raft.raft.raft_log.committed
    }

    /// Runs `work` on raft, and then does everything that raft requests because of it. The host stops if its storage
    /// fails.
    fn with_raft(&mut self, effects: &mut Effects<Self>, work: impl FnOnce(&mut RawNode<MemStorage>)) {
        (self.log_changed, self.applied_before) = (self.log.len(), self.applied.len());
        work(&mut self.raft);
        self.set_timeout(effects);
        while self.raft.has_ready() {
            if self.ready(effects).is_err() {
                return effects.stop();
            }
        }
    }

    /// The crate draws its election timeouts from the thread's generator, and a run must not depend on that.
    fn set_timeout(&mut self, effects: &mut Effects<Self>) {
        let (term, role) = (self.raft.raft.term, self.raft.raft.state);
        if (self.timeout.0, self.timeout.1, self.timeout.2 > 0) != (term, role, true) {
            self.timeout = (term, role, ELECTION + effects.entropy() as usize % ELECTION);
        }
        self.raft.raft.set_randomized_election_timeout(self.timeout.2);
    }

    fn ready(&mut self, effects: &mut Effects<Self>) -> Result<(), StorageError> {
        let mut ready = self.raft.ready();
        self.send(ready.take_messages(), effects);
        self.apply(ready.take_committed_entries());
        let entries = ready.take_entries();
        let mut writes = !entries.is_empty();
        if writes {
            effects.write(Record::Entries(entries.clone()))?;
            self.append(&entries);
            if self.mistake == Mistake::AppliesFirst {
                self.apply(entries);
            }
        }
        if let Some(state) = ready.hs() {
            writes = true;
            effects.write(Record::State(state.clone()))?;
            self.raft.mut_store().wl().set_hardstate(state.clone());
        }
        if writes && self.mistake != Mistake::AnswersFirst {
            effects.sync()?;
        }
        self.send(ready.take_persisted_messages(), effects);
        let mut light = self.raft.advance(ready);
        if let Some(commit) = light.commit_index() {
            self.raft.mut_store().wl().mut_hard_state().set_commit(commit);
        }
        self.send(light.take_messages(), effects);
        self.apply(light.take_committed_entries());
        self.raft.advance_apply();
        Ok(())
    }

    fn send(&self, messages: Vec<Message>, effects: &mut Effects<Self>) {
        for message in messages {
            effects.send(NodeId::new(message.to as usize - 1), message);
        }
    }

    fn append(&mut self, entries: &[Entry]) {
        self.raft.mut_store().wl().append(entries).expect("memory takes entries");
        self.note(entries);
    }

    /// Updates [`log`](Self::log) to match raft's log.
    fn note(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        self.log.truncate(first.index as usize - 1);
        self.log_changed = self.log_changed.min(self.log.len());
        for entry in entries {
            let mut chain = self.log.last().map_or(0xcbf2_9ce4_8422_2325, |last| last.chain) ^ entry.term;
            for byte in &entry.data {
                chain = (chain ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
            }
            self.log.push(Logged { term: entry.term, chain: chain.wrapping_mul(0x100_0000_01b3) });
        }
    }

    fn apply(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if self.mistake == Mistake::AppliesFirst && self.applied.iter().any(|applied| applied.index == entry.index)
            {
                continue;
            }
            let value = entry.data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
            let again = value.is_some() && self.applied.iter().any(|applied| applied.value == value);
            let value = value.filter(|_| !again || self.mistake == Mistake::AppliesTwice);
            self.applied.push(Applied { index: entry.index, term: entry.term, value });
        }
    }

    /// Rebuilds the raft node from the records on disk.
    fn recover(&mut self, log: Log<'_, Record>) {
        let store = MemStorage::new_with_conf_state(ConfState::from((self.voters.clone(), vec![])));
        let lost = usize::from(self.mistake == Mistake::LosesTail && !log.records.is_empty());
        for record in &log.records[..log.records.len() - lost] {
            match record {
                Record::Entries(entries) => {
                    store.wl().append(entries).expect("memory takes entries");
                    self.note(entries);
                }
                Record::State(state) => store.wl().set_hardstate(state.clone()),
            }
        }
        let mut state = store.rl().hard_state().clone();
        state.commit = state.commit.min(self.log.len() as u64);
        if self.mistake == Mistake::ForgetsVote {
            state.vote = 0;
        }
        store.wl().set_hardstate(state);
        self.raft = raft_node(self.id, store);
    }
}

fn raft_node(id: u64, store: MemStorage) -> RawNode<MemStorage> {
    let config = Config {
        id,
        election_tick: ELECTION,
        heartbeat_tick: 3,
        check_quorum: true,
        pre_vote: true,
        max_inflight_msgs: 16,
        ..Config::default()
    };
    RawNode::new(&config, store, &Logger::root(Discard, o!())).expect("the configuration is right")
}

impl Node for Host {
    type Input = Propose;
    type Message = Message;
    type Timer = Tick;
    type Record = Record;

    fn start(&mut self, effects: &mut Effects<Self>) {
        self.with_raft(effects, |_| {});
        let late = effects.entropy() as i64 & 0xff_ffff;
        effects.set_timer(late, Tick);
    }

    fn restart(&mut self, log: Log<'_, Record>, effects: &mut Effects<Self>) {
        self.recover(log);
        self.start(effects);
    }

    fn input(&mut self, Propose(value): Propose, effects: &mut Effects<Self>) {
        // Without a leader, raft refuses the proposal.
        self.with_raft(effects, |raft| _ = raft.propose(Vec::new(), value.to_le_bytes().to_vec()));
    }

    fn message(&mut self, _: NodeId, message: Message, effects: &mut Effects<Self>) {
        self.with_raft(effects, |raft| _ = raft.step(message));
    }

    fn timer(&mut self, _: Tick, effects: &mut Effects<Self>) {
        // A host that answers first makes its data durable only here.
        if effects.sync().is_err() {
            return effects.stop();
        }
        effects.set_timer(TICK, Tick);
        self.with_raft(effects, |raft| _ = raft.tick());
    }
}
