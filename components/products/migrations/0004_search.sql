-- The words of what is on sale. A store without FTS5 goes without; then lists look into each product (see listing.rs).
-- Contentless: the text is in products_products already. number is the rowid, so matches come newest first. Beginnings
-- of two to four letters have an index: those of a longer one are gathered and merged (measured: 0.5 ms per 5,000).
CREATE VIRTUAL TABLE products_search USING fts5 (text, content = '', prefix = '2 3 4', tokenize = "unicode61 remove_diacritics 2");

INSERT INTO products_search (rowid, text)
  SELECT number, name || ' ' || category || ' ' || description FROM products_products WHERE active;

CREATE TRIGGER products_search_new AFTER INSERT ON products_products BEGIN
  INSERT INTO products_search (rowid, text) VALUES (NEW.number, NEW.name || ' ' || NEW.category || ' ' || NEW.description);
END;

-- OF: not at reservations.
CREATE TRIGGER products_search_changed AFTER UPDATE OF name, category, description, active ON products_products BEGIN
  INSERT INTO products_search (products_search, rowid, text)
    SELECT 'delete', OLD.number, OLD.name || ' ' || OLD.category || ' ' || OLD.description WHERE OLD.active;
  INSERT INTO products_search (rowid, text)
    SELECT NEW.number, NEW.name || ' ' || NEW.category || ' ' || NEW.description WHERE NEW.active;
END;
