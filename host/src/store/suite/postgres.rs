//! The suite over a store in Postgres, on the server that `tests/postgres.sh` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use afresh_trace::row::Row;
use postgres::{Client, NoTls};

use super::super::{Error, Postgres, Store};
use super::{Place, header, read, row, taken};

/// The variable that has the URL of a database in which the tests may do anything.
const URL: &str = "AFRESH_POSTGRES";

/// A schema of its own in the database.
struct Schema {
    url: String,
    name: String,
}

static SCHEMAS: AtomicU32 = AtomicU32::new(1);

/// Creates a schema, or says that the test is left out.
fn schema() -> Option<Schema> {
    let Ok(url) = std::env::var(URL) else {
        println!("skipped: {URL} is not set; run tests/postgres.sh");
        return None;
    };
    let name = format!("s{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let schema = Schema { url, name };
    schema.client().batch_execute(&format!("CREATE SCHEMA {}", schema.name)).expect("a schema is created");
    Some(schema)
}

impl Schema {
    fn url(&self) -> String {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{mark}options=-c%20search_path%3D{}", self.url, self.name)
    }

    fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the server runs")
    }

    fn postgres(&self) -> Postgres {
        Postgres::new(&self.url()).expect("the URL is valid")
    }

    /// Runs SQL as somebody who is not Afresh.
    fn run(&self, sql: &str) -> Result<(), String> {
        self.client().batch_execute(sql).map_err(|error| error.as_db_error().map_or(String::new(), |e| e.to_string()))
    }

    /// Waits until the server has noticed that a connection is gone, and has opened its lock.
    fn unlocked(&self) {
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 'lease'::regclass::oid";
        let mut client = self.client();
        while client.query_one(locks, &[]).expect("locks can be listed").get::<_, i64>(0) > 0 {}
    }

    /// Ends all connections to this schema but one, as a restart of the server does.
    fn disconnect(&self) {
        let others = "SELECT pg_terminate_backend(a.pid, 10000) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) \
                      WHERE l.locktype = 'advisory' AND l.objid = 'lease'::regclass::oid";
        self.client().query(others, &[]).expect("connections can be ended");
    }
}

impl Place for Schema {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.postgres())
    }

    fn expire(&self) {
        self.run("UPDATE lease SET ends = 0").expect("the lease is changed");
    }
}

super::suite!(schema());

#[test]
fn a_nul_is_refused() {
    let Some(schema) = schema() else { return };
    let mut store = taken(&schema);
    let refused = store.append(&[Row { body: Some("a\0b".into()), ..row(1) }]).expect_err("it is refused").to_string();
    assert!(refused.contains("event 1 has a text with a NUL character, which Postgres cannot hold"), "{refused}");
    store.append(&[row(1)]).expect("a row is appended");
}

#[test]
fn rows_are_never_changed() {
    let Some(schema) = schema() else { return };
    taken(&schema).append(&[row(1), row(2)]).expect("rows are appended");
    for (sql, why) in [
        ("UPDATE journal SET body = '0' WHERE number = 2", "the journal is append-only: its rows are never changed"),
        ("DELETE FROM journal", "the journal is append-only: its rows are never deleted"),
        ("TRUNCATE journal", "the journal is append-only: its rows are never deleted"),
        ("INSERT INTO journal (number, kind, checksum) VALUES (4, 'in', 0)", "expected a row with the next number"),
        ("INSERT INTO journal (number, kind, checksum) VALUES (0, 'in', 0)", "expected a row with the next number"),
        (
            "INSERT INTO journal (number, kind, checksum) VALUES (2, 'in', 0) ON CONFLICT (number) DO UPDATE SET body = ''",
            "its rows are never changed",
        ),
        ("UPDATE store SET header = '{}'", "the header of a journal is never changed"),
        ("DELETE FROM store", "the header of a journal is never deleted"),
        ("TRUNCATE store", "the header of a journal is never deleted"),
        ("TRUNCATE lease", "the lease of a store is never deleted"),
    ] {
        let refused = schema.run(sql).expect_err(sql);
        assert!(refused.contains(why), "{sql}: {refused}");
    }
    assert_eq!(read(&mut schema.postgres()).expect("it can be read"), [row(1), row(2)]);
}

