-- The catalogue, its stock, and what of it is promised to orders. `fold.sql` has the triggers.

CREATE TABLE products_products (
  id TEXT PRIMARY KEY,             -- UUIDv7: in the order of creation
  -- The place of product.created in the log: newest first is by it, and it breaks ties of the other orders. (A rowid
  -- would do, but VACUUM may give these anew.)
  number INTEGER NOT NULL,
  seller_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- The name as lists sort it: a range of an index may then begin and end at a name and a number at once, among however
  -- many products of one name.
  sort_name TEXT COLLATE NOCASE GENERATED ALWAYS AS (name) VIRTUAL,
  description TEXT NOT NULL,
  category TEXT NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),     -- minor units
  currency TEXT NOT NULL,
  on_hand INTEGER NOT NULL,                      -- units in the warehouse
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0), -- of these, promised to open orders
  active INTEGER NOT NULL DEFAULT 1,             -- whether it can be bought
  paused INTEGER NOT NULL DEFAULT 0,             -- it could be, but for its seller, who is stopped
  revision INTEGER NOT NULL DEFAULT 1,           -- counts every visible change: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CONSTRAINT out_of_stock CHECK (on_hand >= reserved)
);

-- One for each order that a list can have, so that none walks through the whole catalogue. A category has its own, and
-- so has a seller, who may have as many products as a catalogue. None has a column that a reservation changes.
CREATE UNIQUE INDEX products_newest ON products_products (number) WHERE active;

CREATE INDEX products_by_price ON products_products (currency, price, number) WHERE active;

CREATE INDEX products_by_name ON products_products (sort_name, number) WHERE active;

CREATE INDEX products_of_category ON products_products (category, number) WHERE active;

CREATE INDEX products_of_category_by_price ON products_products (category, currency, price, number) WHERE active;

CREATE INDEX products_of_category_by_name ON products_products (category, sort_name, number) WHERE active;

CREATE INDEX products_of_seller ON products_products (seller_id, number) WHERE active;

CREATE INDEX products_of_seller_by_price ON products_products (seller_id, currency, price, number) WHERE active;

CREATE INDEX products_of_seller_by_name ON products_products (seller_id, sort_name, number) WHERE active;

CREATE INDEX products_paused ON products_products (seller_id) WHERE paused;

-- What orders hold, have bought, or held once.
CREATE TABLE products_reservations (
  order_id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('HELD', 'CONFIRMED', 'RELEASED')),
  expires_at TEXT NOT NULL         -- held until then, unless the order is still open
) WITHOUT ROWID;

CREATE INDEX products_holds ON products_reservations (expires_at) WHERE state = 'HELD';

CREATE TABLE products_reservation_lines (
  order_id TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES products_products (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, product_id)
) WITHOUT ROWID;

-- Whoever makes a product may mend a line that lacked its parent, SQLite thinks, when that happens in a trigger: it
-- looks for such lines, and without this index through all that there ever were.
CREATE INDEX products_lines_of_product ON products_reservation_lines (product_id);

-- Who is disabled or erased, as auth told: they change nothing, whatever is left of their token's time, and nobody buys
-- from them.
CREATE TABLE products_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;
