//! Tests of simulation: one run of a system, and many.

mod around;
mod campaign;
mod evil;
mod hostile;
mod laws;
mod plain;
mod record;
mod run;
mod stopped;
mod systems;
mod worlds;
