-- The times of each thousand entries: they come nearly in the order of the log, but nobody promises it. So a search for
-- a time finds the places where it can be, however long ago that is.
CREATE TABLE audit_spans (
  last INTEGER PRIMARY KEY,      -- the thousand's last entry
  earliest TEXT NOT NULL,
  latest TEXT NOT NULL
);

INSERT INTO audit_spans
  SELECT (seq + 999) / 1000 * 1000 AS last, min(time), max(time) FROM audit_log GROUP BY 1
  HAVING last <= (SELECT max(seq) FROM audit_log);

CREATE TRIGGER audit_log_span AFTER INSERT ON audit_log WHEN NEW.seq % 1000 = 0 BEGIN
  INSERT INTO audit_spans
    SELECT NEW.seq, min(time), max(time) FROM audit_log WHERE seq > NEW.seq - 1000 AND seq <= NEW.seq;
END;

CREATE TRIGGER audit_spans_cut AFTER INSERT ON audit_checkpoints WHEN NEW.cut BEGIN
  DELETE FROM audit_spans WHERE last <= NEW.seq;
END;
