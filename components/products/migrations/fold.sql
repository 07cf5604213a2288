-- Fold 1, a3fb3b4fc466: raise the number when you change a statement below; a test then tells the digest.

-- A product.

CREATE TRIGGER products_created AFTER INSERT ON products_events WHEN NEW.type = 'product.created' BEGIN
  INSERT INTO products_products
    (id, seller_id, name, description, category, price, currency, on_hand, created_at, updated_at, number)
  VALUES (NEW.stream, NEW.data ->> 'sellerId', NEW.data ->> 'name', NEW.data ->> 'description',
    NEW.data ->> 'category', NEW.data ->> 'price', NEW.data ->> 'currency', NEW.data ->> 'stock', NEW.time, NEW.time,
    NEW.seq);
END;

-- ifRevision is there when the client insisted on it (If-Match). What an ADMIN puts on sale of a seller who is stopped
-- is on sale when they are back.
CREATE TRIGGER products_changed AFTER INSERT ON products_events
WHEN NEW.type IN ('product.changed', 'product.withdrawn') BEGIN
  SELECT RAISE(ABORT, 'precondition_failed:') FROM products_products
    WHERE id = NEW.stream AND revision <> NEW.data ->> 'ifRevision';
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time WHERE id = NEW.stream;
  UPDATE products_products SET name = NEW.data ->> 'name', description = NEW.data ->> 'description',
      category = NEW.data ->> 'category', price = NEW.data ->> 'price',
      active = NEW.data ->> 'active'
        AND NOT EXISTS (SELECT 1 FROM products_people WHERE user_id = seller_id AND stopped),
      paused = NEW.data ->> 'active'
        AND EXISTS (SELECT 1 FROM products_people WHERE user_id = seller_id AND stopped)
    WHERE id = NEW.stream AND NEW.type = 'product.changed';
  -- Sold before, it stays for those who bought it, but is neither listed nor sold again.
  UPDATE products_products SET active = 0, paused = 0 WHERE id = NEW.stream AND NEW.type = 'product.withdrawn';
END;

-- ifRevision is there when the answer was made for that revision, as it is kept for an idempotency key.
CREATE TRIGGER products_adjusted AFTER INSERT ON products_events WHEN NEW.type = 'stock.adjusted' BEGIN
  SELECT RAISE(ABORT, 'precondition_failed:') FROM products_products
    WHERE id = NEW.stream AND revision <> NEW.data ->> 'ifRevision';
  UPDATE products_products
  SET on_hand = on_hand + (NEW.data ->> 'delta'), revision = revision + 1, updated_at = NEW.time
  WHERE id = NEW.stream;
END;

-- What orders take of it.

-- A hold that comes after its release (the order was given up meanwhile) must not stay.
-- All lines or none: one line too many violates out_of_stock and undoes the whole statement.
CREATE TRIGGER products_reserved AFTER INSERT ON products_events WHEN NEW.type = 'stock.reserved' BEGIN
  SELECT RAISE(ABORT, 'already_settled:') FROM products_events WHERE stream = NEW.stream AND version > 1;
  INSERT INTO products_reservations (order_id, state, expires_at)
    VALUES (NEW.stream, 'HELD', NEW.data ->> 'expiresAt');
  INSERT INTO products_reservation_lines (order_id, product_id, quantity)
    SELECT NEW.stream, value ->> 'productId', value ->> 'quantity' FROM json_each(NEW.data, '$.lines');
  SELECT RAISE(ABORT, 'price_changed:') FROM json_each(NEW.data, '$.lines') AS line
    JOIN products_products AS product ON product.id = line.value ->> 'productId'
    WHERE product.price <> line.value ->> 'price' OR NOT product.active;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time,
      reserved = reserved + (SELECT quantity FROM products_reservation_lines
        WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;

-- The lines of a hold are replaced: an order was changed before it was paid. Old and new lines count in one UPDATE,
-- so that the order's own units are free for it. Again all lines or none. Lines without a price are only kept, while
-- the order is about to get others: nobody buys them, so it does not matter whether they are still on sale.
CREATE TRIGGER products_rereserved AFTER INSERT ON products_events WHEN NEW.type = 'stock.rereserved' BEGIN
  SELECT RAISE(ABORT, 'already_settled:')
    WHERE NOT EXISTS (SELECT 1 FROM products_reservations WHERE order_id = NEW.stream AND state = 'HELD');
  SELECT RAISE(ABORT, 'price_changed:') FROM json_each(NEW.data, '$.lines') AS line
    JOIN products_products AS product ON product.id = line.value ->> 'productId'
    WHERE product.price <> line.value ->> 'price' OR (line.value ->> 'price' IS NOT NULL AND NOT product.active);
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time, reserved = reserved
      - coalesce((SELECT quantity FROM products_reservation_lines
        WHERE order_id = NEW.stream AND product_id = products_products.id), 0)
      + coalesce((SELECT value ->> 'quantity' FROM json_each(NEW.data, '$.lines')
        WHERE value ->> 'productId' = products_products.id), 0)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream
      UNION SELECT value ->> 'productId' FROM json_each(NEW.data, '$.lines'));
  DELETE FROM products_reservation_lines WHERE order_id = NEW.stream;
  INSERT INTO products_reservation_lines (order_id, product_id, quantity)
    SELECT NEW.stream, value ->> 'productId', value ->> 'quantity' FROM json_each(NEW.data, '$.lines');
  UPDATE products_reservations SET expires_at = NEW.data ->> 'expiresAt' WHERE order_id = NEW.stream;
