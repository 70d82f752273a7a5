//! The columns of an event as a database holds them, the checksum over them, and the checks of a journal that is read.

use std::borrow::Cow;

use afresh_core::EventNumber;
use afresh_trace::format::Kind;
use afresh_trace::row::Row;

use super::Error;

/// The columns of the table `journal`, in the order of the checksum, without the checksum itself.
#[derive(Debug)]
pub(super) struct Columns<'r> {
    pub(super) number: i64,
    pub(super) at: Option<Cow<'r, str>>,
    pub(super) cause: Option<i64>,
    pub(super) kind: &'r str,
    pub(super) sender: Option<&'r str>,
    pub(super) id: Option<&'r str>,
    pub(super) revision: Option<i64>,
    pub(super) key: Option<&'r str>,
    pub(super) slot: Option<&'r str>,
    pub(super) receiver: Option<&'r str>,
    pub(super) body: Option<&'r str>,
}

impl<'r> Columns<'r> {
    /// Returns the columns of a row.
    pub(super) fn of(row: &'r Row) -> Self {
        Self {
            number: row.number.get().into(),
            at: row.at_text().map(Cow::Owned),
            cause: row.cause.map(|cause| cause.get().into()),
            kind: row.kind.name(),
            sender: row.sender.as_ref().map(|name| name.as_str()),
            id: row.id.as_ref().map(|name| name.as_str()),
            revision: row.revision.map(Into::into),
            key: row.key.as_ref().map(|name| name.as_str()),
            slot: row.slot.as_ref().map(|name| name.as_str()),
            receiver: row.receiver.as_ref().map(|name| name.as_str()),
            body: row.body.as_deref(),
        }
    }

    /// Computes the checksum of the columns: a CRC-32, as a number that every database can hold.
    pub(super) fn checksum(&self) -> i64 {
        let mut sum = Sum::default();
        sum.number(Some(self.number));
        sum.text(self.at.as_deref());
        sum.number(self.cause);
        sum.text(Some(self.kind));
        sum.text(self.sender);
        sum.text(self.id);
        sum.number(self.revision);
        for text in [self.key, self.slot, self.receiver, self.body] {
            sum.text(text);
        }
        sum.end()
    }

    /// Converts the columns into a row.
    fn row(&self) -> Result<Row, String> {
        let event = |number: i64, column| {
            let number = u32::try_from(number).ok().and_then(EventNumber::new);
            number.ok_or_else(|| format!("`{column}` is not the number of an event"))
        };
        let number = event(self.number, "number")?;
        let cause = self.cause.map(|cause| event(cause, "cause")).transpose()?;
        let at = self.at.as_deref().map(Row::parse_at).transpose()?;
        let kind = Kind::named(self.kind).ok_or_else(|| format!("there is no kind `{}`", self.kind))?;
        let revision = self.revision.map(u32::try_from).transpose();
        Ok(Row {
            sender: self.sender.map(Into::into),
            id: self.id.map(Into::into),
            revision: revision.map_err(|_| "`revision` is not a revision".to_owned())?,
            key: self.key.map(Into::into),
            slot: self.slot.map(Into::into),
            receiver: self.receiver.map(Into::into),
            body: self.body.map(Into::into),
            ..Row::empty(number, cause, at, kind)
        })
    }
}

/// Computes the checksum of one text, such as the header of a journal.
pub(super) fn checksum_of(text: &str) -> i64 {
    let mut sum = Sum::default();
    sum.text(Some(text));
    sum.end()
}

/// A checksum in the making. Every value has a tag, and a text has its length, so that no two rows look the same.
#[derive(Default)]
struct Sum(crc32fast::Hasher);

impl Sum {
    fn number(&mut self, number: Option<i64>) {
        self.value(1, number.map(i64::to_le_bytes).as_ref().map(|bytes| &bytes[..]));
    }

    fn text(&mut self, text: Option<&str>) {
        self.value(2, text.map(str::as_bytes));
    }

    fn value(&mut self, tag: u8, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.0.update(&[0]) };
        self.0.update(&[tag]);
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn end(self) -> i64 {
        self.0.finalize().into()
    }
}

/// The checks of a journal that is read: no event is missing, and every checksum is right.
#[derive(Debug)]
pub(super) struct Checks<'s> {
    pub(super) store: &'s str,
    /// The number of the event that was read last, or 0 before the first.
    pub(super) last: u32,
}

impl Checks<'_> {
    /// Checks the columns of the next event, and converts them into a row.
    pub(super) fn row(&mut self, columns: &Columns<'_>, checksum: Option<i64>) -> Result<Row, Error> {
        let expected = self.last.saturating_add(1);
        if columns.number != i64::from(expected) {
            return Err(self.damage(format!("it is missing, and the next event is {}", columns.number)));
        }
        if checksum != Some(columns.checksum()) {
            return Err(self.damage("its checksum is wrong"));
        }
        let row = columns.row().map_err(|why| self.damage(why))?;
        self.last = expected;
        Ok(row)
    }

    /// Checks that the journal does not end before the event `kept`, which the store remembers as the last one.
    pub(super) fn end(&self, kept: i64) -> Result<(), Error> {
        match i64::from(self.last) < kept {
            true => Err(self.damage(format!("it is missing, and so are all events up to {kept}"))),
            false => Ok(()),
        }
    }

    /// Returns the error that the next event is damaged.
    pub(super) fn damage(&self, why: impl Into<String>) -> Error {
        let event = EventNumber::new(self.last.saturating_add(1)).unwrap_or(EventNumber::MIN);
        Error::Damaged { store: self.store.into(), event, why: why.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_the_same_bytes_under_the_checksum() {
        let row = Row::empty(EventNumber::MIN, None, None, Kind::In);
        let name = |text: &str| Some(text.into());
        let rows = [
            row.clone(),
            Row { sender: name(""), ..row.clone() },
            Row { id: name(""), ..row.clone() },
            Row { sender: name("ab"), id: name("c"), ..row.clone() },
            Row { sender: name("a"), id: name("bc"), ..row.clone() },
            Row { key: name("ab"), slot: name("c"), ..row.clone() },
            Row { body: Some("1".into()), ..row.clone() },
            Row { revision: Some(1), ..row.clone() },
            Row { cause: Some(EventNumber::MIN), ..row.clone() },
        ];
        let mut sums: Vec<_> = rows.iter().map(|row| Columns::of(row).checksum()).collect();
        sums.sort_unstable();
        sums.dedup();
        assert_eq!(sums.len(), rows.len());
    }

    #[test]
    fn the_checksum_of_a_row_never_changes() {
        // A store outlives the program that wrote it.
        let row = Row::empty(EventNumber::MIN, None, Some(afresh_core::At::Stamp(0)), Kind::In);
        let row = Row { sender: Some("bank".into()), id: Some("m-1".into()), revision: Some(1), ..row };
        assert_eq!(Columns::of(&Row { body: Some("500".into()), ..row }).checksum(), 1_107_179_691);
    }
}
