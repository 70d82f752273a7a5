//! Tests of simulation: one run of a system, and many.

mod around;
mod campaign;
mod evil;
mod hostile;
mod kept;
mod laws;
mod plain;
mod record;
mod run;
mod stopped;
mod systems;
mod worlds;
