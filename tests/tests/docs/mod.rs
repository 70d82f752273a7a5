//! Runs every command in the documents, and compares the output with the document.
//!
//! A document shows commands in fenced blocks marked `console`:
//!
//! ```text
//! $ afresh check fixtures/traces/night.jsonl
//! fixtures/traces/night.jsonl: 1 finding; 20 stimuli, 3 keys
//! …
//! # exit 1
//! $ afresh shrink fixtures/traces/night.jsonl \
//! >     --output small.jsonl
//! ```
//!
//! The commands run in the order of the document, in a new folder for each document. The folder resembles the root of
//! the repository. Both output streams are shown. A line `…` stands for any number of lines. If no exit code is
//! shown, it may be 0 or 1. `cargo run … -- WORDS` runs the binary. Any other cargo command must be one that
//! `.ci/run` runs.
//!
//! `AFRESH_UPDATE_DOCS=1 cargo test --package afresh-tests --test all docs` writes the actual output into the
//! documents.

mod cargo;
mod excerpts;
mod machinery;
mod transcript;
mod workplace;

use std::fs;
use std::path::{Path, PathBuf};

use afresh_tests::root;
use transcript::Document;
use workplace::Workplace;

const UPDATE: &str = "AFRESH_UPDATE_DOCS";

#[test]
fn every_command_shown_prints_what_is_shown() {
    let update = std::env::var_os(UPDATE).is_some();
    let mut wrong = String::new();
    for path in documents() {
        let name = path.strip_prefix(root()).expect("it was found there").display();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut document = Document::read(&text).unwrap_or_else(|why| panic!("{name}:{why}"));
        let differences = run(&mut document, update).unwrap_or_else(|why| panic!("{name}:{why}"));
        if update && document.text() != text {
            fs::write(&path, document.text()).expect("the document is written");
        }
        wrong.extend(differences.into_iter().map(|difference| format!("{name}:{difference}\n")));
    }
    assert!(
        wrong.is_empty(),
        "{wrong}If what is printed is right: {UPDATE}=1 cargo test --package afresh-tests --test all docs\n\
         and read the difference before you commit it."
    );
}

/// Runs the commands of a document in a folder of its own. Returns the differences, or writes them into the document
/// if `update` is set.
///
/// # Errors
///
/// If the document has a command that no test would run.
fn run(document: &mut Document, update: bool) -> Result<Vec<String>, String> {
    let workplace = Workplace::new();
    let mut differences = Vec::new();
    for shown in document.commands() {
        let place = format!("{}: $ {}", shown.line, shown.command);
        let Some(command) = cargo::resolve(&shown.command).map_err(|why| format!("{}: {why}", shown.line))? else {
            if shown.output.is_empty() && shown.exit.is_none() {
                continue;
            }
            return Err(format!("{place}\nis run by .ci/run, where nobody compares what it prints"));
        };
        let printed = workplace.run(&command);
        if update {
            shown.update(printed);
        } else {
            differences.extend(shown.difference(&printed).map(|difference| format!("{place}\n{difference}")));
        }
    }
    Ok(differences)
}

/// Returns the documents of the repository, sorted.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<_> =
        ["README.md", "CONTRIBUTING.md", "fixtures/traces/README.md"].map(|name| root().join(name)).into();
    documents.retain(|path| path.exists());
    find(&root().join("docs"), &mut documents);
    find(&root().join("examples"), &mut documents);
    documents.sort();
    documents
}

/// Adds the documents in a folder, if the folder exists.
fn find(folder: &Path, documents: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
}
