-- The place of product.created in the log: newest first is by it, and it breaks ties of the other orders. (A rowid
-- would do, but VACUUM may give these anew.)
ALTER TABLE products_products ADD COLUMN number INTEGER NOT NULL DEFAULT 0;

UPDATE products_products
  SET number = (SELECT seq FROM products_events WHERE stream = products_products.id AND version = 1);

-- One for each order that a list can have; a category has its own. None has a column that a reservation changes.
CREATE UNIQUE INDEX products_newest ON products_products (number) WHERE active;

CREATE INDEX products_by_price ON products_products (currency, price, number) WHERE active;

CREATE INDEX products_by_name ON products_products (name COLLATE NOCASE, number) WHERE active;

CREATE INDEX products_of_category ON products_products (category, number) WHERE active;

CREATE INDEX products_of_category_by_price ON products_products (category, currency, price, number) WHERE active;

CREATE INDEX products_of_category_by_name ON products_products (category, name COLLATE NOCASE, number) WHERE active;

CREATE INDEX products_of_seller ON products_products (seller_id, number) WHERE active;

DROP TRIGGER products_created;

CREATE TRIGGER products_created AFTER INSERT ON products_events WHEN NEW.type = 'product.created' BEGIN
  INSERT INTO products_products (id, seller_id, name, description, category, price, currency, on_hand, created_at, updated_at, number)
  VALUES (NEW.stream, NEW.data ->> 'sellerId', NEW.data ->> 'name', NEW.data ->> 'description', NEW.data ->> 'category',
    NEW.data ->> 'price', NEW.data ->> 'currency', NEW.data ->> 'stock', NEW.time, NEW.time, NEW.seq);
END;

-- ifRevision is there when the client insisted on it (If-Match).
CREATE TRIGGER products_changed AFTER INSERT ON products_events WHEN NEW.type IN ('product.changed', 'product.withdrawn') BEGIN
  SELECT RAISE(ABORT, 'precondition_failed:') FROM products_products
    WHERE id = NEW.stream AND revision <> NEW.data ->> 'ifRevision';
  UPDATE products_products SET revision = revision + 1, updated_at = NEW.time WHERE id = NEW.stream;
  UPDATE products_products SET name = NEW.data ->> 'name', description = NEW.data ->> 'description',
      category = NEW.data ->> 'category', price = NEW.data ->> 'price', active = NEW.data ->> 'active'
    WHERE id = NEW.stream AND NEW.type = 'product.changed';
  -- Sold before, it stays for those who bought it, but is neither listed nor sold again.
  UPDATE products_products SET active = 0 WHERE id = NEW.stream AND NEW.type = 'product.withdrawn';
END;
