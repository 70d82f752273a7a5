//! The binary `afresh`: the command line of the library over the example systems.

use std::process::ExitCode;

use afresh::{Systems, Workload};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, Replica, document, ledger, orderbook};

fn main() -> ExitCode {
    let systems = Systems::new()
        .with_all(Ledger::all())
        .with_all(OrderBook::all())
        .with_all(Documents::all())
        .exploring(Workload::new(ledger::messages).flow(ledger::FEES).version(Ledger::NAME))
        .exploring(Workload::new(orderbook::messages).version(OrderBook::NAME))
        .exploring(Workload::new(document::messages).version(Documents::NAME))
        .with_worlds(Replica::all());
    afresh::cli::main(&systems)
}
