-- Fold 1, e1d2a5c2f338: raise the number when you change a statement below; a test then tells the digest.

-- Of several triggers of one event SQLite runs the one that was made last first.

DELETE FROM orders_transitions;

-- The table of domain/status.rs (a test compares them), so that no code can write another transition.
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

-- What does not happen at all.

-- Nothing personal gets into the log of somebody who was erased.
CREATE TRIGGER orders_still_there BEFORE INSERT ON orders_events
WHEN NEW.private IS NOT NULL AND NEW.data ->> 'buyerId' IN (SELECT buyer_id FROM orders_erased) BEGIN
  SELECT RAISE(ABORT, 'buyer_erased:');
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

-- Each holds stock: a buyer has a bounded number of them. The deployment's limit comes with the event, since triggers
-- know no settings; after an erasure it is gone, and replay counts no more.
CREATE TRIGGER orders_too_many BEFORE INSERT ON orders_events
WHEN NEW.type = 'order.placed' AND NEW.private ->> 'openOrdersLimit' > 0 BEGIN
  SELECT RAISE(ABORT, 'too_many_attempts:') WHERE NEW.private ->> 'openOrdersLimit' <= (
    SELECT count(*) FROM (SELECT 1 FROM orders_orders INDEXED BY orders_open
      WHERE buyer_id = NEW.data ->> 'buyerId' AND status = 'ORDERED' AND expires_at > NEW.time
      LIMIT NEW.private ->> 'openOrdersLimit'));
END;

-- Nobody who was disabled or erased sells: money that comes late for an order of theirs goes back.
CREATE TRIGGER orders_paid_seller_stopped BEFORE INSERT ON orders_events WHEN NEW.type = 'order.paid' BEGIN
  SELECT RAISE(ABORT, 'seller_stopped:') FROM orders_lines JOIN orders_people ON user_id = seller_id
    WHERE order_id = NEW.stream AND stopped;
END;

-- An order.

-- After an erasure, replay finds no address.
CREATE TRIGGER orders_placed AFTER INSERT ON orders_events WHEN NEW.type = 'order.placed' BEGIN
  INSERT INTO orders_orders
    (id, buyer_id, status, currency, total, address, version, expires_at, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'buyerId', 'ORDERED', NEW.data ->> 'currency', NEW.data ->> 'total',
    coalesce(NEW.private -> 'shippingAddress', 'null'), NEW.version, NEW.data ->> 'expiresAt', NEW.time, NEW.time);
  INSERT INTO orders_lines (order_id, position, product_id, name, seller_id, quantity, price)
    SELECT NEW.stream, key, value ->> 'productId', value ->> 'name', value ->> 'sellerId', value ->> 'quantity',
      value ->> 'price'
    FROM json_each(NEW.data, '$.lines');
END;

-- Other lines: the order is as if it had been placed with them.
CREATE TRIGGER orders_changed AFTER INSERT ON orders_events WHEN NEW.type = 'order.changed' BEGIN
  UPDATE orders_orders SET currency = NEW.data ->> 'currency', total = NEW.data ->> 'total' WHERE id = NEW.stream;
  DELETE FROM orders_lines WHERE order_id = NEW.stream;
  INSERT INTO orders_lines (order_id, position, product_id, name, seller_id, quantity, price)
    SELECT NEW.stream, key, value ->> 'productId', value ->> 'name', value ->> 'sellerId', value ->> 'quantity',
      value ->> 'price'
    FROM json_each(NEW.data, '$.lines');
END;

-- The status stays: a payment is open, or is no longer.
CREATE TRIGGER orders_payment_news AFTER INSERT ON orders_events
WHEN NEW.type IN ('order.payment_pending', 'order.payment_ended') BEGIN
  UPDATE orders_orders SET
    pending_payment = CASE NEW.type WHEN 'order.payment_pending' THEN NEW.data ->> 'paymentId' END,
    payment_sequence = NEW.data ->> 'sequence',
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;

CREATE TRIGGER orders_taken AFTER INSERT ON orders_events WHEN NEW.type = 'order.paid' BEGIN
  UPDATE orders_orders SET taken = NEW.data ->> 'amount' WHERE id = NEW.stream;
END;

