//! `afresh init`: makes a folder with a first system, a trace and a test.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afresh_trace::format::{Error, Problem};
use afresh_trace::text::escape;

use crate::console::{CliError, Console};
use crate::shell::quote;

/// Make a folder with a first system, a trace and a test, which run at once.
///
/// The system counts the pieces of each item. Replace it with your own: `docs/protocol.md` describes the questions that
/// a program answers, and `docs/writing-a-system.md` a system in Rust.
///
/// Exit codes: 0 made; 2 bad usage, or a file cannot be written. No existing file is overwritten.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name of the system, which traces call it by: small letters, digits and `-`.
    #[arg(value_parser = name)]
    name: String,

    /// The language of the system.
    #[arg(long, short, value_enum)]
    language: Language,

    /// The folder to make [default: the name of the system].
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,
}

/// A language, and the files of its first system.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Language {
    /// Python, with its standard library.
    Python,
    /// TypeScript, which Node 22.18 or later runs as it is.
    #[value(alias = "node")]
    Typescript,
    /// Java 17 or later, with its standard library.
    Java,
    /// Go 1.19 or later, with its standard library.
    Go,
    /// Rust, with the library of Afresh.
    Rust,
}

/// A file: its path and its content, both with the name of the system in some places.
///
/// The path has it only where the language needs that: a file `json.py` would be taken for the library of that name. Go
/// ignores some files whose names end in `_test` or `_linux`.
type Template = (&'static str, &'static str);

/// The trace that every first system gets.
const TRACE: Template = ("traces/first.jsonl", include_str!("templates/first.jsonl"));

/// Declares the program to Afresh.
const DECLARED: Template = ("afresh.toml", include_str!("templates/afresh.toml"));

impl Language {
    fn files(self) -> &'static [Template] {
        match self {
            Self::Python => &[
                ("system.py", include_str!("templates/python/system.py")),
                ("afresh.py", include_str!("../../../../examples/orders/python/afresh.py")),
                ("test_system.py", include_str!("templates/python/test.py")),
                DECLARED,
                TRACE,
            ],
            Self::Typescript => &[
                ("system.ts", include_str!("templates/typescript/system.ts")),
                ("afresh.ts", include_str!("../../../../examples/orders/typescript/afresh.ts")),
                ("system.test.ts", include_str!("templates/typescript/test.ts")),
                ("node.d.ts", include_str!("../../../../examples/orders/typescript/node.d.ts")),
                ("package.json", include_str!("../../../../examples/orders/typescript/package.json")),
                ("tsconfig.json", include_str!("../../../../examples/orders/typescript/tsconfig.json")),
                DECLARED,
                TRACE,
            ],
            Self::Java => &[
                ("{{class}}.java", include_str!("templates/java/system.java")),
                ("Afresh.java", include_str!("../../../../examples/orders/java/Afresh.java")),
                ("Json.java", include_str!("../../../../examples/orders/java/Json.java")),
                ("{{class}}Test.java", include_str!("templates/java/test.java")),
                DECLARED,
                TRACE,
            ],
            Self::Go => &[
                ("main.go", include_str!("templates/go/main.txt")),
                ("afresh.go", include_str!("../../../../examples/orders/go/afresh.go")),
                ("main_test.go", include_str!("templates/go/test.txt")),
                ("go.mod", include_str!("templates/go/mod.txt")),
                DECLARED,
                TRACE,
            ],
            Self::Rust => &[
                ("Cargo.toml", include_str!("templates/rust/Cargo.txt")),
                ("src/lib.rs", include_str!("templates/rust/lib.txt")),
                ("src/main.rs", include_str!("templates/rust/main.txt")),
                ("tests/traces.rs", include_str!("templates/rust/test.txt")),
                TRACE,
            ],
        }
    }

    /// The command that runs the system, for `afresh.toml`.
    fn command(self) -> &'static str {
        match self {
            Self::Python => "\"python3 system.py\"",
            Self::Typescript => "\"node system.ts\"",
            Self::Java => "\"java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp target {{class}}\"",
            Self::Go => "\"target/{{name}}\"",
            Self::Rust => "",
        }
    }

    /// The commands that build the system and check the trace, and that run the test.
    fn next(self) -> [&'static str; 2] {
        match self {
            Self::Python => ["afresh check traces/first.jsonl", "python3 -m unittest"],
            Self::Typescript => ["afresh check traces/first.jsonl", "node --test"],
            Self::Java => {
                ["javac -d target *.java && afresh check traces/first.jsonl", "java -cp target {{class}}Test"]
            }
            Self::Go => ["go build -o target/{{name}} . && afresh check traces/first.jsonl", "go test"],
            Self::Rust => ["cargo run -- check traces/first.jsonl", "INSTA_UPDATE=always cargo test"],
        }
    }
}

/// Checks the name of a system.
fn name(text: &str) -> Result<String, String> {
    let is_part = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
    if begins && text.chars().all(is_part) && !text.ends_with('-') && !text.contains("--") {
        Ok(text.to_owned())
    } else {
        Err("expected small letters, digits and single `-`, such as order-book, beginning with a letter".into())
    }
}

/// Makes the folder.
pub(super) fn main(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let folder = args.folder.clone().unwrap_or_else(|| args.name.as_str().into());
    let filled = |text: &str| fill(text, &args.name, args.language.command());
    let files: Vec<_> =
        args.language.files().iter().map(|(path, text)| (folder.join(filled(path)), filled(text))).collect();
    // All files are looked at before any is written, so that nothing is left half made.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let path = path.display().to_string();
        return Err(CliError::Usage(format!(
            "{}: already exists, and is not overwritten\n  help: choose another folder with `--folder`",
            escape(&path)
        )));
    }
    for (path, text) in &files {
        write(path, text).map_err(|error| Error::file(path.display().to_string(), Problem::Write(error)))?;
    }
    let mut report = format!("made {} with:\n", escape(&folder.display().to_string()));
    for (path, _) in &files {
        let path = path.strip_prefix(&folder).unwrap_or(path);
        report += &format!("  {}\n", escape(&path.display().to_string()));
    }
    let [check, test] = args.language.next().map(filled);
    report +=
        &format!("to check its trace and to run its test:\n  cd {}\n  {check}\n  {test}\n", quote(folder.as_os_str()));
    console.print(&report)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a new file, in a folder that is made if it is not there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Fills in the name of the system, in the forms that languages need, and the versions of packages.
fn fill(text: &str, name: &str, command: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
    });
    text.replace("{{command}}", command)
        .replace("{{afresh}}", &package("sim/afresh", ""))
        .replace("{{snapshots}}", &package("sim/afresh", ", features = [\"snapshots\"]"))
        .replace("{{core}}", &package("core", ""))
        // With a last word of their own, these are no names of a library: `String`, `json`, `std`.
        .replace("{{class}}", &(words.collect::<String>() + "System"))
        .replace("{{package}}", &format!("{name}-system"))
        .replace("{{crate}}", &(name.replace('-', "_") + "_system"))
        .replace("{{name}}", name)
}

/// Returns the dependency on a package of Afresh: the source from which this program was built, if it is still there,
/// or the version that was published.
fn package(folder: &str, more: &str) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(|root| root.join(folder));
    match source.filter(|source| source.join("Cargo.toml").is_file()) {
        Some(source) => format!("{{ path = {:?}{more} }}", source.display().to_string()),
        None => format!("{{ version = {:?}{more} }}", env!("CARGO_PKG_VERSION")),
    }
}
