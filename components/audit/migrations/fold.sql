-- Fold 1, 60e8ab58bbab: raise the number when you change a statement below; a test then tells the digest.

-- Entries.

-- Two instances that append to the same head: the second is refused and tries again after the first's entries.
CREATE TRIGGER audit_log_chain BEFORE INSERT ON audit_log
WHEN NEW.seq IS NOT (SELECT seq + 1 FROM audit_head) BEGIN
  SELECT RAISE(ABORT, 'behind:');
END;

CREATE TRIGGER audit_log_head AFTER INSERT ON audit_log BEGIN
  UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
END;

CREATE TRIGGER audit_log_span AFTER INSERT ON audit_log WHEN NEW.seq % 1000 = 0 BEGIN
  INSERT INTO audit_spans
    SELECT NEW.seq, min(time), max(time) FROM audit_log WHERE seq > NEW.seq - 1000 AND seq <= NEW.seq;
END;

CREATE TRIGGER audit_log_freeze BEFORE UPDATE ON audit_log BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

-- Only what lies before a cut may go: the cut's checkpoint takes its place in the chain.
CREATE TRIGGER audit_log_keep BEFORE DELETE ON audit_log
WHEN OLD.seq > coalesce((SELECT max(seq) FROM audit_checkpoints WHERE cut), 0) BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

-- Checkpoints, and what a cut removes.

CREATE TRIGGER audit_fold_checkpoint AFTER INSERT ON audit_events WHEN NEW.type = 'checkpoint.signed' BEGIN
  INSERT INTO audit_checkpoints (seq, hash, time, public_key, signature, cut)
  VALUES (NEW.data ->> 'sequence', NEW.data ->> 'hash', NEW.data ->> 'time', NEW.data ->> 'publicKey',
    NEW.data ->> 'signature', NEW.data ->> 'cut');
END;

CREATE TRIGGER audit_checkpoints_keep BEFORE DELETE ON audit_checkpoints BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

CREATE TRIGGER audit_checkpoints_freeze BEFORE UPDATE ON audit_checkpoints BEGIN
  SELECT RAISE(ABORT, 'append_only:');
END;

CREATE TRIGGER audit_checkpoints_cut AFTER INSERT ON audit_checkpoints WHEN NEW.cut BEGIN
  DELETE FROM audit_log WHERE seq <= NEW.seq;
END;

CREATE TRIGGER audit_spans_cut AFTER INSERT ON audit_checkpoints WHEN NEW.cut BEGIN
  DELETE FROM audit_spans WHERE last <= NEW.seq;
END;
