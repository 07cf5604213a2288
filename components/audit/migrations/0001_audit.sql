-- The audit log: every event of every service, in the order of arrival, which keeps each source's own order.
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
  UNIQUE (id, source)            -- in this order it serves the look-up by id too
);

-- Each ends with the row's seq, so one filter is read newest first without sorting.
CREATE INDEX audit_log_source ON audit_log (source);

CREATE INDEX audit_log_type ON audit_log (type);

CREATE INDEX audit_log_subject ON audit_log (subject);

CREATE INDEX audit_log_actor ON audit_log (actor);

CREATE INDEX audit_log_time ON audit_log (time);

CREATE TRIGGER audit_log_keep BEFORE DELETE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

CREATE TRIGGER audit_log_freeze BEFORE UPDATE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;
