//! Tests of the example system as a user has it: outside of this workspace, with cargo alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use afresh_tests::{Done, Folder, binary, root};

/// A hand-written `update` with a common bug: it treats a late message as if it were the newest.
const BUG: &str = "
    fn update(
        &self,
        key: &Key,
        item: &mut Item,
        change: afresh_core::Change<'_, Movement>,
        flows: &Flows,
    ) -> afresh_core::Updated {
        let afresh_core::Change::Late(input) = change else { return afresh_core::Updated::FoldAgain };
        self.apply(key, item, input, flows);
        afresh_core::Updated::Done
    }

    fn view(";

/// The files of the example, without the snapshots.
const FILES: [&str; 6] =
    ["Cargo.toml", "src/lib.rs", "src/main.rs", "tests/traces.rs", "traces/late-delivery.jsonl", "traces/monday.jsonl"];

/// The version of the copies, which is not that of this workspace.
const VERSION: &str = "7.8.9";

const SNAPSHOTS: [&str; 2] = ["tests/snapshots/traces__late-delivery.snap", "tests/snapshots/traces__monday.snap"];

/// Serializes the copies, which all build into one target folder, so that dependencies are built once. To cargo they
/// are one package, and it rebuilds by the age of the files. So a copy is made only when the previous one is done.
static COPIES: Mutex<()> = Mutex::new(());

/// A copy of the example.
struct Example {
    folder: Folder,
    _turn: MutexGuard<'static, ()>,
}

impl Example {
    fn new() -> Self {
        // A failed test poisons the lock, but leaves nothing behind that affects another test.
        let turn = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
        let example = Self { folder: Folder::default(), _turn: turn };
        for folder in ["src", "tests/snapshots", "traces"] {
            fs::create_dir_all(example.folder.path(folder)).expect("a folder is made");
        }
        for file in FILES.iter().chain(&SNAPSHOTS) {
            example.folder.write(file, &original(file));
        }
        let package = original("Cargo.toml").replace("../../", &format!("{}/", root().display()));
        let package = package.replace("version = \"0.1.0\"", &format!("version = \"{VERSION}\""));
        example.folder.write("Cargo.toml", &package);
        // The same lock file as here, so every dependency is already downloaded.
        example
            .folder
            .write("Cargo.lock", &fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is there"));
        example
    }

    /// Replaces text in a file.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.folder.read(file);
        assert!(text.contains(from), "{file} has {from}");
        self.folder.write(file, &text.replace(from, to));
    }

    fn cargo(&self, words: &[&str], insta: &str) -> Done {
        let target = binary().ancestors().nth(3).expect("the binary is in the folder of a profile").join("apart");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(words).current_dir(self.folder.path("")).stdin(Stdio::null());
        cargo.env("CARGO_TARGET_DIR", target).env("CARGO_NET_OFFLINE", "true").env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo.env("INSTA_UPDATE", insta).env_remove("INSTA_WORKSPACE_ROOT");
        cargo.output().expect("cargo runs").into()
    }

    /// Runs the snapshot tests of the copy. Returns whether they pass, and the output.
    fn test(&self) -> (bool, String) {
        let done = self.cargo(&["test", "--quiet", "--test", "traces"], "no");
        (done.code == Some(0), done.stdout + &done.stderr)
    }

    /// Runs the command line of the copy. Returns its exit code and its output.
    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        let done = self.cargo(&[&["run", "--quiet", "--"], words].concat(), "no");
        (done.code, done.stdout + &done.stderr)
    }
}

fn original(file: &str) -> String {
    let path = root().join("examples/stock").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns a snapshot without its header, whose path depends on the workspace.
fn body(snapshot: &str) -> &str {
    snapshot.splitn(3, "---\n").nth(2).expect("a snapshot begins with what it is of")
}

fn assert_says(said: &(bool, String), passes: bool, words: &[&str]) {
    assert_eq!(said.0, passes, "{}", said.1);
    for words in words {
        assert!(said.1.contains(words), "{words:?} is said in\n{}", said.1);
    }
}

#[test]
fn is_under_60_lines() {
    let lines = FILES.iter().filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "rs"));
    assert!(lines.map(|file| original(file).lines().count()).sum::<usize>() < 60);
}

#[test]
fn passes_and_has_a_command_line() {
    let example = Example::new();
    assert_says(&example.test(), true, &["1 passed"]);

    let (code, said) = example.run(&["replay", "traces/monday.jsonl"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("traces/monday.jsonl: as recorded in 11 observations; 9 stimuli, 2 keys"), "{said}");
    let (code, said) = example.run(&["check", "traces/monday.jsonl", "traces/late-delivery.jsonl"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("kept for incremental/left, which does not show"), "{said}");
    assert_eq!(example.run(&["--version"]).1, format!("stock {VERSION}\n"));
    let (_, help) = example.run(&["show", "--help"]);
    let of_others = help.replace("afresh.toml", "");
    assert!(help.contains("Usage: stock show") && !of_others.contains("afresh"), "{help}");

    // Snapshots are created in the user's own crate, and equal the kept ones.
    for snapshot in SNAPSHOTS {
        fs::remove_file(example.folder.path(snapshot)).expect("the snapshot is there");
    }
    let first = ["traces/monday.jsonl: the snapshot differs", "INSTA_UPDATE=always cargo test", "cargo insta review"];
    assert_says(&example.test(), false, &first);
    example.cargo(&["test", "--quiet", "--test", "traces"], "always");
    for snapshot in SNAPSHOTS {
        assert_eq!(body(&example.folder.read(snapshot)), body(&original(snapshot)));
    }

    // The test does not fail on a record that differs; the snapshot shows it to the reviewer.
    example.edit("traces/monday.jsonl", r#""left":12"#, r#""left":13"#);
    let divergence = ["  - signature: recorded/left", "    count: 1", "    first: 2"];
    assert_says(&example.test(), false, &divergence);

    example.edit("traces/late-delivery.jsonl", r#""count":3"#, r#""count":"three""#);
    let both = ["traces/late-delivery.jsonl:2:", "traces/monday.jsonl: the snapshot differs", "2 traces of"];
    assert_says(&example.test(), false, &both);

    for trace in ["traces/monday.jsonl", "traces/late-delivery.jsonl"] {
        fs::remove_file(example.folder.path(trace)).expect("the trace is there");
    }
    assert_says(&example.test(), false, &["no trace matches traces/*.jsonl in "]);
}

#[test]
fn fails_with_a_bug_and_shows_what_changed() {
    let example = Example::new();
    example.edit("src/lib.rs", "\n    fn view(", BUG);
    let back = [
        "traces/late-delivery.jsonl: 2 findings",
        "kept for, incremental/left, is back",
        "- incremental",
        r#"-   "refused": 1"#,
    ];
    assert_says(&example.test(), false, &back);
    let (code, said) = example.run(&["check", "traces/late-delivery.jsonl"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("kept for incremental/left, which is back"), "{said}");

    example.folder.write("src/lib.rs", &original("src/lib.rs"));
    example.edit("src/lib.rs", "20 - item.left", "30 - item.left");
    assert_says(&example.test(), false, &["order: 16", "order: 26", "traces/monday.jsonl: the snapshot differs"]);
    for snapshot in SNAPSHOTS {
        assert_eq!(example.folder.read(snapshot), original(snapshot), "a test alone changes no snapshot");
    }
}
