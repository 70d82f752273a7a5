//! The options of the subcommands: a file has a word in each line. Nothing is run but the reader of the options.

use afresh::cli::command;
use afresh::rng::Rng;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};

use crate::processes::{Binary, ended};
use crate::{Target, mutate};

/// The options, as the command line describes them, and a binary that says why they are wrong.
pub(crate) struct Options {
    binary: Binary,
    command: Command,
    subcommands: Vec<Subcommand>,
}

/// A subcommand, with the arguments that it has.
struct Subcommand {
    command: Command,
    arguments: Vec<Argument>,
}

/// An argument, with the values that it takes.
struct Argument {
    arg: Arg,
    values: Vec<&'static str>,
    is_needed: bool,
}

/// Values, some of which each argument takes.
const VALUES: [&str; 40] = [
    "0",
    "1",
    "3",
    "18446744073709551615",
    "0.5",
    "90",
    "5m",
    "1h 30m",
    "500MB",
    "2GiB",
    "1/2",
    "0..20",
    "7..",
    "1..9",
    "ledger",
    "replica",
    "t.jsonl",
    "folder",
    "./-",
    "-",
    "a/b.html",
    "id=.id",
    "from==bank",
    "kind=.way",
    "body=.a.b",
    "out:a",
    "out:items.*.id",
    "stale",
    "rejected",
    "in",
    "view",
    "json",
    "incremental",
    "csv",
    ",",
    "m-1",
    "é",
    "a name with blanks",
    "incremental/balance",
    "",
];

/// Command lines that are right.
const LINES: [&str; 14] = [
    "run ledger --seed 3 --timeout 5 --memory 2GB --format json",
    "explore ledger --seeds 0..2 --shard 1/2 --time 1 --jobs 1 --output found --no-shrink --timeout 5s --memory 2GB",
    "import rows.csv --system ledger --map id=.id --map from==bank --map body=.body --delimiter , --skip-bad",
    "replay ledger-small.jsonl --policy incremental --format json --ignore out:a",
    "replay ledger-small.jsonl --until 5 --system ledger",
    "check ledger-small.jsonl --budget 1000 --deny stale --jobs 1 --timeout 5 --memory 2GB",
    "check ledger-small.jsonl --laws --time 1 --format json",
    "shrink ledger-receipt-stays.jsonl --runs 3 --force --confirm 1 --jobs 1 --verbatim --time 1 --signature outputs",
    "show ledger-small.jsonl --range 1..9 --key a-1 --kind in --views --full",
    "show ledger-small.jsonl --differences --format json",
    "reflow ledger-small.jsonl --message m-1001 --dry-run",
    "trigger ledger-small.jsonl --key a-1 --dry-run",
    "migrate ledger-small.jsonl --flow fees-v2 --on --all --dry-run",
    "scrub ledger-small.jsonl --all --dry-run",
];

impl Options {
    pub(crate) fn new(binary: Binary) -> Self {
        let mut command = command(&afresh_fixtures::systems());
        command.build();
        let with_arguments = |subcommand: &Command| {
            let arguments = subcommand.get_arguments().filter(|arg| is_read(arg)).map(|arg| argument(subcommand, arg));
            Subcommand { command: subcommand.clone(), arguments: arguments.collect() }
        };
        let subcommands = command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help");
        let subcommands = subcommands.map(with_arguments).collect();
        Self { binary, command, subcommands }
    }

    fn parse(&self, words: &[&str]) -> Result<(), clap::Error> {
        self.command.clone().try_get_matches_from([&["afresh"], words].concat()).map(drop)
    }
}

/// Returns whether an argument is more than a request for help.
fn is_read(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
}

fn argument(subcommand: &Command, arg: &Arg) -> Argument {
    let takes = |value: &&str| {
        let word = word(arg, value);
        let parsed = subcommand.clone().no_binary_name(true).try_get_matches_from(word);
        let kind = parsed.err().map(|error| error.kind());
        !matches!(kind, Some(ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::UnknownArgument))
    };
    let groups = subcommand.get_groups().filter(|group| group.is_required_set());
    let is_needed = arg.is_required_set() || groups.flat_map(|group| group.get_args()).any(|id| id == arg.get_id());
    Argument { arg: arg.clone(), values: VALUES.into_iter().filter(takes).collect(), is_needed }
}

/// Returns the words of an argument with a value.
fn word(arg: &Arg, value: &str) -> Vec<String> {
    match (arg.get_long(), arg.get_action()) {
        (None, _) if arg.is_last_set() => vec!["--".to_owned(), value.to_owned()],
        (None, _) => vec![value.to_owned()],
        (Some(long), ArgAction::SetTrue) => vec![format!("--{long}")],
        (Some(long), _) => vec![format!("--{long}={value}")],
    }
}

impl Target for Options {
    fn corpus(&self) -> Vec<Vec<u8>> {
        LINES.map(|line| line.replace(' ', "\n").into_bytes()).into()
    }

    /// Draws a command line with valid values. Every third one is damaged.
    fn draw(&self, corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
        let Subcommand { command, arguments } = &self.subcommands[rng.place(self.subcommands.len())];
        let mut words = vec![command.get_name().to_owned()];
        let mut drawn: Vec<&Arg> = Vec::new();
        let mut order: Vec<_> = arguments.iter().filter(|argument| !argument.values.is_empty()).collect();
        for place in 0..order.len() {
            let other = place + rng.place(order.len() - place);
            order.swap(place, other);
        }
        // What follows `--` is the last.
        order.sort_by_key(|argument| (argument.arg.is_last_set(), !argument.is_needed));
        for Argument { arg, values, is_needed } in order {
            let conflicts = |one: &Arg, other: &Arg| {
                command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
            };
            let is_free = drawn.iter().all(|other| !conflicts(arg, other) && !conflicts(other, arg));
            if is_free && (*is_needed || rng.below(6) == 0) {
                words.extend(word(arg, values[rng.place(values.len())]));
                drawn.push(arg);
            }
        }
        let line = words.join("\n").into_bytes();
        match rng.below(3) {
            0 => mutate::damaged(&[&[line], corpus].concat(), rng),
            _ => line,
        }
    }

    fn read(&self, file: &[u8]) -> Result<bool, String> {
        let text = String::from_utf8_lossy(file).replace('\0', "");
        let words: Vec<_> = text.split('\n').collect();
        if self.parse(&words).is_ok() {
            return Ok(true);
        }
        // It is refused before anything is run.
        let done = self.binary.run(&words).map_err(|error| error.to_string())?;
        ended(&done).map(|_| false)
    }
}
