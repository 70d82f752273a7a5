//! Worlds: what nodes, networks, faults and schedules do, and what a record of it proves.

mod aims;
mod clocks;
mod crashes;
mod determinism;
mod duplication;
mod generated;
mod loss;
mod partitions;
mod pauses;
mod reordering;
mod replays;
mod runs;
mod storage;
mod story;
