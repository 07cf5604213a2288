-- The triggers of the log that every service has. They are a part of each service's fold: who changes them raises the
-- numbers of all.

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

CREATE TRIGGER {service}_delivery_parked AFTER INSERT ON {service}_events WHEN NEW.type = 'delivery.parked' BEGIN
  INSERT INTO {service}_parked (seq, stream, target) VALUES (NEW.seq, NEW.stream, NEW.data ->> 'target');
END;

CREATE TRIGGER {service}_delivery_redriven AFTER INSERT ON {service}_events WHEN NEW.type = 'delivery.redriven' BEGIN
  DELETE FROM {service}_parked WHERE stream = NEW.stream;
END;

-- An event with `repeated` tells of itself and of as many before it.
CREATE TRIGGER {service}_repeats_told AFTER INSERT ON {service}_events WHEN instr(NEW.data, '"repeated":') BEGIN
  UPDATE {service}_repeats SET untold = max(0, untold - 1 - coalesce(NEW.data ->> 'repeated', 0))
    WHERE stream = NEW.stream AND type = NEW.type;
END;
