-- Who is disabled or erased, as auth told: they neither order nor sell nor ship, whatever is left of their token's time.
CREATE TABLE orders_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;

INSERT INTO orders_people (user_id, stopped, erased, sequence) SELECT buyer_id, 1, 1, 0 FROM orders_erased;

CREATE TRIGGER orders_person AFTER INSERT ON orders_events
WHEN NEW.type IN ('person.stopped', 'person.resumed', 'buyer.erased') BEGIN
  INSERT INTO orders_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type <> 'person.resumed', NEW.type = 'buyer.erased', coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
    WHERE NOT orders_people.erased AND (excluded.erased OR excluded.sequence >= orders_people.sequence);
END;

-- That they tried is recorded all the same.
CREATE TRIGGER orders_actor_stopped BEFORE INSERT ON orders_events WHEN NEW.type <> 'permission.refused' BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM orders_people WHERE user_id = NEW.actor AND stopped;
END;

CREATE TRIGGER orders_seller_stopped BEFORE INSERT ON orders_events
WHEN NEW.type IN ('order.placed', 'order.changed') BEGIN
  SELECT RAISE(ABORT, 'seller_stopped:') FROM json_each(NEW.data, '$.lines') AS line
    JOIN orders_people ON user_id = line.value ->> 'sellerId' WHERE stopped;
END;