#[test]
fn damage_is_noticed() {
    for (sql, event) in [
        ("UPDATE journal SET body = replace(body, '2', '3')", 2),
        ("UPDATE journal SET key = '' WHERE number = 2", 2),
        ("DELETE FROM journal WHERE number = 1", 1),
        ("DELETE FROM journal WHERE number = 3", 3),
        ("UPDATE store SET header = replace(header, '7', '8')", 1),
    ] {
        let Some(schema) = schema() else { return };
        taken(&schema).append(&[row(1), row(2), row(3)]).expect("rows are appended");
        schema
            .run(&format!("ALTER TABLE journal DISABLE TRIGGER USER; ALTER TABLE store DISABLE TRIGGER USER; {sql}"))
            .expect(sql);
        match read(&mut schema.postgres()) {
            Err(Error::Damaged { event: at, .. }) => assert_eq!(at.get(), event, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_dead_process_makes_room_at_once() {
    let Some(schema) = schema() else { return };
    drop(taken(&schema));
    schema.unlocked();
    let stalled = taken(&schema);
    schema.expire();
    let next = taken(&schema);
    drop(stalled);
    schema.unlocked();
    assert!(matches!(schema.postgres().take(&header()), Err(Error::Held { .. })));
    drop(next);
    // The next holder died without the lock, so its lease has to end first.
    assert!(matches!(schema.postgres().take(&header()), Err(Error::Held { .. })));
    schema.expire();
    taken(&schema);
}

#[test]
fn a_lost_connection_is_opened_again() {
    let Some(schema) = schema() else { return };
    let mut store = schema.postgres();
    store.take(&header()).expect("the lease is free");
    store.append(&[row(1)]).expect("a row is appended");
    schema.disconnect();
    let lost = store.append(&[row(2)]);
    assert!(matches!(lost, Err(Error::Failed { .. })), "{lost:?}");
    store.append(&[row(2)]).expect("a row is appended over another connection");
    // It has the lock again.
    assert!(matches!(schema.postgres().take(&header()), Err(Error::Held { .. })));
    assert_eq!(read(&mut store).expect("it can be read"), [row(1), row(2)]);
    drop(store);
    schema.unlocked();
    taken(&schema);
}

#[test]
fn a_store_works_inside_a_runtime() {
    let Some(schema) = schema() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut store = taken(&schema);
        store.append(&[row(1)]).expect("a row is appended");
        assert_eq!(read(&mut *store).expect("it can be read"), [row(1)]);
        store.release().expect("it holds the lease");
    });
}

#[test]
fn other_tables_and_other_schemas_are_refused() {
    let Some(schema) = schema() else { return };
    schema.run("CREATE TABLE store (name TEXT)").expect("a table is created");
    assert!(matches!(schema.postgres().header(), Err(Error::NotAStore { .. })));
    assert!(matches!(schema.postgres().take(&header()), Err(Error::NotAStore { .. })));
    schema.run("CREATE TABLE journal (name TEXT); CREATE TABLE lease (name TEXT)").expect("tables are created");
    assert!(matches!(schema.postgres().take(&header()), Err(Error::NotAStore { .. })));
    let Some(other) = self::schema() else { return };
    taken(&other).append(&[row(1)]).expect("a row is appended");
    other.run("ALTER TABLE store DISABLE TRIGGER USER; UPDATE store SET schema = 2").expect("it is changed");
    assert!(matches!(other.postgres().header(), Err(Error::Schema { found: 2, .. })));
}

#[test]
fn a_server_that_is_not_there_is_an_error_without_the_password() {
    let mut store = Postgres::new("postgres://ann:secret@127.0.0.1:1/ledger").expect("the URL is valid");
    let text = store.header().expect_err("nobody listens there").to_string();
    assert!(text.starts_with("postgres://ann@127.0.0.1:1/ledger: error connecting to server"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let text = Postgres::new("postgres://ann:secret@host:port/ledger").expect_err("no port").to_string();
    assert!(text.contains("this is not a URL of Postgres") && !text.contains("secret"), "{text}");
}
