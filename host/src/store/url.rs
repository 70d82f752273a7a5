//! The URLs of stores.

use afresh_trace::text::without_passwords;

/// Returns `true` if a text is meant as the URL of a store, and not as the path of a file.
pub fn is_url(text: &str) -> bool {
    path_of(text).is_some() || is_postgres(text)
}

/// Returns the path of the database file, if the text is the URL of a store in SQLite.
pub fn path_of(text: &str) -> Option<&str> {
    text.strip_prefix("sqlite:")
}

pub(super) fn is_postgres(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

/// Returns the name of a store in texts for people: its URL, without a password.
pub fn name_of(url: &str) -> String {
    without_passwords(url)
}

#[cfg(test)]
mod tests {
    use super::super::open;
    use super::*;

    #[test]
    fn a_url_is_not_a_path() {
        assert!(is_url("sqlite:ledger.db") && is_url("postgres://db/ledger") && is_url("postgresql://db/ledger"));
        for path in ["ledger.db", "./sqlite:ledger.db", "night.jsonl", "-", "postgres.jsonl"] {
            assert!(!is_url(path), "{path}");
        }
    }

    #[test]
    fn an_error_names_the_forms() {
        let why = |url| open(url).err().expect("it is refused").to_string();
        assert_eq!(
            why("mysql://ann:secret@db/ledger"),
            "mysql://ann@db/ledger: this is not the URL of a store: expected `sqlite:PATH`, or \
             `postgres://USER@HOST/DATABASE`"
        );
        assert_eq!(why("sqlite:"), "sqlite:: there is no path: expected `sqlite:PATH`");
        assert_eq!(why("sqlite://x"), "sqlite://x: the path begins with `//`: expected `sqlite:PATH`");
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn an_error_names_the_feature_that_is_missing() {
        let why = open("postgres://ann:secret@db/ledger").err().expect("it is refused").to_string();
        assert_eq!(
            why,
            "postgres://ann@db/ledger: this program cannot use Postgres: build it with the feature `postgres` of \
             afresh-host"
        );
    }
}
