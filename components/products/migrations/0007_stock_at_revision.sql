DROP TRIGGER products_adjusted;

-- ifRevision is there when the answer was made for that revision, as it is kept for an idempotency key.
CREATE TRIGGER products_adjusted AFTER INSERT ON products_events WHEN NEW.type = 'stock.adjusted' BEGIN
  SELECT RAISE(ABORT, 'precondition_failed:') FROM products_products
    WHERE id = NEW.stream AND revision <> NEW.data ->> 'ifRevision';
  UPDATE products_products SET on_hand = on_hand + (NEW.data ->> 'delta'), revision = revision + 1, updated_at = NEW.time
  WHERE id = NEW.stream;
END;
