//! The suite over a store in SQLite, and what a file can suffer.

use std::fs;
use std::path::PathBuf;

use afresh_core::Header;
use afresh_trace::row::Row;
use rusqlite::Connection;
use tempfile::TempDir;

use super::super::{Error, LEASE, Sqlite, Store};
use super::{Place, header, read, row, taken};

/// A folder with a database.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    fn sqlite(&self) -> Sqlite {
        Sqlite::new(self.path())
    }

    /// Runs SQL as somebody who is not Afresh.
    fn run(&self, sql: &str) -> Result<(), String> {
        let connection = Connection::open(self.path()).expect("the file can be opened");
        connection.execute_batch(sql).map_err(|error| error.to_string())
    }

    /// Writes a store with rows, and closes it, so that all of it is in one file.
    fn with_rows(rows: u32) -> Self {
        let folder = Self::new();
        let mut store = taken(&folder);
        store.append(&(1..=rows).map(row).collect::<Vec<_>>()).expect("rows are appended");
        store.release().expect("it holds the lease");
        drop(store);
        assert!(!folder.0.path().join("ledger.db-wal").exists());
        folder
    }
}

impl Place for Folder {
    fn open(&self) -> Box<dyn Store> {
        Box::new(self.sqlite())
    }

    fn expire(&self) {
        self.run("UPDATE lease SET ends = 0").expect("the lease is changed");
    }
}

super::suite!(Some(Folder::new()));

/// Reads all rows, and returns the numbers of those that came, and the error after them.
fn numbers(folder: &Folder) -> (Vec<u32>, Option<Error>) {
    let mut numbers = Vec::new();
    let each = &mut |row: Row| {
        numbers.push(row.number.get());
        true
    };
    let error = folder.sqlite().read(0, each).err();
    (numbers, error)
}

/// Expects that there are so many rows, and that nothing is said of others.
fn are_whole(folder: &Folder, rows: u32) {
    let (numbers, error) = numbers(folder);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(numbers, (1..=rows).collect::<Vec<_>>());
}

/// Expects that reading ends with an error about the event `event`.
fn is_damaged_at(folder: &Folder, event: u32, why: &str) {
    let (numbers, error) = numbers(folder);
    assert_eq!(numbers, (1..event).collect::<Vec<_>>());
    match error {
        Some(Error::Damaged { event: at, why: text, .. }) => {
            assert_eq!(at.get(), event);
            assert!(text.contains(why), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

/// A process that is killed leaves the newest rows in the file beside the database.
fn killed(rows: u32) -> Folder {
    let folder = Folder::new();
    let copy = Folder::new();
    let mut store = taken(&folder);
    (1..=rows).for_each(|number| store.append(&[row(number)]).expect("a row is appended"));
    for name in ["ledger.db", "ledger.db-wal", "ledger.db.lock"] {
        fs::copy(folder.0.path().join(name), copy.0.path().join(name)).expect("it is copied");
    }
    copy
}

#[test]
fn newest_rows_that_sqlite_drops_are_missed() {
    are_whole(&killed(5), 5);
    let folder = killed(5);
    let wal = folder.0.path().join("ledger.db-wal");
    let mut bytes = fs::read(&wal).expect("the newest rows");
    // SQLite takes everything from a wrong page on for a transaction that did not end.
    let place = bytes.len() - 100;
    bytes[place] ^= 1;
    fs::write(&wal, &bytes).expect("it is written");
    is_damaged_at(&folder, 5, "ledger.db.lock notes as durable");
    let taken = folder.sqlite().take(&header()).map(|_| read(&mut folder.sqlite()));
    assert!(matches!(taken, Ok(Err(Error::Damaged { .. }))), "{taken:?}");
    // Without the note, as after a backup is restored, the database is all that is known.
    fs::remove_file(folder.0.path().join("ledger.db.lock")).expect("it is removed");
    are_whole(&folder, 4);
}

#[test]
fn a_store_whose_newest_rows_are_all_gone_is_not_empty() {
    let folder = killed(5);
    fs::remove_file(folder.0.path().join("ledger.db-wal")).expect("it is removed");
    assert!(matches!(folder.sqlite().header(), Err(Error::Damaged { .. })), "{:?}", folder.sqlite().header());
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::Damaged { .. })));
}

#[test]
fn a_store_that_was_removed_can_begin_again() {
    let folder = Folder::with_rows(5);
    fs::remove_file(folder.path()).expect("it is removed");
    assert_eq!(folder.sqlite().header().expect("there is none"), None);
    assert_eq!(read(&mut folder.sqlite()).expect("there is none"), []);
    taken(&folder).append(&[row(1)]).expect("a row is appended");
    are_whole(&folder, 1);
}

#[test]
fn a_name_can_contain_a_nul() {
    let rows = [Row { id: Some("a\0b".into()), body: Some("\0".into()), ..row(1) }];
    let folder = Folder::new();
    taken(&folder).append(&rows).expect("rows are appended");
    assert_eq!(read(&mut folder.sqlite()).expect("it can be read"), rows);
}

#[test]
fn reading_creates_no_file() {
    let folder = Folder::new();
    assert_eq!(folder.sqlite().header().expect("it is empty"), None);
    assert_eq!(read(&mut folder.sqlite()).expect("it is empty"), []);
    assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), 0);
    fs::write(folder.path(), "").expect("a file is written");
    assert_eq!(folder.sqlite().header().expect("it is empty"), None);
}

