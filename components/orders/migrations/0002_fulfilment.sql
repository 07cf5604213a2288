ALTER TABLE orders_orders ADD COLUMN shipments TEXT NOT NULL DEFAULT '{}'; -- JSON by seller: what they have sent

-- Lists by state, and the sweep: the oldest unpaid orders come first.
CREATE INDEX orders_orders_status ON orders_orders (status, id);

-- The table of domain/status.rs (a test compares them), so that no code can write another transition.
CREATE TABLE orders_transitions (
  status TEXT NOT NULL,
  event TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (status, event)
) WITHOUT ROWID;

INSERT INTO orders_transitions VALUES
  ('ORDERED', 'order.paid', 'PAID'),
  ('ORDERED', 'order.cancelled', 'CANCELLED'),
  ('ORDERED', 'order.changed', 'ORDERED'),
  ('ORDERED', 'order.readdressed', 'ORDERED'),
  ('ORDERED', 'order.expired', 'EXPIRED'),
  ('PAID', 'order.cancelled', 'CANCELLED'),
  ('PAID', 'order.readdressed', 'PAID'),
  ('PAID', 'order.partly_shipped', 'PAID'),
  ('PAID', 'order.shipped', 'SHIPPED'),
  ('PAID', 'order.partly_delivered', 'PAID'),
  ('SHIPPED', 'order.partly_delivered', 'SHIPPED'),
  ('SHIPPED', 'order.delivered', 'DELIVERED'),
  ('DELIVERED', 'order.refunded', 'REFUNDED'),
  ('CANCELLED', 'order.refunded', 'REFUNDED');

DROP TRIGGER orders_paid;

DROP TRIGGER orders_cancelled;

DROP TRIGGER orders_expired;

DROP TRIGGER orders_payment_rejected;

-- RAISE takes no expression before SQLite 3.47 and libSQL is older, so the message cannot name the two states.
CREATE TRIGGER orders_moved AFTER INSERT ON orders_events
WHEN NEW.type LIKE 'order.%' AND NEW.type NOT IN ('order.placed', 'order.payment_rejected', 'order.refund_noted') BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM orders_orders AS o JOIN orders_transitions AS move ON move.status = o.status
    WHERE o.id = NEW.stream AND move.event = NEW.type);
  UPDATE orders_orders SET
    status = (SELECT next FROM orders_transitions AS move WHERE move.status = orders_orders.status AND move.event = NEW.type),
    payment_id = CASE NEW.type WHEN 'order.paid' THEN NEW.data ->> 'paymentId' ELSE payment_id END,
    address = coalesce(NEW.private -> 'shippingAddress', address),
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;

-- Other lines: the order is as if it had been placed with them.
CREATE TRIGGER orders_changed AFTER INSERT ON orders_events WHEN NEW.type = 'order.changed' BEGIN
  UPDATE orders_orders SET currency = NEW.data ->> 'currency', total = NEW.data ->> 'total' WHERE id = NEW.stream;
  DELETE FROM orders_lines WHERE order_id = NEW.stream;
  INSERT INTO orders_lines (order_id, position, product_id, name, seller_id, quantity, price)
    SELECT NEW.stream, key, value ->> 'productId', value ->> 'name', value ->> 'sellerId', value ->> 'quantity', value ->> 'price'
    FROM json_each(NEW.data, '$.lines');
END;

-- Members that are NULL are left out by json_patch.
CREATE TRIGGER orders_shipped AFTER INSERT ON orders_events WHEN NEW.type IN ('order.partly_shipped', 'order.shipped') BEGIN
  UPDATE orders_orders SET shipments = json_patch(shipments, (
    SELECT json_group_object(value, json_object('carrier', NEW.data ->> 'carrier',
      'trackingNumber', NEW.data ->> 'trackingNumber', 'shippedAt', NEW.time))
    FROM json_each(NEW.data, '$.sellerIds')))
  WHERE id = NEW.stream;
  SELECT RAISE(ABORT, 'parts_missing:') WHERE NEW.type = 'order.shipped' AND EXISTS (
    SELECT 1 FROM orders_lines WHERE order_id = NEW.stream AND seller_id NOT IN (
      SELECT part.key FROM orders_orders AS o, json_each(o.shipments) AS part WHERE o.id = NEW.stream));
END;

CREATE TRIGGER orders_delivered AFTER INSERT ON orders_events WHEN NEW.type IN ('order.partly_delivered', 'order.delivered') BEGIN
  UPDATE orders_orders SET shipments = json_patch(shipments, (
    SELECT json_group_object(value, json_object('deliveredAt', NEW.time)) FROM json_each(NEW.data, '$.sellerIds')))
  WHERE id = NEW.stream;
  SELECT RAISE(ABORT, 'parts_missing:') WHERE NEW.type = 'order.delivered' AND EXISTS (
    SELECT 1 FROM orders_lines WHERE order_id = NEW.stream AND seller_id NOT IN (
      SELECT part.key FROM orders_orders AS o, json_each(o.shipments) AS part
      WHERE o.id = NEW.stream AND part.value ->> 'deliveredAt' IS NOT NULL));
END;

-- The status stays: money was refused, or some of it given back.
CREATE TRIGGER orders_noted AFTER INSERT ON orders_events WHEN NEW.type IN ('order.payment_rejected', 'order.refund_noted') BEGIN
  UPDATE orders_orders SET version = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;
