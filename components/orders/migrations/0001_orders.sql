-- WITHOUT ROWID: ids are UUIDv7, so rows are appended, and every order is one b-tree entry less to write.
CREATE TABLE orders_orders (
  id TEXT PRIMARY KEY,             -- UUIDv7: in the order of placing
  buyer_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('ORDERED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'EXPIRED', 'REFUNDED')),
  currency TEXT NOT NULL,
  total INTEGER NOT NULL CHECK (total >= 0),     -- minor units
  address TEXT NOT NULL,           -- JSON {street, city, zipCode}; personal data
  payment_id TEXT,                 -- the payment that paid it
  version INTEGER NOT NULL,        -- of the stream: the ETag
  expires_at TEXT NOT NULL,        -- unpaid until then, it expires
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX orders_orders_buyer ON orders_orders (buyer_id, id);

CREATE TABLE orders_lines (
  order_id TEXT NOT NULL REFERENCES orders_orders (id),
  position INTEGER NOT NULL,       -- 0, 1, 2 … as the buyer listed them
  product_id TEXT NOT NULL,
  name TEXT NOT NULL,              -- as it was when it was ordered, like the price
  seller_id TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  price INTEGER NOT NULL CHECK (price >= 0),     -- of one unit, in minor units
  PRIMARY KEY (order_id, position)
) WITHOUT ROWID;

CREATE INDEX orders_lines_seller ON orders_lines (seller_id, order_id);

CREATE TRIGGER orders_placed AFTER INSERT ON orders_events WHEN NEW.type = 'order.placed' BEGIN
  INSERT INTO orders_orders (id, buyer_id, status, currency, total, address, version, expires_at, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'buyerId', 'ORDERED', NEW.data ->> 'currency', NEW.data ->> 'total',
    NEW.private -> 'shippingAddress', NEW.version, NEW.data ->> 'expiresAt', NEW.time, NEW.time);
  INSERT INTO orders_lines (order_id, position, product_id, name, seller_id, quantity, price)
    SELECT NEW.stream, key, value ->> 'productId', value ->> 'name', value ->> 'sellerId', value ->> 'quantity', value ->> 'price'
    FROM json_each(NEW.data, '$.lines');
END;

-- The transitions of domain.rs once more, so that no code can write another one. RAISE takes only literals
-- (SQLite before 3.47, thus libSQL), hence a line for each state. ELSE: there is no such order.
CREATE TRIGGER orders_paid AFTER INSERT ON orders_events WHEN NEW.type = 'order.paid' BEGIN
  SELECT CASE (SELECT status FROM orders_orders WHERE id = NEW.stream)
    WHEN 'ORDERED' THEN NULL
    WHEN 'PAID' THEN RAISE(ABORT, 'invalid_transition:PAID:PAID')
    WHEN 'CANCELLED' THEN RAISE(ABORT, 'invalid_transition:CANCELLED:PAID')
    WHEN 'EXPIRED' THEN RAISE(ABORT, 'invalid_transition:EXPIRED:PAID')
    ELSE RAISE(ABORT, 'invalid_transition::PAID') END;
  UPDATE orders_orders SET status = 'PAID', payment_id = NEW.data ->> 'paymentId', version = NEW.version, updated_at = NEW.time
    WHERE id = NEW.stream;
END;

CREATE TRIGGER orders_cancelled AFTER INSERT ON orders_events WHEN NEW.type = 'order.cancelled' BEGIN
  SELECT CASE (SELECT status FROM orders_orders WHERE id = NEW.stream)
    WHEN 'ORDERED' THEN NULL
    WHEN 'PAID' THEN RAISE(ABORT, 'invalid_transition:PAID:CANCELLED')
    WHEN 'CANCELLED' THEN RAISE(ABORT, 'invalid_transition:CANCELLED:CANCELLED')
    WHEN 'EXPIRED' THEN RAISE(ABORT, 'invalid_transition:EXPIRED:CANCELLED')
    ELSE RAISE(ABORT, 'invalid_transition::CANCELLED') END;
  UPDATE orders_orders SET status = 'CANCELLED', version = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;

CREATE TRIGGER orders_expired AFTER INSERT ON orders_events WHEN NEW.type = 'order.expired' BEGIN
  SELECT CASE (SELECT status FROM orders_orders WHERE id = NEW.stream)
    WHEN 'ORDERED' THEN NULL
    WHEN 'PAID' THEN RAISE(ABORT, 'invalid_transition:PAID:EXPIRED')
    WHEN 'CANCELLED' THEN RAISE(ABORT, 'invalid_transition:CANCELLED:EXPIRED')
    WHEN 'EXPIRED' THEN RAISE(ABORT, 'invalid_transition:EXPIRED:EXPIRED')
    ELSE RAISE(ABORT, 'invalid_transition::EXPIRED') END;
  UPDATE orders_orders SET status = 'EXPIRED', version = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;

-- The status stays: only the payment is refused.
CREATE TRIGGER orders_payment_rejected AFTER INSERT ON orders_events WHEN NEW.type = 'order.payment_rejected' BEGIN
  UPDATE orders_orders SET version = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;
