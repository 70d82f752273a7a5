//! The table of mutations in the documentation.

use std::collections::BTreeMap;

use super::{Mutation, mutations};

/// The document that has the table, relative to the root of the repository.
pub const DOCUMENT: &str = "docs/testing.md";

/// The names of the columns, which are those of the commands that may notice a mutation.
pub const COLUMNS: [&str; 4] = ["check", "laws", "explore", "planted"];

const BEGIN: &str = "<!-- mutations: begin, written by `cargo run -p afresh-tests --bin mutations -- --write` -->";
const END: &str = "<!-- mutations: end -->";

/// The table as it is in the document: the line of each mutation, by the file and the name of the mutation.
pub struct Table {
    before: String,
    rows: BTreeMap<String, String>,
    after: String,
}

/// Builds the line of the table for a mutation. `noticed` says of each command whether it noticed the mutation.
pub fn row(mutation: &Mutation, noticed: [bool; COLUMNS.len()]) -> String {
    let cells: Vec<_> = noticed.iter().map(|noticed| if *noticed { "yes" } else { "–" }).collect();
    format!("{}{} |", start(mutation), cells.join(" | "))
}

/// The beginning of the line of a mutation.
fn start(mutation: &Mutation) -> String {
    format!("| `{}` | {} | ", mutation.file, mutation.what)
}

impl Table {
    /// Reads the table from the text of the document.
    ///
    /// # Panics
    ///
    /// Panics if the document has no table, or if a line of the table is of no mutation.
    pub fn read(document: &str) -> Self {
        let (before, rest) = document.split_once(BEGIN).expect("the document has a table");
        let (table, after) = rest.split_once(END).expect("the table ends");
        let lines = table.lines().filter(|line| line.starts_with("| `"));
        let rows = lines.map(|line| {
            let cells: Vec<_> = line.split(" | ").collect();
            let name = cells[..cells.len().saturating_sub(COLUMNS.len())].join(" | ");
            (format!("{name} | "), line.to_owned())
        });
        Self { before: before.to_owned(), rows: rows.collect(), after: after.to_owned() }
    }

    /// Replaces the line of a mutation.
    pub fn set(&mut self, mutation: &Mutation, row: String) {
        self.rows.insert(start(mutation), row);
    }

    /// Returns `true` if a command noticed the mutation, or `None` if the table does not have the mutation.
    pub fn noticed(&self, mutation: &Mutation) -> Option<bool> {
        self.rows.get(&start(mutation)).map(|row| row.contains("| yes |"))
    }

    /// The document with the table of all mutations of the list. Lines of other mutations are dropped.
    pub fn document(&self) -> String {
        let mut table = format!("| file | mutation | {} |\n", COLUMNS.join(" | "));
        table += &format!("| --- | --- | {} |\n", COLUMNS.map(|_| "---").join(" | "));
        let (mut unnoticed, mut seen) = (String::new(), [0; COLUMNS.len() + 1]);
        for mutation in mutations() {
            let Some(row) = self.rows.get(&start(mutation)) else { continue };
            table += &format!("{row}\n");
            let cells: Vec<_> = row.trim_end_matches(" |").rsplit(" | ").take(COLUMNS.len()).collect();
            for (place, _) in cells.iter().rev().enumerate().filter(|(_, cell)| **cell == "yes") {
                seen[place] += 1;
            }
            seen[COLUMNS.len()] += usize::from(cells.contains(&"yes"));
            if !mutation.unnoticed.is_empty() {
                unnoticed += &wrapped(&format!("{}: {}", mutation.what, mutation.unnoticed));
            }
        }
        let counts: Vec<_> = COLUMNS.iter().zip(&seen).map(|(column, count)| format!("{column} {count}")).collect();
        let rows = table.lines().count() - 2;
        let sum = format!("{} of {rows} mutations are noticed: by {}.", seen[COLUMNS.len()], counts.join(", "));
        if !unnoticed.is_empty() {
            unnoticed = format!("\nNo command notices these:\n\n{unnoticed}");
        }
        format!("{}{BEGIN}\n\n{sum}\n\n{table}{unnoticed}\n{END}{}", self.before, self.after)
    }
}

/// An item of a list, in lines of at most 120 columns.
fn wrapped(text: &str) -> String {
    let (mut wrapped, mut line) = (String::new(), "*".to_owned());
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 120 {
            wrapped += &format!("{line}\n");
            line = " ".to_owned();
        }
        line += &format!(" {word}");
    }
    format!("{wrapped}{line}\n")
}
