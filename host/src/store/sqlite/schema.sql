CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    at TEXT,
    cause INTEGER,
    kind TEXT NOT NULL,
    sender TEXT,
    id TEXT,
    revision INTEGER,
    key TEXT,
    slot TEXT,
    receiver TEXT,
    body TEXT,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    schema INTEGER NOT NULL,
    header TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE lease (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    token INTEGER NOT NULL,
    holder TEXT NOT NULL,
    ends INTEGER NOT NULL,
    locked INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

INSERT INTO lease VALUES (1, 0, '', 0, 0, 0);

-- A row that replaces another one has the number of that row, so this trigger refuses it too.
CREATE TRIGGER journal_insert BEFORE INSERT ON journal
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: expected a row with the next number'); END;

CREATE TRIGGER journal_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: its rows are never changed'); END;

CREATE TRIGGER journal_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: its rows are never deleted'); END;

CREATE TRIGGER store_update BEFORE UPDATE ON store
BEGIN SELECT RAISE(ABORT, 'the header of a journal is never changed'); END;

CREATE TRIGGER store_delete BEFORE DELETE ON store
BEGIN SELECT RAISE(ABORT, 'the header of a journal is never deleted'); END;

CREATE TRIGGER store_insert BEFORE INSERT ON store WHEN EXISTS (SELECT 1 FROM store)
BEGIN SELECT RAISE(ABORT, 'the header of a journal is never changed'); END;

CREATE TRIGGER lease_delete BEFORE DELETE ON lease
BEGIN SELECT RAISE(ABORT, 'the lease of a store is never deleted'); END;
