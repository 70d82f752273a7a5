//! The command line of `afresh` over groups of raft nodes.

use std::process::ExitCode;

use afresh::Systems;
use afresh_raft::Group;

fn main() -> ExitCode {
    afresh::cli::main(&Systems::new().with_worlds(Group::all()))
}
