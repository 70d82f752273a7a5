//! The binary `afresh`: the command line of the library, with the example systems.

use std::process::ExitCode;

fn main() -> ExitCode {
    afresh::cli::main(&afresh_fixtures::systems())
}
