//! Simulation: one run of a system, and many.

mod campaign;
mod hostile;
mod run;
mod systems;
