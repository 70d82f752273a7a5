//! Worlds: what nodes, networks, faults and schedules do, and what a record of it proves.

mod runs;
