//! Leaves out the passwords of URLs.

/// Leaves out the passwords of the URLs in a word of a command line: `postgres://ann@db/ledger` for
/// `postgres://ann:secret@db/ledger`. Also leaves out parameters with `password` in their names.
///
/// The word may be a URL, `--option=URL`, or a line of several words. Where it is unclear what belongs to a password,
/// rather more than that is left out.
pub fn without_passwords(word: &str) -> String {
    let (before, value) = match word.split_once('=') {
        Some((option, url)) if !is_url(word) && is_url(url) => word.split_at(option.len() + 1),
        _ => ("", word),
    };
    if is_url(value) {
        return before.to_owned() + &url(value);
    }
    let ends = |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '`');
    word.split_inclusive(ends).map(url).collect()
}

fn is_url(text: &str) -> bool {
    let is_of_scheme = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
    text.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(is_of_scheme))
}

/// Leaves out the password of one URL, which may begin in the middle of the text.
fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let shown = match user.split_once(':') {
        // Postgres takes all characters before an `@` for a password. For others, a port and a path can be there.
        Some((_, port)) if !scheme.contains("postgres") && is_port(port) => rest.to_owned(),
        Some((user, _)) => format!("{user}@{place}"),
        None => rest.to_owned(),
    };
    let (address, query) = shown.split_once('?').unwrap_or((&shown, ""));
    let is_shown = |part: &&str| !part.split('=').next().unwrap_or_default().contains("password");
    let query: Vec<_> = query.split('&').filter(|part| !part.is_empty()).filter(is_shown).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{address}{mark}{}", query.join("&"))
}

/// Returns whether a text begins with a port, and goes on with a path.
fn is_port(text: &str) -> bool {
    let path = text.trim_start_matches(|character: char| character.is_ascii_digit());
    path.len() < text.len() && path.starts_with(['/', '?', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_no_password() {
        for (word, shown) in [
            ("sqlite:a@b:c.db", "sqlite:a@b:c.db"),
            ("night.jsonl", "night.jsonl"),
            ("http://127.0.0.1:7007/a@b?c=d", "http://127.0.0.1:7007/a@b?c=d"),
            ("postgres://ann@db/ledger", "postgres://ann@db/ledger"),
            ("postgres://ann:secret@db:5432/ledger", "postgres://ann@db:5432/ledger"),
            ("postgresql://ann:se@cret@db/ledger?sslmode=disable", "postgresql://ann@db/ledger?sslmode=disable"),
            ("postgres://ann:se/cr?et@db/ledger", "postgres://ann@db/ledger"),
            ("postgres://ann:12/secret@db/ledger", "postgres://ann@db/ledger"),
            ("postgres://ann:sec ret@db/ledger", "postgres://ann@db/ledger"),
            ("postgres://:secret@db", "postgres://@db"),
            ("postgres:///ledger?password=secret&host=db", "postgres:///ledger?host=db"),
            ("postgres:///ledger?sslpassword=secret", "postgres:///ledger"),
            ("mysql://ann:secret@db/ledger", "mysql://ann@db/ledger"),
            ("https://ann:secret@db:80/ledger", "https://ann@db:80/ledger"),
            ("http://ann:sec/ret@db/ledger", "http://ann@db/ledger"),
            ("--into=postgres://ann:sec ret@db/ledger", "--into=postgres://ann@db/ledger"),
            ("statements=http://ann:secret@db/in", "statements=http://ann@db/in"),
            (
                "./test.sh 'postgres://ann:secret@db' http://bob:secret@db {}",
                "./test.sh 'postgres://ann@db' http://bob@db {}",
            ),
        ] {
            assert_eq!(without_passwords(word), shown);
        }
    }
}