#[test]
fn reading_leaves_no_file_behind() {
    let folder = Folder::with_rows(3);
    let names = || fs::read_dir(folder.0.path()).expect("a folder").count();
    let before = names();
    read(&mut folder.sqlite()).expect("it can be read");
    assert_eq!(names(), before);
}

#[test]
fn a_dead_process_makes_room_at_once_and_one_that_stalls_does_not() {
    let folder = Folder::new();
    // A connection that is dropped has not released the lease, as after a crash.
    drop(taken(&folder));
    let stalled = taken(&folder);
    let held = folder.sqlite().take(&header()).expect_err("it is held").to_string();
    assert!(held.contains(&format!("is in use by process {} on ", std::process::id())), "{held}");
    folder.expire();
    // The process that stalled still has the lock, so the lock says nothing about the next holder.
    let next = taken(&folder);
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::Held { .. })));
    drop(stalled);
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::Held { .. })));
    drop(next);
    // The next holder died without the lock, so its lease has to end first.
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::Held { .. })));
    folder.expire();
    taken(&folder);
}

#[test]
fn a_holder_gets_the_lock_when_the_process_that_stalled_is_gone() {
    let folder = Folder::new();
    let stalled = taken(&folder);
    folder.expire();
    let mut next = taken(&folder);
    drop(stalled);
    next.renew().expect("it holds the lease");
    drop(next);
    taken(&folder);
}

#[test]
fn a_holder_that_is_fenced_gives_up_the_lock() {
    let folder = Folder::new();
    let mut stalled = taken(&folder);
    folder.expire();
    let mut next = taken(&folder);
    stalled.renew().expect_err("it is fenced");
    next.renew().expect("it holds the lease");
    drop(next);
    taken(&folder);
}

#[test]
fn a_lease_is_extended_by_each_append() {
    let folder = Folder::new();
    let mut store = taken(&folder);
    let left = || {
        let connection = Connection::open(folder.path()).expect("the file can be opened");
        let left = "SELECT ends - unixepoch('subsec') * 1000 FROM lease";
        connection.query_row(left, (), |row| row.get::<_, f64>(0)).expect("there is a lease")
    };
    for write in [|store: &mut dyn Store| store.append(&[row(1)]), |store: &mut dyn Store| store.renew()] {
        folder.expire();
        assert!(left() < 0.0);
        write(&mut *store).expect("nobody else has taken the lease");
        // Under any load it is in the future as seen from the moment of the call.
        assert!(left() <= LEASE.as_millis() as f64);
        assert!(matches!(folder.sqlite().take(&header()), Err(Error::Held { .. })));
    }
}

