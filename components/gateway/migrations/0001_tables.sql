-- The registry: instances of services that run elsewhere. There are few (the fold has the limit), so all are read at
-- once. `fold.sql` has the triggers.

CREATE TABLE gateway_instances (
  id TEXT PRIMARY KEY,             -- UUIDv7: in the order of registration
  name TEXT NOT NULL,              -- of the service
  url TEXT NOT NULL,               -- as the URL standard writes it
  tags TEXT NOT NULL,              -- JSON list: only ever read and replaced as a whole
  weight INTEGER NOT NULL,
  health_path TEXT,
  up INTEGER NOT NULL DEFAULT 1,   -- as the log tells; it may be overdue since
  registered_at TEXT NOT NULL,
  UNIQUE (name, url)
) WITHOUT ROWID;

-- When each was heard of last. A table of its own, for heartbeats are no events.
CREATE TABLE gateway_heartbeats (
  instance_id TEXT PRIMARY KEY,
  seen_at TEXT NOT NULL
) WITHOUT ROWID;
