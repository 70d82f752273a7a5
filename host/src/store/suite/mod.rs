//! The tests that every store must pass.

mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod rows;
mod sqlite;

use afresh_core::Header;
use afresh_trace::row::Row;

use super::{Error, Store};
use rows::{all_kinds, odd_names, row};

/// A place for one store, to which a test opens as many connections as it needs.
trait Place {
    /// Opens a connection.
    fn open(&self) -> Box<dyn Store>;

    /// Ends the lease of the holder, as if its process had stalled for too long.
    fn expire(&self);
}

/// Makes a test of each function here, for one kind of store.
macro_rules! suite {
    ($place:expr) => {
        $crate::store::suite::suite!($place, an_empty_store_has_no_header, a_store_keeps_its_first_header,
            rows_come_back_in_order, odd_names_come_back, reading_can_begin_later_and_end_early,
            another_connection_cannot_take_the_lease, a_released_lease_can_be_taken,
            a_holder_that_lost_its_lease_is_fenced, only_the_holder_can_write, the_next_row_has_the_next_number,
            nothing_of_a_refused_append_is_kept, readers_read_while_another_writes,
            what_was_announced_must_come);
    };
    ($place:expr, $($name:ident),*) => {
        $(#[test]
        fn $name() {
            // A place that is not there was reported as skipped.
            if let Some(place) = $place {
                $crate::store::suite::$name(&place);
            }
        })*
    };
}
use suite;

fn header() -> Header {
    Header { version: "7".into(), source: "the suite".into(), ..Header::complete("ledger") }
}

/// Opens a connection, and takes the lease.
fn taken(place: &dyn Place) -> Box<dyn Store> {
    let mut store = place.open();
    store.take(&header()).expect("the lease is free");
    store
}

fn read(store: &mut dyn Store) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    let each = &mut |row| {
        rows.push(row);
        true
    };
    store.read(0, each).map(|()| rows)
}

fn an_empty_store_has_no_header(place: &dyn Place) {
    let mut store = place.open();
    assert_eq!(store.header().expect("it can be read"), None);
    assert_eq!(read(&mut *store).expect("it can be read"), []);
    // A connection that found nothing sees what comes later.
    taken(place).append(&[row(1)]).expect("a row is appended");
    assert_eq!(store.header().expect("it can be read"), Some(header()));
    assert_eq!(read(&mut *store).expect("it can be read"), [row(1)]);
}

fn a_store_keeps_its_first_header(place: &dyn Place) {
    let mut store = place.open();
    assert_eq!(store.take(&header()).expect("the lease is free"), header());
    store.release().expect("it holds the lease");
    let mut later = place.open();
    assert_eq!(later.take(&Header::complete("another")).expect("the lease is free"), header());
    assert_eq!(place.open().header().expect("it can be read"), Some(header()));
}

fn rows_come_back_in_order(place: &dyn Place) {
    let rows = all_kinds();
    let mut store = taken(place);
    let (first, second) = rows.split_at(5);
    store.append(first).expect("the first rows are appended");
    store.append(&[]).expect("no rows are appended");
    store.append(second).expect("the other rows are appended");
    assert_eq!(read(&mut *store).expect("it can be read"), rows);
    assert_eq!(read(&mut *place.open()).expect("it can be read"), rows);
}

fn odd_names_come_back(place: &dyn Place) {
    let rows = odd_names();
    taken(place).append(&rows).expect("rows are appended");
    assert_eq!(read(&mut *place.open()).expect("it can be read"), rows);
}

fn reading_can_begin_later_and_end_early(place: &dyn Place) {
    let rows: Vec<_> = (1..=5).map(row).collect();
    let mut store = taken(place);
    store.append(&rows).expect("rows are appended");
    let mut numbers = Vec::new();
    let each = &mut |row: Row| {
        numbers.push(row.number.get());
        numbers.len() < 2
    };
    store.read(2, each).expect("it can be read");
    assert_eq!(numbers, [3, 4]);
    for after in [5, 6, u32::MAX] {
        store.read(after, &mut |row| panic!("{row:?} is not after {after}")).expect("it can be read");
    }
}

