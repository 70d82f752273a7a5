//! Tests of worlds: the effects of nodes, networks, faults and schedules, and the traces that record them.

mod aims;
mod assumptions;
mod calm;
mod clocks;
mod crashes;
mod determinism;
mod duplication;
mod generated;
mod loss;
mod partitions;
mod pauses;
mod protocols;
mod reordering;
mod replays;
mod runs;
mod storage;
mod story;
