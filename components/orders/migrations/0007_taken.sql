-- What was taken for the order, in minor units of the payment's currency: the total, but where an ADMIN accepted what a
-- provider booked otherwise. What was given back counts against this. NULL: it is not paid, or was before this column.
ALTER TABLE orders_orders ADD COLUMN taken INTEGER;

CREATE TRIGGER orders_taken AFTER INSERT ON orders_events WHEN NEW.type = 'order.paid' BEGIN
  UPDATE orders_orders SET taken = NEW.data ->> 'amount' WHERE id = NEW.stream;
END;

-- Nobody who was disabled or erased sells: money that comes late for an order of theirs goes back.
CREATE TRIGGER orders_paid_seller_stopped BEFORE INSERT ON orders_events WHEN NEW.type = 'order.paid' BEGIN
  SELECT RAISE(ABORT, 'seller_stopped:') FROM orders_lines JOIN orders_people ON user_id = seller_id
    WHERE order_id = NEW.stream AND stopped;
END;