-- Members that are NULL are left out by json_patch.
CREATE TRIGGER orders_shipped AFTER INSERT ON orders_events
WHEN NEW.type IN ('order.partly_shipped', 'order.shipped') BEGIN
  UPDATE orders_orders SET shipments = json_patch(shipments, (
    SELECT json_group_object(value, json_object('carrier', NEW.data ->> 'carrier',
      'trackingNumber', NEW.data ->> 'trackingNumber', 'shippedAt', NEW.time))
    FROM json_each(NEW.data, '$.sellerIds')))
  WHERE id = NEW.stream;
  SELECT RAISE(ABORT, 'parts_missing:') WHERE NEW.type = 'order.shipped' AND EXISTS (
    SELECT 1 FROM orders_lines WHERE order_id = NEW.stream AND seller_id NOT IN (
      SELECT part.key FROM orders_orders AS o, json_each(o.shipments) AS part WHERE o.id = NEW.stream));
END;

CREATE TRIGGER orders_delivered AFTER INSERT ON orders_events
WHEN NEW.type IN ('order.partly_delivered', 'order.delivered') BEGIN
  UPDATE orders_orders SET shipments = json_patch(shipments, (
    SELECT json_group_object(value, json_object('deliveredAt', NEW.time)) FROM json_each(NEW.data, '$.sellerIds')))
  WHERE id = NEW.stream;
  SELECT RAISE(ABORT, 'parts_missing:') WHERE NEW.type = 'order.delivered' AND EXISTS (
    SELECT 1 FROM orders_lines WHERE order_id = NEW.stream AND seller_id NOT IN (
      SELECT part.key FROM orders_orders AS o, json_each(o.shipments) AS part
      WHERE o.id = NEW.stream AND part.value ->> 'deliveredAt' IS NOT NULL));
END;

-- The status stays: money was refused, or some of it given back.
CREATE TRIGGER orders_noted AFTER INSERT ON orders_events
WHEN NEW.type IN ('order.payment_rejected', 'order.refund_noted') BEGIN
  UPDATE orders_orders SET version = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;

CREATE TRIGGER orders_given_back AFTER INSERT ON orders_events WHEN NEW.type = 'order.refund_noted' BEGIN
  UPDATE orders_orders SET refunded = max(refunded, NEW.data ->> 'refundedTotal') WHERE id = NEW.stream;
END;

-- All that moves an order to another state, or may happen in some states only. Made after the triggers of single
-- events: so it runs first, and refuses what may not happen before they look at it. RAISE takes no expression before
-- SQLite 3.47 and libSQL is older, so the message cannot name the two states.
CREATE TRIGGER orders_moved AFTER INSERT ON orders_events
WHEN NEW.type LIKE 'order.%' AND NEW.type NOT IN ('order.placed', 'order.payment_rejected', 'order.refund_noted',
  'order.payment_pending', 'order.payment_ended') BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM orders_orders AS o JOIN orders_transitions AS move ON move.status = o.status
    WHERE o.id = NEW.stream AND move.event = NEW.type);
  UPDATE orders_orders SET
    status = (SELECT next FROM orders_transitions AS move
      WHERE move.status = orders_orders.status AND move.event = NEW.type),
    payment_id = CASE NEW.type WHEN 'order.paid' THEN NEW.data ->> 'paymentId' ELSE payment_id END,
    pending_payment = CASE NEW.type WHEN 'order.paid' THEN NULL ELSE pending_payment END,
    address = coalesce(NEW.private -> 'shippingAddress', address),
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;

-- Its people.

CREATE TRIGGER orders_buyer_erased AFTER INSERT ON orders_events WHEN NEW.type = 'buyer.erased' BEGIN
  INSERT INTO orders_erased (buyer_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE orders_events SET private = NULL, result = '' WHERE (private IS NOT NULL OR result IS NOT NULL)
    AND stream IN (SELECT id FROM orders_orders WHERE buyer_id = NEW.stream);
  UPDATE orders_orders SET address = 'null' WHERE buyer_id = NEW.stream;
END;

CREATE TRIGGER orders_person AFTER INSERT ON orders_events
WHEN NEW.type IN ('person.stopped', 'person.resumed', 'buyer.erased') BEGIN
  INSERT INTO orders_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type <> 'person.resumed', NEW.type = 'buyer.erased',
    coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE
    SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
    WHERE NOT orders_people.erased AND (excluded.erased OR excluded.sequence >= orders_people.sequence);
END;
