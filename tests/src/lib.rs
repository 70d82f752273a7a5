//! What the integration tests share: running the binary, and the places of the workspace.

mod folder;
pub mod hostile;
pub mod kept;
pub mod payments;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

pub use folder::{Done, Folder};

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

/// The binary `afresh`, built in the profile of this test. The one of the example, `stock`, is beside it, and so is `hostile`.
///
/// Cargo builds the binaries of a package for the tests of that package alone, so this package has the sources of
/// both as binaries of its own, under other file names: two packages must not write the same file. Here they get their
/// names back, which they say in their help.
///
/// # Panics
///
/// When they are not there.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("this test has a path");
        let profile = test.ancestors().nth(2).expect("tests are in the folder `deps` of a profile");
        let folder = profile.join("tested");
        fs::create_dir_all(&folder).expect("a folder for the binaries");
        for name in ["afresh", "stock", "hostile"] {
            let tested = format!("{name}-tested");
            // Another test may just have done the same.
            let _ = symlink(Path::new("..").join(&tested), folder.join(name));
            assert!(folder.join(name).exists(), "{} is built by cargo", profile.join(tested).display());
        }
        folder.join("afresh")
    })
}
