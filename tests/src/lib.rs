//! What the integration tests share: running the binary, and the places of the workspace.

mod folder;
pub mod kept;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use folder::{Done, Folder};

/// The binary `afresh`, built in the profile of this test.
///
/// # Panics
///
/// When it does not build.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("this test has a path");
        let profile = test.ancestors().nth(2).expect("tests are in the folder `deps` of a profile");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "afresh-cli"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the binary builds");
        profile.join("afresh")
    })
}
