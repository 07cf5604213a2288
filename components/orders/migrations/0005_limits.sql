-- The payment of an order that is not decided: no other can be made meanwhile. And how far payments' log was when it
-- said so: of two news the later one counts, whichever comes first.
ALTER TABLE orders_orders ADD COLUMN pending_payment TEXT;

ALTER TABLE orders_orders ADD COLUMN payment_sequence INTEGER NOT NULL DEFAULT 0;

-- Orders that wait for their payment, of a buyer, the first to expire first.
CREATE INDEX orders_open ON orders_orders (buyer_id, expires_at) WHERE status = 'ORDERED';

-- Each holds stock: a buyer has a bounded number of them. The deployment's limit comes with the event, since triggers
-- know no settings; after an erasure it is gone, and replay counts no more.
CREATE TRIGGER orders_too_many BEFORE INSERT ON orders_events
WHEN NEW.type = 'order.placed' AND NEW.private ->> 'openOrdersLimit' > 0 BEGIN
  SELECT RAISE(ABORT, 'too_many_attempts:') WHERE NEW.private ->> 'openOrdersLimit' <= (
    SELECT count(*) FROM (SELECT 1 FROM orders_orders INDEXED BY orders_open
      WHERE buyer_id = NEW.data ->> 'buyerId' AND status = 'ORDERED' AND expires_at > NEW.time
      LIMIT NEW.private ->> 'openOrdersLimit'));
END;

DROP TRIGGER orders_moved;

CREATE TRIGGER orders_moved AFTER INSERT ON orders_events
WHEN NEW.type LIKE 'order.%' AND NEW.type NOT IN ('order.placed', 'order.payment_rejected', 'order.refund_noted',
  'order.payment_pending', 'order.payment_ended') BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM orders_orders AS o JOIN orders_transitions AS move ON move.status = o.status
    WHERE o.id = NEW.stream AND move.event = NEW.type);
  UPDATE orders_orders SET
    status = (SELECT next FROM orders_transitions AS move WHERE move.status = orders_orders.status AND move.event = NEW.type),
    payment_id = CASE NEW.type WHEN 'order.paid' THEN NEW.data ->> 'paymentId' ELSE payment_id END,
    pending_payment = CASE NEW.type WHEN 'order.paid' THEN NULL ELSE pending_payment END,
    address = coalesce(NEW.private -> 'shippingAddress', address),
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
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
