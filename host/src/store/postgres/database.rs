//! The tables of a store in Postgres: how they are created, recognised, written and read.

use std::borrow::Cow;
use std::error::Error as _;
use std::sync::mpsc::SyncSender;

use afresh_core::Header;
use afresh_trace::row::Row;
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{GenericClient, Transaction};

use super::super::columns::{Checks, checksum_of};
use super::super::{Error, SCHEMA, header_text, parse_header};
use super::Columns;

const TABLES: &str = include_str!("schema.sql");

/// Tries to take the advisory lock of the store, which belongs to the connection.
pub(super) const LOCK: &str = "SELECT pg_try_advisory_lock(1097233256, 'lease'::regclass::oid::int)";

/// Opens the advisory lock again.
pub(super) const UNLOCK: &str = "SELECT pg_advisory_unlock(1097233256, 'lease'::regclass::oid::int)";

/// Makes processes that create the tables wait for each other.
const CREATING: &str = "SELECT pg_advisory_xact_lock(1097233256)";

/// The lease, locked until the end of the transaction.
pub(super) const HOLDER: &str = "SELECT token, holder, locked, \
     ends > (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM lease FOR UPDATE";

/// Extends the lease, and says how far the journal goes. Changes no row if another process has taken the lease. A
/// length of 0 ends the lease.
pub(super) const RENEW: &str = "UPDATE lease SET locked = $3, last = greatest(last, $4), \
     ends = CASE WHEN $2::bigint = 0 THEN 0 ELSE (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2 END \
     WHERE token = $1";

pub(super) const INSERT: &str = "INSERT INTO journal SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], \
     $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[])";

const SELECT: &str = "SELECT number, at, cause, kind, sender, id, revision, key, slot, receiver, body, checksum \
     FROM journal WHERE number > $1 ORDER BY number";

/// The number of rows that the server sends at a time.
const BATCH: i32 = 1000;

/// The columns of many rows, each as a list.
#[derive(Default)]
pub(super) struct Lists<'r> {
    numbers: [Vec<Option<i64>>; 4],
    texts: [Vec<Option<Cow<'r, str>>>; 8],
}

impl<'r> Lists<'r> {
    /// Returns the columns of rows.
    ///
    /// # Errors
    ///
    /// Fails if Postgres cannot hold a text, or the numbers do not follow each other.
    pub(super) fn of(store: &str, rows: &'r [Row]) -> Result<Self, Error> {
        let mut lists = Self::default();
        let follows = |pair: &[Row]| pair[1].number.get() == pair[0].number.get().wrapping_add(1);
        if !rows.windows(2).all(follows) {
            return Err(Error::Failed { store: store.into(), why: NOT_NEXT.into() });
        }
        for row in rows {
            let columns = Columns::of(row);
            let checksum = columns.checksum();
            let Columns { number, at, cause, kind, sender, id, revision, key, slot, receiver, body } = columns;
            let borrowed = |text: Option<&'r str>| text.map(Cow::Borrowed);
            let texts = [at, borrowed(Some(kind))].into_iter();
            let texts: Vec<_> = texts.chain([sender, id, key, slot, receiver, body].map(borrowed)).collect();
            if texts.iter().flatten().any(|text| text.contains('\0')) {
                let why = format!(
                    "event {number} has a text with a NUL character, which Postgres cannot hold: reject such messages, \
                     or use SQLite"
                );
                return Err(Error::Failed { store: store.into(), why });
            }
            lists.texts.iter_mut().zip(texts).for_each(|(list, text)| list.push(text));
            let numbers = [Some(number), cause, revision, Some(checksum)];
            lists.numbers.iter_mut().zip(numbers).for_each(|(list, number)| list.push(number));
        }
        Ok(lists)
    }

    /// Returns the lists in the order of the columns.
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 12] {
        let [number, cause, revision, checksum] = &self.numbers;
        let [at, kind, sender, id, key, slot, receiver, body] = &self.texts;
        [number, at, cause, kind, sender, id, revision, key, slot, receiver, body, checksum]
    }
}

