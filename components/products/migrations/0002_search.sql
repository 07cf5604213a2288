-- The words of what is on sale. A store without FTS5 goes without; then lists look into each product (see listing.rs).
-- Contentless: the text is in products_products already. The rowid is the product's number, so matches come newest
-- first. Beginnings of up to 12 letters have an index: those of longer ones are gathered from all products that have
-- them, however few are asked for. (20 words cost 0.05 ms and 300 bytes more than with an index of up to 4 letters.)
CREATE VIRTUAL TABLE products_search USING fts5 (text, content = '', prefix = '2 3 4 5 6 7 8 9 10 11 12',
  tokenize = "unicode61 remove_diacritics 2");
