//! The binaries that the tests run, in one program, so that they are linked once. The name by which it is called says
//! which of them it is.

mod evil;
mod hostile;

use std::path::Path;
use std::process::ExitCode;

/// The binary of the example.
mod example {
    include!("../../../../examples/stock/src/main.rs");

    pub(super) fn run() -> std::process::ExitCode {
        main()
    }
}

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    match Path::new(&called).file_name().and_then(|name| name.to_str()) {
        Some("evil") => evil::run(),
        Some("hostile") => hostile::run(),
        Some("stock") => example::run(),
        _ => afresh::cli::main(&afresh_fixtures::systems()),
    }
}
