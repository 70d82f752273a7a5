//! Breaks a copy of the product in many small ways, and reports which commands of the product notice each of them.
//!
//! `cargo run -p afresh-tests --bin mutations`

mod afresh;
mod commands;
mod copy;
mod traces;

use std::error::Error;
use std::fs;

use afresh_tests::mutations::{self, Mutation, Table, mutations};
use afresh_tests::root;
use clap::Parser;

use commands::Commands;
use copy::Copy;

/// Break a copy of the product in many small ways, and report which commands notice each of them.
#[derive(Parser)]
#[command(name = "mutations")]
struct Arguments {
    /// Make only the mutations whose file or name contains this text.
    only: Option<String>,
    /// Write the results into the table in docs/testing.md.
    #[arg(long)]
    write: bool,
    /// Make only the mutations that the table does not have yet.
    #[arg(long)]
    new: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let document = root().join(mutations::DOCUMENT);
    let mut table = Table::read(&fs::read_to_string(&document)?);
    let is_wanted = |mutation: &&Mutation| {
        let only = arguments.only.as_deref().unwrap_or_default();
        let named = mutation.file.contains(only) || mutation.what.contains(only);
        named && !(arguments.new && table.noticed(mutation).is_some())
    };
    let wanted: Vec<_> = mutations().filter(is_wanted).collect();
    if wanted.is_empty() {
        // The list may have lost mutations or their order.
        return Ok(fs::write(&document, table.document())?);
    }
    let copy = Copy::new()?;
    let commands = Commands::new(copy.build()?.ok_or("the correct product does not build")?)?;
    let mut wrong = Vec::new();
    for (place, mutation) in wanted.iter().enumerate() {
        eprintln!("{} of {}: {}: {}", place + 1, wanted.len(), mutation.file, mutation.what);
        let Some(broken) = copy.build_with(mutation)? else {
            wrong.push(format!("{}: `{}` does not build", mutation.file, mutation.what));
            continue;
        };
        let noticed = commands.notice(&broken)?;
        let row = mutations::row(mutation, noticed);
        println!("{row}");
        if noticed.contains(&true) != mutation.unnoticed.is_empty() {
            wrong.push(format!("{}: `{}` is noticed, or is not, against the list", mutation.file, mutation.what));
        }
        table.set(mutation, row);
        if arguments.write {
            fs::write(&document, table.document())?;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
