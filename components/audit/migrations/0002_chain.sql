-- The hash chain (shared/chain says what is hashed). Entries from before it get their hash by `store/backlog.rs`.
ALTER TABLE audit_log ADD COLUMN hash TEXT NOT NULL DEFAULT '';

-- The end of the chain: what the next entry is chained to, and what tells that the last ones are gone.
CREATE TABLE audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL             -- empty while entries from before the chain wait for theirs
);

INSERT INTO audit_head
  SELECT 1, coalesce(max(seq), 0), iif(max(seq) IS NULL, '0000000000000000000000000000000000000000000000000000000000000000', '')
  FROM audit_log;

-- Two instances that append to the same head: the second is refused and tries again after the first's entries.
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log
WHEN NEW.seq IS NOT (SELECT seq + 1 FROM audit_head) BEGIN
  SELECT RAISE(ABORT, 'behind:');
END;

CREATE TRIGGER audit_log_head AFTER INSERT ON audit_log BEGIN
  UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
END;

DROP TRIGGER audit_log_freeze;

CREATE TRIGGER audit_log_freeze BEFORE UPDATE ON audit_log
WHEN OLD.hash <> '' OR NEW.seq IS NOT OLD.seq OR NEW.source IS NOT OLD.source OR NEW.id IS NOT OLD.id
  OR NEW.type IS NOT OLD.type OR NEW.subject IS NOT OLD.subject OR NEW.actor IS NOT OLD.actor
  OR NEW.time IS NOT OLD.time OR NEW.received_at IS NOT OLD.received_at OR NEW.event IS NOT OLD.event
BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

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

CREATE TRIGGER audit_checkpoints_keep BEFORE DELETE ON audit_checkpoints BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

CREATE TRIGGER audit_checkpoints_freeze BEFORE UPDATE ON audit_checkpoints BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

DROP TRIGGER audit_log_keep;

-- Only what lies before a cut may go: the cut's checkpoint takes its place in the chain.
CREATE TRIGGER audit_log_keep BEFORE DELETE ON audit_log
WHEN OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints WHERE cut), 0) BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

CREATE TRIGGER audit_fold_checkpoint AFTER INSERT ON audit_events WHEN NEW.type = 'checkpoint.signed' BEGIN
  INSERT INTO audit_checkpoints (seq, hash, time, public_key, signature, cut)
  VALUES (NEW.data ->> 'sequence', NEW.data ->> 'hash', NEW.data ->> 'time', NEW.data ->> 'publicKey',
    NEW.data ->> 'signature', NEW.data ->> 'cut');
END;

CREATE TRIGGER audit_checkpoints_cut AFTER INSERT ON audit_checkpoints WHEN NEW.cut BEGIN
  DELETE FROM audit_log WHERE seq <= NEW.seq;
END;
