-- Whoever makes a product may mend a line that lacked its parent, SQLite thinks, when that happens in a trigger: it looks
-- for such lines, and without this index through all that there ever were.
CREATE INDEX products_lines_of_product ON products_reservation_lines (product_id);