/// Returns the header of the journal, or `None` if the database has none of the tables.
pub(super) fn header(store: &str, client: &mut impl GenericClient) -> Result<Option<Header>, Error> {
    let fails = |error: postgres::Error| failed(store, 0, &error);
    let tables = "SELECT to_regclass('journal') IS NOT NULL, to_regclass('store') IS NOT NULL, \
                  to_regclass('lease') IS NOT NULL";
    let found = client.query_one(tables, &[]).map_err(fails)?;
    match [found.get(0), found.get(1), found.get(2)] {
        [false, false, false] => return Ok(None),
        [true, true, true] => {}
        _ => return Err(not_a_store(store)),
    }
    let found: i32 = client.query_one("SELECT schema FROM store", &[]).map_err(fails)?.get(0);
    let found = u32::try_from(found).unwrap_or_default();
    if found != SCHEMA {
        return Err(Error::Schema { store: store.into(), found });
    }
    let found = client.query_one("SELECT header, checksum FROM store", &[]).map_err(fails)?;
    parse_header(store, found.get(0), found.get(1)).map(Some)
}

/// Creates the tables of a store, with a header, unless another process was faster.
pub(super) fn create(store: &str, transaction: &mut Transaction<'_>, new: &Header) -> Result<Header, Error> {
    let fails = |error: postgres::Error| failed(store, 0, &error);
    transaction.query_one(CREATING, &[]).map_err(fails)?;
    if let Some(header) = header(store, transaction)? {
        return Ok(header);
    }
    let text = header_text(new);
    transaction.batch_execute(TABLES).map_err(fails)?;
    let row = "INSERT INTO store VALUES (1, $1, $2, $3)";
    transaction.execute(row, &[&(SCHEMA as i32), &text, &checksum_of(&text)]).map_err(fails)?;
    Ok(new.clone())
}

/// Reads the rows after the last one that was checked, and sends them until nobody wants more.
pub(super) fn read(
    transaction: &mut Transaction<'_>,
    mut checks: Checks<'_>,
    rows: &SyncSender<Vec<Row>>,
) -> Result<(), Error> {
    let (store, after) = (checks.store, i64::from(checks.last));
    if header(store, transaction)?.is_none() {
        return Ok(());
    }
    let begin = checks.last;
    let fails = |error: postgres::Error| failed(store, begin, &error);
    let kept: i64 = transaction.query_one("SELECT last FROM lease", &[]).map_err(fails)?.get(0);
    let portal = transaction.bind(SELECT, &[&after]).map_err(fails)?;
    loop {
        let found = transaction.query_portal(&portal, BATCH).map_err(|error| failed(store, checks.last, &error))?;
        let is_last = found.len() < BATCH as usize;
        let (mut batch, mut damage) = (Vec::with_capacity(found.len()), None);
        for row in &found {
            match checks.row(&columns(row), row.get(11)) {
                Ok(row) => batch.push(row),
                Err(error) => {
                    damage = Some(error);
                    break;
                }
            }
        }
        let is_wanted = rows.send(batch).is_ok();
        match damage {
            Some(error) if is_wanted => return Err(error),
            _ if !is_wanted => return Ok(()),
            _ if is_last => return checks.end(kept),
            _ => {}
        }
    }
}

fn columns(row: &postgres::Row) -> Columns<'_> {
    Columns {
        number: row.get(0),
        at: row.get::<_, Option<&str>>(1).map(Cow::Borrowed),
        cause: row.get(2),
        kind: row.get(3),
        sender: row.get(4),
        id: row.get(5),
        revision: row.get(6),
        key: row.get(7),
        slot: row.get(8),
        receiver: row.get(9),
        body: row.get(10),
    }
}

const NOT_NEXT: &str = "the journal is append-only: expected a row with the next number";

fn not_a_store(store: &str) -> Error {
    let why = "these are tables of another program: expected a store, which a service or `afresh import` creates; name \
               another database";
    Error::NotAStore { store: store.into(), why: why.into() }
}

/// Converts an error of Postgres. The journal could be read up to the event `last`.
pub(super) fn failed(store: &str, last: u32, error: &postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::UNDEFINED_COLUMN | &SqlState::UNDEFINED_TABLE) => return not_a_store(store),
        Some(&SqlState::UNIQUE_VIOLATION) => return Error::Failed { store: store.into(), why: NOT_NEXT.into() },
        Some(&SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED) => {
            return Checks { store, last }.damage(error.to_string());
        }
        _ => {}
    }
    let why = match (error.as_db_error(), error.source()) {
        (Some(error), _) => error.message().to_owned(),
        (None, Some(source)) if !error.to_string().contains(&source.to_string()) => format!("{error}: {source}"),
        (None, _) => error.to_string(),
    };
    Error::Failed { store: store.into(), why }
}
