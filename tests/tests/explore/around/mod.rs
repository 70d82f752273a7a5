//! Tests of runs whose messages are those of recorded traces.

mod commands;
mod drawn;
mod refused;

use std::path::PathBuf;

use afresh_tests::root;

/// The path of a kept trace.
fn kept(name: &str) -> String {
    let path: PathBuf = root().join("fixtures/traces").join(name);
    path.display().to_string()
}
