-- Shipping addresses are encrypted (the vault of the identity plug-in), and can be erased: `address` is a JSON text
-- with the ciphertext, or null. There was no release before this: addresses of earlier builds are erased.
UPDATE orders_events SET private = NULL, result = '' WHERE private IS NOT NULL OR result IS NOT NULL;

UPDATE orders_orders SET address = 'null';

-- Buyers whose account was erased: an access token of theirs may be good for some minutes more.
CREATE TABLE orders_erased (buyer_id TEXT PRIMARY KEY) WITHOUT ROWID;

DROP TRIGGER orders_placed;

-- After an erasure, replay finds no address.
CREATE TRIGGER orders_placed AFTER INSERT ON orders_events WHEN NEW.type = 'order.placed' BEGIN
  INSERT INTO orders_orders (id, buyer_id, status, currency, total, address, version, expires_at, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'buyerId', 'ORDERED', NEW.data ->> 'currency', NEW.data ->> 'total',
    coalesce(NEW.private -> 'shippingAddress', 'null'), NEW.version, NEW.data ->> 'expiresAt', NEW.time, NEW.time);
  INSERT INTO orders_lines (order_id, position, product_id, name, seller_id, quantity, price)
    SELECT NEW.stream, key, value ->> 'productId', value ->> 'name', value ->> 'sellerId', value ->> 'quantity', value ->> 'price'
    FROM json_each(NEW.data, '$.lines');
END;

-- Nothing personal gets into the log of somebody who was erased.
CREATE TRIGGER orders_still_there BEFORE INSERT ON orders_events
WHEN NEW.private IS NOT NULL AND NEW.data ->> 'buyerId' IN (SELECT buyer_id FROM orders_erased) BEGIN
  SELECT RAISE(ABORT, 'buyer_erased:');
END;

CREATE TRIGGER orders_buyer_erased AFTER INSERT ON orders_events WHEN NEW.type = 'buyer.erased' BEGIN
  INSERT INTO orders_erased (buyer_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE orders_events SET private = NULL, result = '' WHERE (private IS NOT NULL OR result IS NOT NULL)
    AND stream IN (SELECT id FROM orders_orders WHERE buyer_id = NEW.stream);
  UPDATE orders_orders SET address = 'null' WHERE buyer_id = NEW.stream;
END;
