//! The binary `afresh`: the command line of the library over the example systems.

use std::process::ExitCode;

use afresh::Systems;
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook};

fn main() -> ExitCode {
    let systems = Systems::new().with_all(Ledger::all()).with_all(OrderBook::all()).with_all(Documents::all());
    afresh::cli::main(&systems)
}
