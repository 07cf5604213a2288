-- The audit log: every event of every service, in the order of arrival, which keeps each source's own order. `fold.sql`
-- has the triggers.

CREATE TABLE audit_log (
  seq INTEGER PRIMARY KEY,       -- place in this log; no AUTOINCREMENT, so that duplicates leave no gap
  source TEXT NOT NULL,
  id TEXT NOT NULL,              -- unique within the source (CloudEvents 1.0, section 3.1)
  type TEXT NOT NULL,
  subject TEXT,
  actor TEXT,
  time TEXT NOT NULL,            -- of the event, as UTC to the millisecond; of arrival when it names none
  received_at TEXT NOT NULL,
  event TEXT NOT NULL,           -- the whole CloudEvent as it came, keys sorted, no white space
  hash TEXT NOT NULL,            -- chains it to the entry before (shared/chain says what is hashed)
  UNIQUE (id, source)            -- in this order it serves the look-up by id too
);

-- Each ends with the row's seq, so one filter is read newest first without sorting.
CREATE INDEX audit_log_source ON audit_log (source);

CREATE INDEX audit_log_type ON audit_log (type);

CREATE INDEX audit_log_subject ON audit_log (subject);

CREATE INDEX audit_log_actor ON audit_log (actor);

CREATE INDEX audit_log_time ON audit_log (time);

-- The end of the chain: what the next entry is chained to, and what tells that the last ones are gone.
CREATE TABLE audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
);

INSERT INTO audit_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- The times of each thousand entries: they come nearly in the order of the log, but nobody promises it. So a search for
-- a time finds the places where it can be, however long ago that is.
CREATE TABLE audit_spans (
  last INTEGER PRIMARY KEY,      -- the thousand's last entry
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL
);

-- Signed statements of how far the log had got; folded from `checkpoint.signed`.
CREATE TABLE audit_checkpoints (
  number INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,          -- the entry
  hash TEXT NOT NULL,            -- its hash
  time TEXT NOT NULL,
  public_key TEXT NOT NULL,      -- Ed25519, hex
  signature TEXT NOT NULL,       -- hex
  cut INTEGER NOT NULL           -- 1: the entries up to this one were removed, their time was over
);

CREATE INDEX audit_checkpoints_seq ON audit_checkpoints (seq);

-- The last cut is looked for by every row that is removed: without an index, among all checkpoints.
CREATE INDEX audit_checkpoints_cut ON audit_checkpoints (seq) WHERE cut;
