//! Cargo commands in documents, which the tests run without building anything again.

use std::fs;

use afresh_tests::root;

/// Returns the command to run in place of `command`, or `None` if `.ci/run` runs it anyway.
///
/// # Errors
///
/// If nothing would ever run the command.
pub(crate) fn resolve(command: &str) -> Result<Option<String>, String> {
    if !command.starts_with("cargo ") {
        return Ok(Some(command.to_owned()));
    }
    if let Some(run) = run(command) {
        return Ok(Some(run));
    }
    let ci = fs::read_to_string(root().join(".ci/run")).expect(".ci/run is there");
    if ci.lines().any(|line| line.find("cargo ").is_some_and(|at| unlocked(&line[at..]) == unlocked(command))) {
        return Ok(None);
    }
    Err(format!("`{command}` is run neither here nor by .ci/run"))
}

/// Turns `cargo run … -- WORDS` into a call of the binary with these words.
fn run(command: &str) -> Option<String> {
    let (options, words) = command.strip_prefix("cargo run ")?.split_once("-- ")?;
    let mut binary = "afresh";
    let mut options = options.split_whitespace();
    while let Some(option) = options.next() {
        match option {
            "--release" | "--quiet" => {}
            "--package" | "-p" | "--bin" => binary = options.next()?,
            _ => return None,
        }
    }
    Some(format!("{binary} {words}"))
}

/// Returns the command as readers type it, without `--locked`.
fn unlocked(command: &str) -> String {
    command.split_whitespace().filter(|word| *word != "--locked").collect::<Vec<_>>().join(" ")
}

#[test]
fn cargo_runs_a_binary_that_is_there() {
    assert_eq!(resolve("cat x | sort"), Ok(Some("cat x | sort".to_owned())));
    assert_eq!(resolve("cargo run --release -- check -"), Ok(Some("afresh check -".to_owned())));
    assert_eq!(resolve("cargo run --package stock -- replay x"), Ok(Some("stock replay x".to_owned())));
    assert_eq!(resolve("cargo run -p afresh-tests --bin generate -- x"), Ok(Some("generate x".to_owned())));
}

#[test]
fn cargo_runs_nothing_that_nobody_checks() {
    assert!(resolve("cargo run --features odd -- check -").is_err());
    assert!(resolve("cargo publish").is_err());
}