fn another_connection_cannot_take_the_lease(place: &dyn Place) {
    let mut store = taken(place);
    for other in [&mut place.open(), &mut store] {
        let refused = other.take(&header());
        assert!(matches!(refused, Err(Error::Held { .. })), "{refused:?}");
    }
    // The attempts took nothing away.
    store.append(&[row(1)]).expect("it still holds the lease");
}

fn a_released_lease_can_be_taken(place: &dyn Place) {
    let mut store = taken(place);
    store.release().expect("it holds the lease");
    assert!(matches!(store.append(&[row(1)]), Err(Error::Fenced { .. })));
    assert!(matches!(store.release(), Err(Error::Fenced { .. })));
    taken(place).append(&[row(1)]).expect("it holds the lease");
    // A connection can take it again, while others have gone.
    place.expire();
    store.take(&header()).expect("the lease is free");
    store.append(&[row(2)]).expect("it holds the lease");
}

fn a_holder_that_lost_its_lease_is_fenced(place: &dyn Place) {
    let mut stalled = taken(place);
    stalled.append(&[row(1)]).expect("it holds the lease");
    place.expire();
    let mut next = taken(place);
    next.append(&[row(2)]).expect("it holds the lease");
    for written in [stalled.append(&[row(3)]), stalled.append(&[]), stalled.renew(), stalled.release()] {
        assert!(matches!(written, Err(Error::Fenced { .. })), "{written:?}");
    }
    assert_eq!(read(&mut *stalled).expect("anybody can read"), [row(1), row(2)]);
    next.renew().expect("it holds the lease");
    // The lease of the next holder is a lease like any other.
    assert!(matches!(place.open().take(&header()), Err(Error::Held { .. })));
    next.append(&[row(3)]).expect("it holds the lease");
}

fn only_the_holder_can_write(place: &dyn Place) {
    let mut store = place.open();
    for written in [store.append(&[row(1)]), store.renew(), store.release()] {
        assert!(matches!(written, Err(Error::Fenced { .. })), "{written:?}");
    }
}

fn the_next_row_has_the_next_number(place: &dyn Place) {
    let mut store = taken(place);
    store.append(&[row(1), row(2)]).expect("rows are appended");
    for rows in [&[row(2)][..], &[row(4)], &[row(3), row(5)], &[row(4), row(3)], &[row(3), row(3)]] {
        let refused = store.append(rows).expect_err("it is refused").to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
    store.append(&[row(3)]).expect("a row is appended");
    assert_eq!(read(&mut *store).expect("it can be read"), [row(1), row(2), row(3)]);
}

fn nothing_of_a_refused_append_is_kept(place: &dyn Place) {
    let mut store = taken(place);
    store.append(&[row(1), row(1)]).expect_err("it is refused");
    assert_eq!(read(&mut *store).expect("it can be read"), []);
    store.append(&[row(1)]).expect("a row is appended");
    assert_eq!(read(&mut *place.open()).expect("it can be read"), [row(1)]);
}

fn what_was_announced_must_come(place: &dyn Place) {
    let mut store = taken(place);
    store.append(&[row(1)]).expect("a row is appended");
    store.announce(3.try_into().expect("a number")).expect("it holds the lease");
    store.append(&[row(2)]).expect("a row is appended");
    drop(store);
    place.expire();
    match read(&mut *place.open()) {
        Err(Error::Damaged { event, why, .. }) => {
            assert_eq!(event.get(), 3);
            assert!(why.contains("missing"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    let mut store = taken(place);
    store.append(&[row(3)]).expect("a row is appended");
    assert_eq!(read(&mut *store).expect("it is whole").len(), 3);
}

fn readers_read_while_another_writes(place: &dyn Place) {
    let mut store = taken(place);
    store.append(&[row(1), row(2)]).expect("rows are appended");
    let mut numbers = Vec::new();
    let each = &mut |read: Row| {
        if numbers.is_empty() {
            store.append(&[row(3)]).expect("a reader is in nobody's way");
        }
        numbers.push(read.number.get());
        true
    };
    place.open().read(0, each).expect("it can be read");
    // The rows are those of one moment.
    assert_eq!(numbers, [1, 2]);
    assert_eq!(read(&mut *store).expect("it can be read").len(), 3);
}
