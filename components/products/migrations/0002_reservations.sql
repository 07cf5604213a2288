-- The lines of a hold are replaced: an order was changed before it was paid. Old and new lines count in one UPDATE,
-- so that the order's own units are free for it. Again all lines or none.
CREATE TRIGGER products_rereserved AFTER INSERT ON products_events WHEN NEW.type = 'stock.rereserved' BEGIN
  SELECT RAISE(ABORT, 'already_settled:')
    WHERE NOT EXISTS (SELECT 1 FROM products_reservations WHERE order_id = NEW.stream AND state = 'HELD');
  SELECT RAISE(ABORT, 'price_changed:') FROM json_each(NEW.data, '$.lines') AS line
    JOIN products_products AS product ON product.id = line.value ->> 'productId'
    WHERE product.price <> line.value ->> 'price' OR NOT product.active;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time, reserved = reserved
      - coalesce((SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id), 0)
      + coalesce((SELECT value ->> 'quantity' FROM json_each(NEW.data, '$.lines') WHERE value ->> 'productId' = products_products.id), 0)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream
      UNION SELECT value ->> 'productId' FROM json_each(NEW.data, '$.lines'));
  DELETE FROM products_reservation_lines WHERE order_id = NEW.stream;
  INSERT INTO products_reservation_lines (order_id, product_id, quantity)
    SELECT NEW.stream, value ->> 'productId', value ->> 'quantity' FROM json_each(NEW.data, '$.lines');
  UPDATE products_reservations SET expires_at = NEW.data ->> 'expiresAt' WHERE order_id = NEW.stream;
END;

-- What was sold comes back to the warehouse.
CREATE TRIGGER products_returned AFTER INSERT ON products_events WHEN NEW.type = 'stock.returned' BEGIN
  UPDATE products_reservations SET state = 'RELEASED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time, on_hand = on_hand +
      (SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;
