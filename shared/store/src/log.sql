CREATE TABLE {service}_migrations (number INTEGER PRIMARY KEY);

-- The event log: the truth, and the outbox. One row is one business transaction; AFTER INSERT triggers
-- fold it into the service's read tables and may refuse it. Indexes are few: each is a page more per write.
CREATE TABLE {service}_events (
  seq INTEGER PRIMARY KEY,       -- in the order of commit; rows are never deleted, so never used twice
  id TEXT NOT NULL,              -- UUIDv7; the CloudEvents id
  stream TEXT NOT NULL,          -- the aggregate's id; the CloudEvents subject
  version INTEGER NOT NULL,      -- 1, 2, 3 … within the stream: optimistic concurrency
  type TEXT NOT NULL,            -- such as order.placed
  data TEXT NOT NULL,            -- JSON that anyone entitled to the event may see
  private TEXT,                  -- JSON that is folded here but never published; may be erased
  actor TEXT NOT NULL,           -- a user's id, or service:<name>
  time TEXT NOT NULL,
  traceparent TEXT,              -- W3C Trace Context of the request
  cause TEXT,                    -- id of another service's event this one answers: each is answered once
  idempotency_key TEXT,          -- <route> <Idempotency-Key>
  request_hash TEXT,             -- SHA-256 of the body that came with the key
  result TEXT,                   -- what was answered, for the same key again
  UNIQUE (stream, version)
);

CREATE UNIQUE INDEX {service}_events_cause ON {service}_events (cause) WHERE cause IS NOT NULL;

CREATE UNIQUE INDEX {service}_events_key ON {service}_events (actor, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TRIGGER {service}_events_keep BEFORE DELETE ON {service}_events BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

-- Only personal data may be erased, and only by overwriting it with nothing.
CREATE TRIGGER {service}_events_freeze BEFORE UPDATE ON {service}_events
WHEN NEW.private IS NOT NULL OR NEW.seq IS NOT OLD.seq OR NEW.id IS NOT OLD.id OR NEW.stream IS NOT OLD.stream
  OR NEW.version IS NOT OLD.version OR NEW.type IS NOT OLD.type OR NEW.data IS NOT OLD.data
  OR NEW.actor IS NOT OLD.actor OR NEW.time IS NOT OLD.time OR NEW.cause IS NOT OLD.cause
BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

-- How far each target has got. The lease keeps the relay to one drain at a time across instances.
CREATE TABLE {service}_cursors (
  target TEXT PRIMARY KEY,
  seq INTEGER NOT NULL DEFAULT 0,         -- the last event delivered
  leased_until INTEGER NOT NULL DEFAULT 0, -- ms since the epoch
  failures INTEGER NOT NULL DEFAULT 0,    -- in a row
  next_try INTEGER NOT NULL DEFAULT 0     -- ms since the epoch; back-off after failures
);