#[test]
fn rows_are_never_changed() {
    let folder = Folder::with_rows(3);
    for (sql, why) in [
        ("UPDATE journal SET body = '0' WHERE number = 2", "the journal is append-only: its rows are never changed"),
        ("DELETE FROM journal", "the journal is append-only: its rows are never deleted"),
        ("INSERT OR REPLACE INTO journal SELECT * FROM journal", "expected a row with the next number"),
        ("REPLACE INTO journal SELECT * FROM journal WHERE number = 3", "expected a row with the next number"),
        ("INSERT INTO journal (number, kind, checksum) VALUES (5, 'in', 0)", "expected a row with the next number"),
        ("INSERT INTO journal (kind, checksum) VALUES ('in', 0)", "expected a row with the next number"),
        (
            "INSERT INTO journal (number, kind, checksum) SELECT 1, 'in', 0 WHERE true ON CONFLICT DO UPDATE SET body = ''",
            "next number",
        ),
        ("UPDATE store SET header = '{}'", "the header of a journal is never changed"),
        ("DELETE FROM store", "the header of a journal is never deleted"),
        ("REPLACE INTO store SELECT * FROM store", "the header of a journal is never changed"),
        ("DELETE FROM lease", "the lease of a store is never deleted"),
    ] {
        let refused = folder.run(sql).expect_err(sql);
        assert!(refused.contains(why), "{sql}: {refused}");
    }
    assert_eq!(read(&mut folder.sqlite()).expect("it can be read"), [row(1), row(2), row(3)]);
}

#[test]
fn a_changed_value_is_noticed() {
    let changes = [
        "body = replace(body, '2', '3')",
        "body = NULL",
        "sender = ''",
        "sender = NULL",
        "id = 'm-1'",
        "at = NULL",
        "at = replace(at, '2', '3')",
        "cause = 1",
        "kind = 'out'",
        "revision = 2",
        "revision = revision + (1 << 32)",
        "key = ''",
        "slot = ''",
        "receiver = ''",
        "checksum = checksum + 1",
        "checksum = checksum + (1 << 32)",
        // What is not UTF-8.
        "body = CAST(x'ff' AS TEXT)",
    ];
    for change in changes {
        let folder = Folder::with_rows(3);
        let sql = format!("DROP TRIGGER journal_update; UPDATE journal SET {change} WHERE number = 2");
        folder.run(&sql).expect("a row is changed");
        is_damaged_at(&folder, 2, "");
    }
}

#[test]
fn a_missing_row_is_noticed() {
    for (sql, event) in [("number = 1", 1), ("number = 2", 2), ("number = 3", 3), ("number > 1", 2), ("true", 1)] {
        let folder = Folder::with_rows(3);
        folder.run(&format!("DROP TRIGGER journal_delete; DELETE FROM journal WHERE {sql}")).expect("rows go");
        is_damaged_at(&folder, event, "it is missing");
    }
}

#[test]
fn a_flipped_byte_in_a_body_is_noticed() {
    let folder = Folder::with_rows(3);
    let mut bytes = fs::read(folder.path()).expect("the file can be read");
    let body = b"{\"amount\":2}";
    let place = bytes.windows(body.len()).position(|part| part == body).expect("the body is in the file");
    bytes[place + body.len() - 2] ^= 1;
    fs::write(folder.path(), bytes).expect("the file can be written");
    is_damaged_at(&folder, 2, "its checksum is wrong");
}

#[test]
fn a_changed_header_is_noticed() {
    let folder = Folder::with_rows(1);
    folder
        .run("DROP TRIGGER store_update; UPDATE store SET header = replace(header, '7', '8')")
        .expect("it is changed");
    is_damaged_at(&folder, 1, "the checksum of the header is wrong");
    assert!(matches!(folder.sqlite().header(), Err(Error::Damaged { .. })));
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::Damaged { .. })));
}

#[test]
fn a_truncated_file_is_noticed_wherever_it_ends() {
    let folder = Folder::with_rows(300);
    let bytes = fs::read(folder.path()).expect("the file can be read");
    assert!(bytes.len() > 8 * 4096, "the rows take several pages");
    let ends = [0, 1, 15, 16, 99, 100, 4095].into_iter().chain((4096..bytes.len()).step_by(4096));
    for end in ends.chain([bytes.len() - 1]) {
        fs::write(folder.path(), &bytes[..end]).expect("the file can be written");
        let (numbers, error) = numbers(&folder);
        assert!(
            matches!(error, Some(Error::Damaged { .. } | Error::NotAStore { .. })),
            "{end}: {error:?} after {} rows",
            numbers.len()
        );
        let taken = folder.sqlite().take(&header());
        assert!(end > 4096 || taken.is_err(), "{end}: {taken:?}");
    }
}

