//! What holds of the source as a whole, and no compiler checks.

mod imports;
mod widths;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use afresh_tests::root;
use serde_json::Value;

/// The most lines of a file. One that grows past it wants to be two.
const LINES_MAX: usize = 500;

/// What each package may use, other than for its tests: of this workspace or, where it is to stay small, of all.
const USES: &[(&str, Uses)] = &[
    // The core is pure: what it needs beyond `core` and `alloc` is how values are written and read.
    ("afresh-core", Uses::Only(&["serde"])),
    // Of the library it is the worlds that they are examples of.
    ("afresh-fixtures", Uses::Only(&["afresh", "afresh-core", "proptest", "rand_chacha", "serde"])),
    // A service records its trace with this one, so it has no command line and no generator of random numbers.
    (
        "afresh-trace",
        Uses::Only(&[
            "afresh-core",
            "blake3",
            "jiff",
            "rustix",
            "serde",
            "serde_json",
            "strsim",
            "tempfile",
            "thiserror",
        ]),
    ),
    (
        "afresh-check",
        Uses::Only(&["afresh-core", "afresh-trace", "indexmap", "rustc-hash", "serde", "serde_json", "thiserror"]),
    ),
    // The minimizer runs commands, and draws neither random numbers nor on a terminal.
    (
        "afresh-shrink",
        Uses::Only(&[
            "afresh-check",
            "afresh-core",
            "afresh-trace",
            "blake3",
            "indexmap",
            "regex",
            "rustc-hash",
            "rustix",
            "serde",
            "serde_json",
            "tempfile",
            "thiserror",
        ]),
    ),
    (
        "afresh-world",
        Uses::Only(&[
            "afresh-check",
            "afresh-core",
            "afresh-shrink",
            "afresh-trace",
            "indexmap",
            "proptest",
            "rand_chacha",
            "serde",
            "serde_json",
            "thiserror",
        ]),
    ),
    // A service of users has it: the databases, and what a network needs.
    (
        "afresh-host",
        Uses::Only(&[
            "afresh-check",
            "afresh-core",
            "afresh-trace",
            "askama",
            "axum",
            "blake3",
            "crc32fast",
            "form_urlencoded",
            "getrandom",
            "http-body-util",
            "hyper",
            "hyper-util",
            "percent-encoding",
            "postgres",
            "prometheus-client",
            "reqwest",
            "rusqlite",
            "rustix",
            "serde",
            "serde_json",
            "similar",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "tokio-stream",
            "tracing",
        ]),
    ),
    (
        "afresh-program",
        Uses::Only(&["afresh-check", "afresh-core", "afresh-world", "rustix", "serde", "serde_json", "thiserror"]),
    ),
    (
        "afresh-cli",
        Uses::OfOurs(&[
            "afresh-check",
            "afresh-core",
            "afresh-host",
            "afresh-program",
            "afresh-shrink",
            "afresh-trace",
            "afresh-world",
        ]),
    ),
    (
        "afresh",
        Uses::OfOurs(&["afresh-check", "afresh-cli", "afresh-core", "afresh-shrink", "afresh-trace", "afresh-world"]),
    ),
    ("afresh-bin", Uses::Only(&["afresh", "afresh-fixtures"])),
    ("afresh-tests", Uses::OfOurs(&["afresh", "afresh-core", "afresh-fixtures", "stock"])),
    // A core that is not ours, and its host.
    ("afresh-raft", Uses::Only(&["afresh", "afresh-core", "raft", "serde", "slog"])),
    ("stock", Uses::Only(&["afresh", "afresh-core", "serde"])),
];

enum Uses {
    Only(&'static [&'static str]),
    OfOurs(&'static [&'static str]),
}

/// What no line of code says, and the files that have a reason to.
const NEVER: &[(&str, &[&str])] = &[
    (concat!("[", "allow("), &[]),
    (concat!("#[", "ignore"), &[]),
    (concat!("todo", "!("), &[]),
    (concat!("unimplemented", "!("), &[]),
    (concat!("dbg", "!("), &[]),
    // No result may depend on time.
    (concat!("Instant", "::now"), &["sim/check/src/clock.rs", "host/src/clock.rs"]),
    // A system that does is what the law of determinism has to find. The journal of a service says when an event was.
    (concat!("SystemTime", "::now"), &["tests/tests/transcripts/chance.rs", "host/src/clock.rs"]),
    // An allocator cannot be written without it, and a program without a standard library has to bring one.
    (
        concat!("unsafe", " "),
        &["sim/bin/benches/trace/count.rs", "tests/no-std/src/main.rs", "tests/no-std/src/memory.rs"],
    ),
];

/// A package of the workspace.
struct Package {
    name: String,
    /// Its folder, as seen from the root.
    folder: String,
    /// The packages that it uses, other than for its tests.
    uses: Vec<String>,
}

fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]).current_dir(root());
    let metadata = cargo.output().expect("cargo runs").stdout;
    let metadata: Value = serde_json::from_slice(&metadata).expect("cargo describes the workspace");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let package = |package: &Value| {
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let folder =
            manifest.parent().and_then(|folder| folder.strip_prefix(root()).ok()).expect("it is in the workspace");
        let used = package["dependencies"].as_array().expect("dependencies").iter();
        Package {
            name: text(&package["name"]),
            folder: folder.to_str().expect("names are text").to_owned(),
            // Tests may use what they like.
            uses: used.filter(|used| used["kind"] != "dev").map(|used| text(&used["name"])).collect(),
        }
    };
    metadata["packages"].as_array().expect("a workspace has packages").iter().map(package).collect()
}

#[test]
fn packages_use_what_they_may() {
    let packages = packages();
    let ours: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let uses: BTreeMap<_, _> = USES.iter().map(|(package, uses)| (*package, uses)).collect();
    assert_eq!(ours, uses.keys().copied().collect(), "every package is in the table");
    for Package { name, uses: used, .. } in &packages {
        let used = used.iter().map(String::as_str);
        let (used, may): (Vec<_>, _) = match uses[name.as_str()] {
            Uses::Only(may) => (used.collect(), may),
            Uses::OfOurs(may) => (used.filter(|used| ours.contains(used)).collect(), may),
        };
        let forbidden: Vec<_> = used.iter().filter(|used| !may.contains(used)).collect();
        assert!(forbidden.is_empty(), "{name} must not use {forbidden:?}");
    }
}

#[test]
fn files_are_short() {
    let long: Vec<_> = files("rs").into_iter().filter(|file| read(file).lines().count() > LINES_MAX).collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines: {long:?}");
}

#[test]
fn code_says_nothing_that_it_never_should() {
    let mut wrong = Vec::new();
    for file in files("rs") {
        let text = read(&file);
        // What a comment says of it is said of it, not with it.
        let code = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            let said = NEVER.iter().filter(|(never, but)| line.contains(never) && !but.contains(&&*file));
            wrong.extend(said.map(|(never, _)| format!("{file}:{number}: {never}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exceptions_are_needed() {
    for (never, but) in NEVER {
        for file in *but {
            assert!(read(file).contains(never), "{file} does not say {never} any more");
        }
    }
}

#[test]
fn every_snapshot_is_of_a_test() {
    let lost: Vec<_> = files("snap").into_iter().filter_map(|file| Some(format!("{file}: {}", lost(&file)?))).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// Why nothing looks at a snapshot any more, if that is so.
fn lost(file: &str) -> Option<String> {
    let text = read(file);
    let said = |name: &str| {
        let head = text.lines().skip(1).take_while(|line| *line != "---");
        head.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).next()
    };
    let Some(source) = said("source") else { return Some("it does not say what it is of".to_owned()) };
    let path = Path::new(file);
    let beside = path.parent().and_then(Path::parent);
    if beside != Path::new(source).parent() {
        return Some(format!("it is not beside {source}"));
    }
    let Ok(code) = fs::read_to_string(root().join(source)) else { return Some(format!("there is no {source}")) };
    if let Some(input) = said("input_file") {
        return (!root().join(input).exists()).then(|| format!("there is no {input}"));
    }
    // The name is that of the test, with a number where it takes several, or one that is given in the code.
    let stem = path.file_stem()?.to_str()?;
    let name = stem.rsplit("__").next()?;
    let test = name.rsplit_once('-').filter(|(_, number)| number.parse::<u32>().is_ok()).map_or(name, |(test, _)| test);
    let is_there = code.contains(&format!("fn {test}(")) || code.contains(&format!("\"{name}\""));
    (!is_there).then(|| format!("{source} has no {name}"))
}

#[test]
fn a_snapshot_that_nothing_looks_at_is_seen() {
    let of = |snapshot| lost(&format!("tests/tests/docs/snapshots/all__docs__machinery__{snapshot}.snap"));
    assert_eq!(of("whatever_is_wrong_is_shown_and_mended"), None);
    let folder = tempfile::TempDir::new_in(root().join("target")).expect("a temporary folder");
    let path = folder.path().join("x__some_test.snap");
    let file = path.strip_prefix(root()).expect("it is in the workspace").to_str().expect("text").to_owned();
    for (source, why) in [
        ("tests/tests/tidy/main.rs", Some("it is not beside tests/tests/tidy/main.rs".to_owned())),
        ("target/gone.rs", Some("there is no target/gone.rs".to_owned())),
    ] {
        fs::write(&path, format!("---\nsource: {source}\n---\n")).expect("a snapshot is written");
        assert_eq!(lost(&file), why);
    }
}

#[test]
fn readers_run_the_tests_as_ci_does() {
    let ci = read(".ci/run");
    let last = ci.lines().last().and_then(|line| line.strip_prefix("step ")).expect("a last step");
    let command = format!("$ {}", last.replace(" --locked", ""));
    assert!(read("README.md").lines().any(|line| line == command), "README.md shows {command}");
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All files of the repository with this extension, in order, as seen from its root.
fn files(extension: &str) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder can be read") {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("a file has a type").is_dir() {
                // What is built, and what belongs to tools.
                if path != Path::new("target") && !entry.file_name().to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|of| of == extension) {
                files.push(path.to_str().expect("names are text").to_owned());
            }
        }
    }
    files.sort();
    files
}
