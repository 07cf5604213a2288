-- Fold 1, 4ee46fbc1676: raise the number when you change a statement below; a test then tells the digest.

-- The number is that of `domain::MAX_INSTANCES`, which has the reason; a test compares them.
CREATE TRIGGER gateway_registered AFTER INSERT ON gateway_events WHEN NEW.type = 'instance.registered' BEGIN
  SELECT RAISE(ABORT, 'too_many_instances:') WHERE (SELECT count(*) FROM gateway_instances) >= 256;
  INSERT INTO gateway_instances (id, name, url, tags, weight, health_path, registered_at)
  VALUES (NEW.stream, NEW.data ->> 'name', NEW.data ->> 'url', NEW.data -> 'tags', NEW.data ->> 'weight',
    NEW.data ->> 'healthPath', NEW.time);
  INSERT INTO gateway_heartbeats (instance_id, seen_at) VALUES (NEW.stream, NEW.time);
END;

-- All others happen to an instance that is there still, and only once: who is overtaken looks again.

CREATE TRIGGER gateway_renewed AFTER INSERT ON gateway_events WHEN NEW.type = 'instance.renewed' BEGIN
  SELECT RAISE(ABORT, 'overtaken:') WHERE NOT EXISTS (SELECT 1 FROM gateway_instances WHERE id = NEW.stream);
  UPDATE gateway_instances SET tags = NEW.data -> 'tags', weight = NEW.data ->> 'weight',
      health_path = NEW.data ->> 'healthPath', up = 1
    WHERE id = NEW.stream;
  UPDATE gateway_heartbeats SET seen_at = max(seen_at, NEW.time) WHERE instance_id = NEW.stream;
END;

CREATE TRIGGER gateway_up AFTER INSERT ON gateway_events WHEN NEW.type = 'instance.up' BEGIN
  SELECT RAISE(ABORT, 'overtaken:')
    WHERE NOT EXISTS (SELECT 1 FROM gateway_instances WHERE id = NEW.stream AND NOT up);
  UPDATE gateway_instances SET up = 1 WHERE id = NEW.stream;
  UPDATE gateway_heartbeats SET seen_at = max(seen_at, NEW.time) WHERE instance_id = NEW.stream;
END;

-- Who was heard of meanwhile is neither down nor removed.
CREATE TRIGGER gateway_down AFTER INSERT ON gateway_events WHEN NEW.type = 'instance.down' BEGIN
  SELECT RAISE(ABORT, 'overtaken:') FROM gateway_heartbeats
    WHERE instance_id = NEW.stream AND seen_at > NEW.data ->> 'lastSeenAt';
  SELECT RAISE(ABORT, 'overtaken:')
    WHERE NOT EXISTS (SELECT 1 FROM gateway_instances WHERE id = NEW.stream AND up);
  UPDATE gateway_instances SET up = 0 WHERE id = NEW.stream;
END;

CREATE TRIGGER gateway_removed AFTER INSERT ON gateway_events
WHEN NEW.type IN ('instance.unregistered', 'instance.expired') BEGIN
  SELECT RAISE(ABORT, 'overtaken:') FROM gateway_heartbeats
    WHERE NEW.type = 'instance.expired' AND instance_id = NEW.stream AND seen_at > NEW.data ->> 'lastSeenAt';
  SELECT RAISE(ABORT, 'overtaken:') WHERE NOT EXISTS (SELECT 1 FROM gateway_instances WHERE id = NEW.stream);
  DELETE FROM gateway_heartbeats WHERE instance_id = NEW.stream;
  DELETE FROM gateway_instances WHERE id = NEW.stream;
END;