#[test]
fn a_flipped_byte_anywhere_changes_no_row_silently() {
    let folder = Folder::with_rows(40);
    let bytes = fs::read(folder.path()).expect("the file can be read");
    let rows = read(&mut folder.sqlite()).expect("it can be read");
    for place in (0..bytes.len()).step_by(23) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x41;
        fs::write(folder.path(), changed).expect("the file can be written");
        // Some bytes mean nothing, and then all rows come. Otherwise, there is an error after rows that are right.
        let mut kept = Vec::new();
        let each = &mut |row| {
            kept.push(row);
            true
        };
        let read = folder.sqlite().read(0, each);
        assert_eq!(kept, rows[..kept.len()], "byte {place}");
        assert!(read.is_err() || kept.len() == rows.len(), "byte {place}: {} rows", kept.len());
    }
}

#[test]
fn another_database_is_not_a_store_and_stays_as_it_is() {
    let folder = Folder::new();
    folder.run("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')").expect("a table is created");
    let before = fs::read(folder.path()).expect("the file can be read");
    let text = folder.sqlite().header().expect_err("it is no store").to_string();
    assert!(
        text.ends_with(
            "ledger.db: this is a database of another program: expected a store, which a service or `afresh import` \
             creates; check the path"
        ),
        "{text}"
    );
    assert!(matches!(folder.sqlite().take(&header()), Err(Error::NotAStore { .. })));
    assert!(matches!(read(&mut folder.sqlite()), Err(Error::NotAStore { .. })));
    assert_eq!(fs::read(folder.path()).expect("the file can be read"), before);
    assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), 1);

    fs::write(folder.path(), "{\"afresh\":{\"format\":1,\"system\":\"ledger\"}}\n".repeat(100)).expect("a file");
    for refused in [folder.sqlite().header().err(), folder.sqlite().take(&header()).err(), numbers(&folder).1] {
        let text = refused.expect("it is no store").to_string();
        assert!(text.contains(": this is not a database of SQLite: expected a store"), "{text}");
    }
    let folder = Sqlite::new(folder.0.path()).header();
    assert!(matches!(folder, Err(Error::Io { .. })), "{folder:?}");
}

#[test]
fn another_schema_is_refused() {
    for (schema, help) in [(0, "use an older version"), (2, "use a newer version of this program")] {
        let folder = Folder::with_rows(1);
        folder.run(&format!("DROP TRIGGER store_update; UPDATE store SET schema = {schema}")).expect("it is changed");
        for refused in [folder.sqlite().header().err(), folder.sqlite().take(&header()).err(), numbers(&folder).1] {
            let text = refused.expect("it is refused").to_string();
            assert!(
                text.contains(&format!(": has schema {schema}, but this program needs schema 1: {help}")),
                "{text}"
            );
        }
    }
}

#[test]
fn after_a_full_disk_the_connection_can_be_used_again() {
    let folder = Folder::new();
    let mut store = folder.sqlite();
    store.take(&header()).expect("the lease is free");
    store.append(&[row(1)]).expect("a row is appended");
    store.limit_pages(Some(12));
    let long = Row { body: Some("x".repeat(1 << 20)), ..row(2) };
    let full = store.append(std::slice::from_ref(&long)).expect_err("the disk is full");
    assert!(matches!(&full, Error::Failed { why, .. } if why == "database or disk is full"), "{full}");
    assert_eq!(read(&mut store).expect("it can be read"), [row(1)]);
    store.append(&[row(2)]).expect("a short row fits");
    store.limit_pages(None);
    store.append(&[Row { number: row(3).number, ..long }]).expect("there is room again");
    assert_eq!(read(&mut folder.sqlite()).expect("it can be read").len(), 3);
}

#[test]
fn a_store_is_the_same_under_each_of_its_names() {
    let folder = Folder::new();
    let store = taken(&folder);
    let link = folder.0.path().join("link.db");
    std::os::unix::fs::symlink(folder.path(), &link).expect("a link is created");
    let mut other = Sqlite::new(&link);
    assert!(matches!(other.take(&header()), Err(Error::Held { .. })));
    drop(store);
    other.take(&Header::complete("another")).expect("the holder is dead");
}
