-- Side tables of the log, for all services. A database of an earlier build gets them when it is opened.

-- Events that a target kept refusing and that were not redriven since.
CREATE TABLE {service}_parked (
  seq INTEGER PRIMARY KEY,       -- of delivery.parked
  stream TEXT NOT NULL UNIQUE,   -- of the delivery: its target, and the event's place in the log
  target TEXT NOT NULL
);

CREATE INDEX {service}_parked_target ON {service}_parked (target);

INSERT INTO {service}_parked (seq, stream, target)
  SELECT seq, stream, data ->> 'target' FROM {service}_events AS p WHERE type = 'delivery.parked'
    AND NOT EXISTS (SELECT 1 FROM {service}_events AS r WHERE r.stream = p.stream AND r.version = 2);

CREATE TRIGGER {service}_delivery_parked AFTER INSERT ON {service}_events WHEN NEW.type = 'delivery.parked' BEGIN
  INSERT INTO {service}_parked (seq, stream, target) VALUES (NEW.seq, NEW.stream, NEW.data ->> 'target');
END;

CREATE TRIGGER {service}_delivery_redriven AFTER INSERT ON {service}_events WHEN NEW.type = 'delivery.redriven' BEGIN
  DELETE FROM {service}_parked WHERE stream = NEW.stream;
END;

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

-- An event with `repeated` tells of itself and of as many before it.
CREATE TRIGGER {service}_repeats_told AFTER INSERT ON {service}_events WHEN instr(NEW.data, '"repeated":') BEGIN
  UPDATE {service}_repeats SET untold = max(0, untold - 1 - coalesce(NEW.data ->> 'repeated', 0))
    WHERE stream = NEW.stream AND type = NEW.type;
END;
