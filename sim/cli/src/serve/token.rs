//! `afresh token`: makes a token for a caller of a service.

use std::path::PathBuf;
use std::process::ExitCode;

use afresh_host::http::{Role, Token};
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::source::{Format, path};

/// Make a token with which a person or a program may call a service, and print it once.
///
/// The file keeps only a hash of the token, so the token cannot be read from it. To withdraw a token, remove its line,
/// and start the service again.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = "\
Callers send the token as `Authorization: Bearer TOKEN`. Knobs on a service take it from the environment variable \
AFRESH_TOKEN.

Exit codes: 0 made; 2 bad usage, or the file cannot be written.")]
pub(crate) struct Args {
    /// The name of the person or the program. The journal records it with each knob that they turn.
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What the token allows; repeat the option for more roles.
    #[arg(long = "role", value_name = "ROLE", required = true, value_enum)]
    roles: Vec<Allowed>,

    /// The file to append the hash of the token to. It is made if it does not exist, and only its owner can read it.
    #[arg(long, value_name = "PATH", value_parser = path())]
    tokens: PathBuf,

    /// The format of the output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Allowed {
    /// Read keys, messages, events and metrics.
    Read,
    /// Offer messages, and nothing else.
    Offer,
    /// Everything, knobs included.
    Operate,
}

/// The report for programs.
#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    token: &'a str,
}

/// Makes the token, and prints it.
pub(crate) fn main(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let roles = args.roles.iter().map(|role| match role {
        Allowed::Read => Role::Read,
        Allowed::Offer => Role::Offer,
        Allowed::Operate => Role::Operate,
    });
    let usage = |error: afresh_host::http::TokenError| CliError::Usage(error.to_string());
    let (token, text) = Token::new(&args.name, roles.collect()).map_err(usage)?;
    token.append(&args.tokens).map_err(usage)?;
    match args.format {
        Format::Json => console.print(&json("token", &Report { name: &args.name, token: &text }))?,
        Format::Text => console.print(&format!("{text}\n"))?,
    }
    Ok(ExitCode::SUCCESS)
}
