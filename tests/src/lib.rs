//! Helpers that the integration tests share: running the binary, and the paths of the workspace.

pub mod evil;
mod folder;
pub mod hashed;
pub mod hostile;
pub mod kept;
pub mod kills;
pub mod moody;
pub mod mutations;
pub mod payments;
pub mod served;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

pub use folder::{Done, Folder};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

/// Returns the event lines of a trace without their numbers.
///
/// # Panics
///
/// If an event line does not begin with its number.
pub fn without_numbers(lines: &str) -> String {
    let number = |line: &str| {
        let rest = line.strip_prefix(r#"{"n":"#).and_then(|rest| rest.split_once(','));
        let (number, rest) = rest.unwrap_or_else(|| panic!("no number begins {line}"));
        assert!(number.parse::<u32>().is_ok(), "{line}");
        format!("{{{rest}\n")
    };
    let line = |line: &str| if line.starts_with(r#"{"afresh":"#) { format!("{line}\n") } else { number(line) };
    lines.lines().map(line).collect()
}

/// The option of `kill` that interrupts a child of this test, as Ctrl-C does.
///
/// If this process ignores SIGINT, because it runs in the background, so do its children. Then it is SIGTERM.
pub fn interrupt() -> &'static str {
    const SIGINT: u64 = 2;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    if ignored.unwrap_or_default() >> (SIGINT - 1) & 1 == 1 { "-TERM" } else { "-INT" }
}

/// The path of the binary `afresh`, built in the profile of this test. The binaries `stock`, `hostile` and `evil` are
/// in the same folder.
///
/// Cargo builds the binaries of a package only for the tests of that package. So this package builds the sources of
/// `afresh` and `stock` into one binary of its own. This function links it under their names, by which it knows which
/// of them it is.
///
/// # Panics
///
/// If a binary is missing.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("this test has a path");
        // Tests are in the folder `deps` of a profile, and the other programs of this package beside it.
        let folder = test.parent().expect("it is in a folder");
        let profile = if folder.ends_with("deps") { folder.parent().expect("a profile") } else { folder };
        let folder = profile.join("links");
        fs::create_dir_all(&folder).expect("a folder for the binaries");
        for name in ["afresh", "stock", "hostile", "evil"] {
            // Another test may have created the link at the same time.
            let _ = symlink("../afresh-tested", folder.join(name));
            assert!(folder.join(name).exists(), "{} is built by cargo", profile.join("afresh-tested").display());
        }
        folder.join("afresh")
    })
}
