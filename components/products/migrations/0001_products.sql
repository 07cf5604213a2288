CREATE TABLE products_products (
  id TEXT PRIMARY KEY,             -- UUIDv7: in the order of creation
  seller_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  category TEXT NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),     -- minor units
  currency TEXT NOT NULL,
  on_hand INTEGER NOT NULL,                      -- units in the warehouse
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0), -- of these, promised to open orders
  active INTEGER NOT NULL DEFAULT 1,
  revision INTEGER NOT NULL DEFAULT 1,           -- counts every visible change: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CONSTRAINT out_of_stock CHECK (on_hand >= reserved)
);

CREATE TABLE products_reservations (
  order_id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('HELD', 'CONFIRMED', 'RELEASED')),
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE products_reservation_lines (
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES products_products (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, product_id)
) WITHOUT ROWID;

CREATE INDEX products_holds ON products_reservations (expires_at) WHERE state = 'HELD';

CREATE TRIGGER products_created AFTER INSERT ON products_events WHEN NEW.type = 'product.created' BEGIN
  INSERT INTO products_products (id, seller_id, name, description, category, price, currency, on_hand, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'sellerId', NEW.data ->> 'name', NEW.data ->> 'description', NEW.data ->> 'category',
    NEW.data ->> 'price', NEW.data ->> 'currency', NEW.data ->> 'stock', NEW.time, NEW.time);
END;

CREATE TRIGGER products_adjusted AFTER INSERT ON products_events WHEN NEW.type = 'stock.adjusted' BEGIN
  UPDATE products_products SET on_hand = on_hand + (NEW.data ->> 'delta'), revision = revision + 1, updated_at = NEW.time
  WHERE id = NEW.stream;
END;

-- A hold that comes after its release (the order was given up meanwhile) must not stay.
-- All lines or none: one line too many violates out_of_stock and undoes the whole statement.
CREATE TRIGGER products_reserved AFTER INSERT ON products_events WHEN NEW.type = 'stock.reserved' BEGIN
  SELECT RAISE(ABORT, 'already_settled:') FROM products_events WHERE stream = NEW.stream AND version > 1;
  INSERT INTO products_reservations (order_id, state, expires_at) VALUES (NEW.stream, 'HELD', NEW.data ->> 'expiresAt');
  INSERT INTO products_reservation_lines (order_id, product_id, quantity)
    SELECT NEW.stream, value ->> 'productId', value ->> 'quantity' FROM json_each(NEW.data, '$.lines');
  SELECT RAISE(ABORT, 'price_changed:') FROM json_each(NEW.data, '$.lines') AS line
    JOIN products_products AS product ON product.id = line.value ->> 'productId'
    WHERE product.price <> line.value ->> 'price' OR NOT product.active;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time, reserved = reserved +
      (SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;

-- Paid: the units leave the warehouse.
CREATE TRIGGER products_confirmed AFTER INSERT ON products_events WHEN NEW.type = 'stock.confirmed' BEGIN
  UPDATE products_reservations SET state = 'CONFIRMED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time,
      on_hand = on_hand - (SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id),
      reserved = reserved - (SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;

CREATE TRIGGER products_released AFTER INSERT ON products_events WHEN NEW.type = 'stock.released' BEGIN
  UPDATE products_reservations SET state = 'RELEASED' WHERE order_id = NEW.stream;
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time, reserved = reserved -
      (SELECT quantity FROM products_reservation_lines WHERE order_id = NEW.stream AND product_id = products_products.id)
    WHERE id IN (SELECT product_id FROM products_reservation_lines WHERE order_id = NEW.stream);
END;
