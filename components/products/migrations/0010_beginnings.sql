-- The words of what is on sale anew (0004), with an index for beginnings of up to 12 letters. Those of longer ones are
-- gathered from all products that have them, however few are asked for. (20 words cost 0.05 ms and 300 bytes more.)
DROP TABLE IF EXISTS products_search;

CREATE VIRTUAL TABLE products_search USING fts5 (text, content = '', prefix = '2 3 4 5 6 7 8 9 10 11 12', tokenize = "unicode61 remove_diacritics 2");

INSERT INTO products_search (rowid, text)
  SELECT number, name || ' ' || category || ' ' || description FROM products_products WHERE active;
