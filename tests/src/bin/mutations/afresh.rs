//! Runs the binary `afresh`, with a limit of time.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::copy::folder;

/// The time after which a command counts as hanging, in steps of 10 milliseconds.
const STEPS_MAX: usize = 120 * 100;

/// Runs a command that must find no bug, with the correct product.
///
/// # Errors
///
/// If it cannot be started or does not end with exit code 0.
pub(crate) fn must(afresh: &Path, words: &[&str]) -> Result<(), Box<dyn Error>> {
    if notices(afresh, words)? { Err(format!("failed: afresh {}", words.join(" ")).into()) } else { Ok(()) }
}

/// Runs a command. Returns `true` if it does not end with exit code 0, and says on standard error how it ended.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn notices(afresh: &Path, words: &[&str]) -> Result<bool, Box<dyn Error>> {
    let how = run(afresh, words)?;
    if how.is_empty() {
        return Ok(false);
    }
    let printed = String::from_utf8_lossy(&printed()?).into_owned();
    let is_told = |line: &&str| line.contains(" finding") || line.starts_with("error") || line.contains(", first");
    let is_note =
        |line: &&str| [" ok: ", "stale, ", "rejected, ", "conflicting, "].iter().any(|note| line.contains(note));
    let told: Vec<_> = printed.lines().filter(|line| is_told(line) && !is_note(line)).take(2).map(str::trim).collect();
    eprintln!("  {} notices it: {how}; {}", words[..2].join(" "), told.join("; "));
    Ok(true)
}

/// Runs a command, and says how it ended, unless it ended with exit code 0.
///
/// # Errors
///
/// If it cannot be started.
pub(crate) fn run(afresh: &Path, words: &[&str]) -> Result<String, Box<dyn Error>> {
    let file = File::create(output())?;
    let mut command = Command::new(afresh);
    command.args(words).stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
    let mut child = command.spawn()?;
    for _ in 0..STEPS_MAX {
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { String::new() } else { status.to_string() });
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    Ok("it hangs".to_owned())
}

/// Returns what the last command printed.
///
/// # Errors
///
/// If the file cannot be read.
pub(crate) fn printed() -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(fs::read(output())?)
}

fn output() -> PathBuf {
    folder().join("output")
}

/// Returns a path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("names are text")
}
