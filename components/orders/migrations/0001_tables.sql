-- Orders and their lines. `fold.sql` has the triggers, and the rows of orders_transitions.

-- WITHOUT ROWID: ids are UUIDv7, so rows are appended, and every order is one b-tree entry less to write.
CREATE TABLE orders_orders (
  id TEXT PRIMARY KEY,             -- UUIDv7: in the order of placing
  buyer_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (
    status IN ('ORDERED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'EXPIRED', 'REFUNDED')),
  currency TEXT NOT NULL,
  total INTEGER NOT NULL CHECK (total >= 0),     -- minor units
  address TEXT NOT NULL,           -- JSON text with the ciphertext of {street, city, zipCode}; null once it is erased
  shipments TEXT NOT NULL DEFAULT '{}', -- JSON by seller: what they have sent
  payment_id TEXT,                 -- the payment that paid it
  -- What was taken for the order, in minor units of the payment's currency: the total, but where an ADMIN accepted what
  -- a provider booked otherwise. What was given back counts against this. NULL: it is not paid.
  taken INTEGER,
  refunded INTEGER NOT NULL DEFAULT 0, -- given back while the order went on: what is refunded in full is not sent
  pending_payment TEXT,            -- the payment that is not decided: no other can be made meanwhile
  -- How far payments' log was when it said so: of two news the later one counts, whichever comes first.
  payment_sequence INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,        -- of the stream: the ETag
  expires_at TEXT NOT NULL,        -- unpaid until then, it expires
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX orders_orders_buyer ON orders_orders (buyer_id, id);

-- Lists by state, and the sweep: the oldest unpaid orders come first.
CREATE INDEX orders_orders_status ON orders_orders (status, id);

-- Orders that wait for their payment, of a buyer, the first to expire first.
CREATE INDEX orders_open ON orders_orders (buyer_id, expires_at) WHERE status = 'ORDERED';

CREATE TABLE orders_lines (
  order_id TEXT NOT NULL REFERENCES orders_orders (id),
  position INTEGER NOT NULL,       -- 0, 1, 2 … as the buyer listed them
  product_id TEXT NOT NULL,
  name TEXT NOT NULL,              -- as it was when it was ordered, like the price
  seller_id TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  price INTEGER NOT NULL CHECK (price >= 0),     -- of one unit, in minor units
  PRIMARY KEY (order_id, position)
) WITHOUT ROWID;

CREATE INDEX orders_lines_seller ON orders_lines (seller_id, order_id);

-- In this state, this event leads to that state.
CREATE TABLE orders_transitions (
  status TEXT NOT NULL,
  event TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (status, event)
) WITHOUT ROWID;

-- Buyers whose account was erased: an access token of theirs may be good for some minutes more.
CREATE TABLE orders_erased (buyer_id TEXT PRIMARY KEY) WITHOUT ROWID;

-- Who is disabled or erased, as auth told: they neither order nor sell nor ship, whatever is left of their token's
-- time.
CREATE TABLE orders_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;
