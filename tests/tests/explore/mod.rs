//! Tests of simulation: one run of a system, and many.

mod campaign;
mod hostile;
mod laws;
mod plain;
mod run;
mod systems;
mod worlds;