END;

-- Paid: the units that the order says leave the warehouse, and nothing is promised to it any more. More may have been
-- held than was sold, by a change of the order that was cut off. What was sold is what can be returned.
CREATE TRIGGER products_confirmed AFTER INSERT ON products_events WHEN NEW.type = 'stock.confirmed' BEGIN
  UPDATE products_reservations SET state = 'CONFIRMED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time,
      on_hand = on_hand - CASE WHEN NEW.data -> '$.lines' IS NULL
        THEN (SELECT quantity FROM products_reservation_lines
          WHERE order_id = NEW.stream AND product_id = products_products.id)
        ELSE coalesce((SELECT value ->> 'quantity' FROM json_each(NEW.data, '$.lines')
          WHERE value ->> 'productId' = products_products.id), 0) END,
      reserved = reserved - coalesce((SELECT quantity FROM products_reservation_lines
        WHERE order_id = NEW.stream AND product_id = products_products.id), 0)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream
      UNION SELECT value ->> 'productId' FROM json_each(NEW.data, '$.lines'));
  DELETE FROM products_reservation_lines WHERE order_id = NEW.stream AND NEW.data -> '$.lines' IS NOT NULL;
  INSERT INTO products_reservation_lines (order_id, product_id, quantity)
    SELECT NEW.stream, value ->> 'productId', value ->> 'quantity' FROM json_each(NEW.data, '$.lines');
END;

CREATE TRIGGER products_released AFTER INSERT ON products_events WHEN NEW.type = 'stock.released' BEGIN
  UPDATE products_reservations SET state = 'RELEASED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time,
      reserved = reserved - (SELECT quantity FROM products_reservation_lines
        WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;

-- What was sold comes back to the warehouse.
CREATE TRIGGER products_returned AFTER INSERT ON products_events WHEN NEW.type = 'stock.returned' BEGIN
  UPDATE products_reservations SET state = 'RELEASED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time,
      on_hand = on_hand + (SELECT quantity FROM products_reservation_lines
        WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;

-- Its seller.

CREATE TRIGGER products_person AFTER INSERT ON products_events
WHEN NEW.type IN ('person.stopped', 'person.resumed') BEGIN
  INSERT INTO products_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type = 'person.stopped', NEW.data ->> '$.reason' IS 'erased',
    coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE
    SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
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

-- Its words, where the store has FTS5: a fold ends at a SELECT from a table that is not there.
SELECT 1 FROM products_search LIMIT 0;

CREATE TRIGGER products_search_new AFTER INSERT ON products_products BEGIN
  INSERT INTO products_search (rowid, text)
    VALUES (NEW.number, NEW.name || ' ' || NEW.category || ' ' || NEW.description);
END;

-- OF: not at reservations.
CREATE TRIGGER products_search_changed AFTER UPDATE OF name, category, description, active ON products_products BEGIN
  INSERT INTO products_search (products_search, rowid, text)
    SELECT 'delete', OLD.number, OLD.name || ' ' || OLD.category || ' ' || OLD.description WHERE OLD.active;
  INSERT INTO products_search (rowid, text)
    SELECT NEW.number, NEW.name || ' ' || NEW.category || ' ' || NEW.description WHERE NEW.active;
END;
