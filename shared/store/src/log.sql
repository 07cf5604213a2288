-- What every service has beside its own tables. `fold.sql` has the triggers.

-- What made the tables. A version that knows less than this row says refuses the database.
CREATE TABLE {service}_schema (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  migrations INTEGER NOT NULL,   -- how many scripts were applied; this one is the first
  fold INTEGER NOT NULL          -- the number of the fold that the triggers and views are from
);

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

-- How far each target has got. The lease keeps the relay to one drain at a time across instances.
CREATE TABLE {service}_cursors (
  target TEXT PRIMARY KEY,
  seq INTEGER NOT NULL DEFAULT 0,         -- the last event delivered
  leased_until INTEGER NOT NULL DEFAULT 0, -- ms since the epoch
  failures INTEGER NOT NULL DEFAULT 0,    -- in a row
  next_try INTEGER NOT NULL DEFAULT 0     -- ms since the epoch; back-off after failures
);

-- Events that a target kept refusing and that were not redriven since.
CREATE TABLE {service}_parked (
  seq INTEGER PRIMARY KEY,       -- of delivery.parked
  stream TEXT NOT NULL UNIQUE,   -- of the delivery: its target, and the event's place in the log
  target TEXT NOT NULL
);

CREATE INDEX {service}_parked_target ON {service}_parked (target);

-- What anyone may make happen without limit (refused permissions, failed logins): the first within a minute is an
-- event, the others are counted here. A row is deleted once its minute is over and all of it was told.
CREATE TABLE {service}_repeats (
  stream TEXT NOT NULL,          -- of the events
  type TEXT NOT NULL,
  actor TEXT NOT NULL,
  data TEXT NOT NULL,            -- of the last one
  opener TEXT NOT NULL,          -- who opened the minute: of several at once, one tells
  until INTEGER NOT NULL,        -- the minute's end; ms since the epoch
  untold INTEGER NOT NULL,       -- how many no event tells of yet
  PRIMARY KEY (stream, type)
) WITHOUT ROWID;

CREATE INDEX {service}_repeats_until ON {service}_repeats (until);

-- How many requests each caller's class may still make within a minute: what instances have leased of the limit.
CREATE TABLE {service}_limits (
  minute INTEGER NOT NULL,       -- since the epoch
  key TEXT NOT NULL,             -- keyed hash of class and caller
  used INTEGER NOT NULL,         -- leased so far, in whole blocks; the last one may go beyond the limit
  PRIMARY KEY (minute, key)      -- by time first, so that past minutes are found at once
) WITHOUT ROWID;
