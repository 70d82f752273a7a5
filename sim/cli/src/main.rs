//! The binary `afresh`: the command line of the library over the example systems.

use std::process::ExitCode;

use afresh::Systems;
use afresh_fixtures::{Fixture, Ledger};

fn main() -> ExitCode {
    let systems = Systems::new().with_all(Ledger::all());
    afresh::cli::main(&systems)
}
