-- Who is disabled or erased, as auth told: they neither pay nor give money back, whatever is left of their token's time.
CREATE TABLE payments_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;

CREATE TRIGGER payments_person AFTER INSERT ON payments_events WHEN NEW.type IN ('person.stopped', 'person.resumed') BEGIN
  INSERT INTO payments_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type = 'person.stopped', NEW.data ->> '$.reason' IS 'erased', coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
    WHERE NOT payments_people.erased AND (excluded.erased OR excluded.sequence >= payments_people.sequence);
END;

-- What they began before is brought to its end: the provider has it.
CREATE TRIGGER payments_actor_stopped BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.started', 'payment.refund_requested') BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM payments_people WHERE user_id = NEW.actor AND stopped;
END;
