//! Rows of all kinds, and with odd names.

use afresh_core::{At, EventNumber};
use afresh_trace::format::Kind;
use afresh_trace::row::Row;

fn number(number: u32) -> EventNumber {
    EventNumber::new(number).expect("numbers begin at 1")
}

/// A message that came in as event `event`.
pub(super) fn row(event: u32) -> Row {
    Row {
        sender: Some("bank".into()),
        id: Some(format!("m-{event}").as_str().into()),
        revision: Some(1),
        body: Some(format!("{{\"amount\":{event}}}")),
        ..Row::empty(number(event), None, Some(At::Stamp(1_700_000_000_000_000_000 + i64::from(event))), Kind::In)
    }
}

/// One row of each kind, with and without a time, a cause and a body.
pub(super) fn all_kinds() -> Vec<Row> {
    let rows = (1..).zip(Kind::ALL).map(|(event, kind)| {
        let cause = (event % 3 == 0).then(|| number(event - 1));
        let at = [None, Some(At::Stamp(i64::from(event))), Some(At::Offset(-1)), Some(At::Stamp(i64::MIN))];
        let row = Row::empty(number(event), cause, at[event as usize % 4], kind);
        match kind {
            Kind::In => Row { revision: Some(u32::MAX), body: None, ..self::row(event) },
            Kind::Out => Row {
                key: Some("account-1".into()),
                slot: Some("".into()),
                receiver: Some("a receiver with a long name".into()),
                revision: Some(2),
                body: Some("null".into()),
                ..row
            },
            Kind::Settled => Row { key: Some("account-1".into()), slot: Some("slot".into()), revision: Some(2), ..row },
            _ => Row { body: Some(format!("{{\"of\":\"{kind}\"}}")), key: Some("key".into()), ..row },
        }
    });
    rows.collect()
}

/// Rows whose texts are rare ones.
pub(super) fn odd_names() -> Vec<Row> {
    let odd =
        ["", " ", "'", "\"; DROP TABLE journal; --", "\u{1}\u{7f}\r\n\t", "\u{feff}ÄÖ😀\u{202e}", "?1", "NULL", "1e3"];
    (1..)
        .zip(odd)
        .map(|(event, odd)| Row { id: Some(odd.into()), key: Some(odd.into()), body: Some(odd.into()), ..row(event) })
        .collect()
}
