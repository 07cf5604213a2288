-- Who is disabled or erased, as auth told: they change nothing, whatever is left of their token's time, and nobody buys
-- from them.
CREATE TABLE products_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;

-- On sale but for its seller, who is stopped. `active` says whether it can be bought, as before.
ALTER TABLE products_products ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

CREATE INDEX products_paused ON products_products (seller_id) WHERE paused;

CREATE TRIGGER products_person AFTER INSERT ON products_events WHEN NEW.type IN ('person.stopped', 'person.resumed') BEGIN
  INSERT INTO products_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type = 'person.stopped', NEW.data ->> '$.reason' IS 'erased', coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
    WHERE NOT products_people.erased AND (excluded.erased OR excluded.sequence >= products_people.sequence);
  UPDATE products_products SET active = 0, paused = 1, revision = revision + 1, updated_at = NEW.time
    WHERE seller_id = NEW.stream AND active
    AND EXISTS (SELECT 1 FROM products_people WHERE user_id = NEW.stream AND stopped);
  UPDATE products_products SET active = 1, paused = 0, revision = revision + 1, updated_at = NEW.time
    WHERE seller_id = NEW.stream AND paused
    AND EXISTS (SELECT 1 FROM products_people WHERE user_id = NEW.stream AND NOT stopped);
END;

-- That they tried is recorded all the same.
CREATE TRIGGER products_actor_stopped BEFORE INSERT ON products_events WHEN NEW.type <> 'permission.refused' BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM products_people WHERE user_id = NEW.actor AND stopped;
END;

DROP TRIGGER products_changed;

-- As in 0003; what an ADMIN puts on sale of a seller who is stopped is on sale when they are back.
CREATE TRIGGER products_changed AFTER INSERT ON products_events WHEN NEW.type IN ('product.changed', 'product.withdrawn') BEGIN
  SELECT RAISE(ABORT, 'precondition_failed:') FROM products_products
    WHERE id = NEW.stream AND revision <> NEW.data ->> 'ifRevision';
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time WHERE id = NEW.stream;
  UPDATE products_products SET name = NEW.data ->> 'name', description = NEW.data ->> 'description',
      category = NEW.data ->> 'category', price = NEW.data ->> 'price',
      active = NEW.data ->> 'active' AND NOT EXISTS (SELECT 1 FROM products_people WHERE user_id = seller_id AND stopped),
      paused = NEW.data ->> 'active' AND EXISTS (SELECT 1 FROM products_people WHERE user_id = seller_id AND stopped)
    WHERE id = NEW.stream AND NEW.type = 'product.changed';
  -- Sold before, it stays for those who bought it, but is neither listed nor sold again.
  UPDATE products_products SET active = 0, paused = 0 WHERE id = NEW.stream AND NEW.type = 'product.withdrawn';
END;
