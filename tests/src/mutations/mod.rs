//! Mutations: small breakages of the product, which the product itself must notice.
//!
//! `cargo run -p afresh-tests --bin mutations` makes each of them in a copy of the source, and runs the product on it.
//! The result is the table in `docs/testing.md`.

mod cells;
mod checker;
mod engine;
mod knobs;
mod table;

pub use table::{COLUMNS, DOCUMENT, Table, row};

/// One small breakage of a source file.
#[derive(Clone, Copy, Debug)]
pub struct Mutation {
    /// The path of the file, relative to the root of the repository.
    pub file: &'static str,
    /// The code to replace. It occurs exactly once in the file.
    pub old: &'static str,
    /// The code to put in its place.
    pub new: &'static str,
    /// What is broken, as a short phrase for people. It is the name of the mutation.
    pub what: &'static str,
    /// The reason why no command notices the mutation, or an empty text if one does.
    pub unnoticed: &'static str,
}

/// A mutation that at least one command must notice.
const fn noticed(file: &'static str, what: &'static str, old: &'static str, new: &'static str) -> Mutation {
    Mutation { file, old, new, what, unnoticed: "" }
}

/// A mutation that no command notices, and the reason.
const fn unnoticed(
    file: &'static str,
    what: &'static str,
    old: &'static str,
    new: &'static str,
    unnoticed: &'static str,
) -> Mutation {
    Mutation { file, old, new, what, unnoticed }
}

/// All mutations, in the order of the table.
pub fn mutations() -> impl Iterator<Item = &'static Mutation> {
    [engine::ALL, knobs::ALL, cells::ALL, checker::ALL].into_iter().flatten()
}
