CREATE TABLE journal (
    number BIGINT PRIMARY KEY,
    at TEXT,
    cause BIGINT,
    kind TEXT NOT NULL,
    sender TEXT,
    id TEXT,
    revision BIGINT,
    key TEXT,
    slot TEXT,
    receiver TEXT,
    body TEXT,
    checksum BIGINT NOT NULL
);

CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    schema INTEGER NOT NULL,
    header TEXT NOT NULL,
    checksum BIGINT NOT NULL
);

CREATE TABLE lease (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    token BIGINT NOT NULL,
    holder TEXT NOT NULL,
    ends BIGINT NOT NULL,
    locked BOOLEAN NOT NULL,
    last BIGINT NOT NULL
);

INSERT INTO lease VALUES (1, 0, '', 0, false, 0);

CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;

-- The new rows have the next numbers. This looks at the whole statement, because a trigger for each row is slow. The
-- plan of its queries is made while the table is empty, and kept: without the setting, each would read the whole table.
CREATE FUNCTION journal_next() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE first BIGINT; past BIGINT; rows BIGINT; before BIGINT;
BEGIN
    SELECT min(number), max(number), count(*) INTO first, past, rows FROM added;
    SELECT coalesce(max(number), 0) INTO before FROM journal WHERE number < first;
    IF rows > 0 AND (first <> before + 1 OR past <> before + rows
        OR EXISTS (SELECT 1 FROM journal WHERE number > past)) THEN
        RAISE EXCEPTION 'the journal is append-only: expected a row with the next number';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER journal_insert AFTER INSERT ON journal REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION journal_next();

CREATE TRIGGER journal_update BEFORE UPDATE ON journal FOR EACH STATEMENT
EXECUTE FUNCTION journal_refuse('the journal is append-only: its rows are never changed');

CREATE TRIGGER journal_delete BEFORE DELETE OR TRUNCATE ON journal FOR EACH STATEMENT
EXECUTE FUNCTION journal_refuse('the journal is append-only: its rows are never deleted');

CREATE TRIGGER store_update BEFORE UPDATE ON store FOR EACH STATEMENT
EXECUTE FUNCTION journal_refuse('the header of a journal is never changed');

CREATE TRIGGER store_delete BEFORE DELETE OR TRUNCATE ON store FOR EACH STATEMENT
EXECUTE FUNCTION journal_refuse('the header of a journal is never deleted');

CREATE TRIGGER lease_delete BEFORE DELETE OR TRUNCATE ON lease FOR EACH STATEMENT
EXECUTE FUNCTION journal_refuse('the lease of a store is never deleted');
