-- What was given back of the money while the order went on: what is refunded in full is not sent.
ALTER TABLE orders_orders ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0; -- minor units of currency

UPDATE orders_orders SET refunded = (
    SELECT max(data ->> 'refundedTotal') FROM orders_events WHERE stream = orders_orders.id AND type = 'order.refund_noted')
  WHERE id IN (SELECT stream FROM orders_events WHERE type = 'order.refund_noted');

CREATE TRIGGER orders_given_back AFTER INSERT ON orders_events WHEN NEW.type = 'order.refund_noted' BEGIN
  UPDATE orders_orders SET refunded = max(refunded, NEW.data ->> 'refundedTotal') WHERE id = NEW.stream;
END;
