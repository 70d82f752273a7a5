//! Tests of the import of message tables, as various exports write them.

mod bad_rows;
mod changes;
mod formats;
mod rows;

use afresh::format::{Error, Options, Reader, Writer};
use afresh::import::{Mapping, RowKind, Shape, Summary, import};
use afresh_core::Header;
use afresh_tests::without_numbers;

pub(crate) const SHAPE: Shape = Shape { rows: None, delimiter: None, header: true, line_max: 1 << 20, lines_max: 100 };

/// The mapping of a table with both directions and with snapshots.
pub(crate) const BOTH: &[&str] =
    &["kind=.direction", "id=.msg_id", "from=.peer", "to=.peer", "body=.payload", "at=.created_at", "key=.msg_id"];

pub(crate) fn mapping(fields: &[&str]) -> Mapping {
    let kinds = [
        ("inbound", RowKind::In),
        ("outbound", RowKind::Out),
        ("snapshot", RowKind::View),
        ("heartbeat", RowKind::Ignored),
    ];
    let fields = fields.iter().map(|field| field.parse().unwrap());
    Mapping::new(fields, kinds.map(|(value, kind)| (value.into(), kind))).unwrap()
}

/// Imports `rows`. Returns the event lines without their numbers and the summary, after checking that the output reads
/// back as a trace.
pub(crate) fn imported(rows: &[u8], shape: Shape, fields: &[&str]) -> Result<(String, Summary), Error> {
    let mut writer = Writer::new("out.jsonl", Vec::new(), &Header::complete("ledger")).unwrap();
    let summary = import("rows", rows, shape, &mapping(fields), &mut writer, |_| Ok(None), Err)?;
    let bytes = writer.finish().unwrap();
    let raw = Reader::new("out.jsonl", &bytes[..], Options::default()).unwrap().raw_trace().unwrap();
    assert_eq!(raw.write("again", Vec::new()).unwrap(), bytes, "not canonical");
    let text = String::from_utf8(bytes).unwrap();
    Ok((without_numbers(text.split_once('\n').unwrap().1), summary))
}

/// Returns the event lines that `rows` become, without their numbers.
pub(crate) fn events(rows: &str, shape: Shape, fields: &[&str]) -> String {
    imported(rows.as_bytes(), shape, fields).unwrap_or_else(|error| panic!("{error}")).0
}
