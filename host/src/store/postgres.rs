//! A store in a database of Postgres.
