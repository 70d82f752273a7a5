//! Tells how to continue a search that was stopped.

use std::ffi::OsString;

use afresh_trace::text::without_passwords;

use super::files::Places;
use crate::console::Console;
use crate::shell::quote;
use crate::worker;

/// Prints the command that continues the search, if there is a walk to continue from.
pub(super) fn say_how_to_go_on(places: &Places, console: &Console) {
    if places.walk.is_none() {
        return;
    }
    let mut words = resuming(worker::words().0);
    if words.is_empty() {
        words.push("afresh".into());
    }
    let has_password = words.iter().any(|word| without_passwords(&word.to_string_lossy()) != word.to_string_lossy());
    let help = if has_password { "  help: add the password that this line leaves out\n" } else { "" };
    let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
    console.say(&format!("To continue: {}\n{help}", words.join(" ")));
}

/// Returns the command line that continues the search started by `words`, without its limits of runs and time.
fn resuming(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words.into_iter();
    let mut resuming = Vec::new();
    // After `--` comes the command, whose words may look like options.
    while let Some(word) = words.next().filter(|word| word != "--") {
        match word.to_str() {
            Some("--runs" | "--time") => drop(words.next()),
            Some("--force" | "--resume") => {}
            Some(budget) if budget.starts_with("--runs=") || budget.starts_with("--time=") => {}
            _ => resuming.push(word),
        }
    }
    resuming.push("--resume".into());
    let command: Vec<_> = words.collect();
    if !command.is_empty() {
        resuming.push("--".into());
    }
    resuming.extend(command);
    resuming
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_go_on_is_the_same_without_its_budget() {
        let of = |line: &str| {
            let words: Vec<_> =
                resuming(line.split(' ').map(Into::into)).into_iter().map(|word| word.into_string()).collect();
            words.into_iter().collect::<Result<Vec<_>, _>>().unwrap().join(" ")
        };
        assert_eq!(of("afresh shrink t --runs 5 --time=5m -o x --force"), "afresh shrink t -o x --resume");
        assert_eq!(of("afresh shrink t --resume -- cmd --runs 5 {}"), "afresh shrink t --resume -- cmd --runs 5 {}");
    }
}
