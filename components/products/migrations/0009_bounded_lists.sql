-- What lists need so that none walks through the whole catalogue. A name as lists sort it: a range of an index may then
-- begin and end at a name and a number at once, among however many products of one name.
ALTER TABLE products_products ADD COLUMN sort_name TEXT COLLATE NOCASE GENERATED ALWAYS AS (name) VIRTUAL;

DROP INDEX products_by_name;

DROP INDEX products_of_category_by_name;

CREATE INDEX products_by_name ON products_products (sort_name, number) WHERE active;

CREATE INDEX products_of_category_by_name ON products_products (category, sort_name, number) WHERE active;

-- A seller may have as many products as a catalogue: theirs have an index for each order too.
CREATE INDEX products_of_seller_by_price ON products_products (seller_id, currency, price, number) WHERE active;

CREATE INDEX products_of_seller_by_name ON products_products (seller_id, sort_name, number) WHERE active;
