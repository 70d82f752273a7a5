//! Values of `afresh.toml` that the command line sets.

use std::ffi::OsString;

use serde::Deserialize;
use toml::{Table, Value};

use super::File;
use crate::console::CliError;

/// The option that sets one value.
pub(super) const OPTION: &str = "--set";

/// Reads a file of this text, in which each of `settings` takes the place of a value.
pub(super) fn with(text: &str, settings: &[OsString]) -> Result<File, CliError> {
    let wrong = |setting: &OsString, why: &str| {
        CliError::Usage(format!("{OPTION} {}: {}", setting.to_string_lossy(), why.trim_end()))
    };
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| CliError::Usage(error.to_string()))?;
    for setting in settings {
        merge(&mut table, parsed(&setting.to_string_lossy()).map_err(|why| wrong(setting, &why))?);
    }
    File::deserialize(table).map_err(|error| CliError::Usage(format!("{OPTION}: {}", error.to_string().trim_end())))
}

/// Reads `KEY=VALUE` as a line of TOML or, if the value is none of TOML, as a text.
fn parsed(setting: &str) -> Result<Table, String> {
    let Some((key, value)) = setting.split_once('=') else {
        return Err("expected a key and a value, such as systems.orders.timeout=20s".into());
    };
    // What JSON escapes in a text, TOML escapes alike.
    let as_text = || format!("{key} = {}", serde_json::Value::from(value)).parse();
    setting.parse().or_else(|_| as_text()).map_err(|error: toml::de::Error| error.to_string())
}

fn merge(table: &mut Table, more: Table) {
    for (key, value) in more {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}
