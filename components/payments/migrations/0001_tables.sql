-- Payments, their refunds and disputes, and how their providers behave. `fold.sql` has the triggers, and the rows of
-- payments_transitions.

CREATE TABLE payments_payments (
  id TEXT PRIMARY KEY,               -- UUIDv7: in the order of creation; the provider's idempotency key
  order_id TEXT NOT NULL,
  buyer_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'DECLINED', 'FAILED', 'CANCELLED',
    'PARTIALLY_REFUNDED', 'REFUNDED', 'CONFLICT')),
  amount INTEGER NOT NULL CHECK (amount >= 0),   -- minor units
  currency TEXT NOT NULL,
  refunded INTEGER NOT NULL DEFAULT 0,           -- of amount, given back
  -- Of amount, being given back and not failed: no refund may take more than is left, however many are asked for at
  -- once.
  refunding INTEGER NOT NULL DEFAULT 0,
  due_back INTEGER NOT NULL DEFAULT 0,           -- 1: its order will not have it, so all that is left goes back
  -- What the provider booked where it is not what was asked for. NULL is what cannot be read, and counts as what was
  -- asked.
  booked INTEGER,
  booked_currency TEXT,
  late INTEGER NOT NULL DEFAULT 0,               -- 1: captured after it was given up: the order may have another one
  provider TEXT NOT NULL,                        -- the plug-in's name
  reference TEXT,                                -- the provider's own id of the charge
  card_brand TEXT NOT NULL,
  card_last4 TEXT NOT NULL,
  card_expiry TEXT NOT NULL,                     -- MM/YY
  failure_code TEXT,                             -- why it was declined or failed
  failure_provider_code TEXT,                    -- what the provider itself calls that
  failure_retryable INTEGER,
  action_url TEXT,                               -- where the payer has to confirm
  ask_after TEXT NOT NULL,                       -- while open: not before then is the provider asked what became of it
  version INTEGER NOT NULL,                      -- of its last event: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CONSTRAINT refund_exceeds_captured CHECK (refunded >= 0 AND refunding >= 0 AND refunded + refunding <= amount),
  CONSTRAINT refunded_in_full CHECK (state <> 'REFUNDED' OR refunded = amount)
);

-- At most one payment of an order that took, holds or may take its money: decides who of two that pay at once wins.
CREATE UNIQUE INDEX payments_live ON payments_payments (order_id)
  WHERE late = 0 AND state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'CONFLICT');

CREATE INDEX payments_of_order ON payments_payments (order_id);

CREATE INDEX payments_of_buyer ON payments_payments (buyer_id, id);

CREATE INDEX payments_by_time ON payments_payments (created_at);

-- Everyone's payments in a state, newest first.
CREATE INDEX payments_of_state ON payments_payments (state, id);

-- Webhooks may name a charge by the provider's id only.
CREATE INDEX payments_by_reference ON payments_payments (reference) WHERE reference IS NOT NULL;

-- What reconciliation has to look at.
CREATE INDEX payments_open ON payments_payments (ask_after) WHERE state IN ('PENDING', 'AUTHORIZED');

-- What a buyer has tried of late: bounded, since who tries stolen cards tries many. Attempts that are open count, or
-- those that come at once would pass.
CREATE INDEX payments_tries ON payments_payments (buyer_id, created_at)
  WHERE state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED');

CREATE INDEX payments_due_back ON payments_payments (id)
  WHERE due_back = 1 AND state IN ('CAPTURED', 'PARTIALLY_REFUNDED');

-- What a person has to look at: health counts it.
CREATE INDEX payments_conflicts ON payments_payments (provider) WHERE state = 'CONFLICT';

-- In this state, this event leads to that state.
CREATE TABLE payments_transitions (
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (state, event)
) WITHOUT ROWID;

CREATE TABLE payments_refunds (
  id TEXT PRIMARY KEY,               -- UUIDv7; the provider's idempotency key
  payment_id TEXT NOT NULL REFERENCES payments_payments (id),
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'SUCCEEDED', 'FAILED', 'CONFLICT')),
  amount INTEGER NOT NULL CHECK (amount > 0),    -- minor units of the payment's currency
  booked INTEGER,                    -- what the provider booked, in that currency, where it is not what was asked for
  reason TEXT NOT NULL,
  restock INTEGER NOT NULL,          -- whether the goods go on sale again
  requested_by TEXT NOT NULL,
  failure_code TEXT,
  ask_after TEXT NOT NULL,           -- while pending: not before then is the provider asked again
  retries INTEGER NOT NULL DEFAULT 0, -- how often it was asked for again after the provider had refused it
  -- 1: the provider refused it, and nobody has asked for another refund of the payment since, or made one at the
  -- provider. Only such a one is asked for again: else one purpose could be paid twice.
  owed INTEGER NOT NULL DEFAULT 0,
  retry_at TEXT,                     -- when that is next; NULL once it was often enough
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE INDEX payments_refunds_of ON payments_refunds (payment_id, id);

CREATE INDEX payments_refunds_open ON payments_refunds (ask_after) WHERE state = 'PENDING';

CREATE INDEX payments_refunds_owed ON payments_refunds (retry_at) WHERE owed = 1;

CREATE TABLE payments_disputes (
  id TEXT PRIMARY KEY,               -- the provider's own
  payment_id TEXT NOT NULL REFERENCES payments_payments (id),
  amount INTEGER NOT NULL,           -- minor units of currency
  currency TEXT NOT NULL,
  reason TEXT NOT NULL,              -- in the provider's words, as status
  status TEXT NOT NULL,
  provider TEXT NOT NULL,
  is_open INTEGER NOT NULL,          -- 0 once it is decided
  as_of INTEGER NOT NULL,            -- when this was so at the provider, in seconds: webhooks overtake each other
  created_at TEXT NOT NULL,          -- when it was opened there
  updated_at TEXT NOT NULL
);

CREATE INDEX payments_disputes_of ON payments_disputes (payment_id, id);

-- What a person has to answer: health counts it.
CREATE INDEX payments_disputes_open ON payments_disputes (provider) WHERE is_open = 1;

-- What all payments of a day sum up to: the history's totals are sums of whole days, and of single payments at their
-- ends.
CREATE TABLE payments_daily (
  day TEXT NOT NULL,               -- UTC, such as 2026-11-21
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  payments INTEGER NOT NULL,       -- that were started on that day and are in that state now
  captured INTEGER NOT NULL,       -- minor units, like the next
  refunded INTEGER NOT NULL,
  PRIMARY KEY (day, currency, state)
) WITHOUT ROWID;

-- Who is disabled or erased, as auth told: they neither pay nor give money back, whatever is left of their token's
-- time.
CREATE TABLE payments_people (
  user_id TEXT PRIMARY KEY,
  stopped INTEGER NOT NULL,        -- disabled or erased
  erased INTEGER NOT NULL,         -- for good: no news changes that
  sequence INTEGER NOT NULL        -- of the news, in auth's log: older ones that come later change nothing
) WITHOUT ROWID;

-- The circuit breaker of each provider. When a provider answered badly is nobody's business but ours: no event.
CREATE TABLE payments_breakers (
  provider TEXT PRIMARY KEY,
  since INTEGER NOT NULL,            -- when the window began; ms since the epoch, as all times here
  calls INTEGER NOT NULL,            -- in the window
  failures INTEGER NOT NULL,         -- of these
  open_until INTEGER NOT NULL        -- 0: closed; later than now: open; else half-open
);

-- Anybody may say that something happened to a payment, where a provider does not sign. The first word has the provider
-- asked; more of them within a while have it asked once more, by the next reader or the sweep. No events: one row per
-- payment at most.
CREATE TABLE payments_hints (
  payment_id TEXT PRIMARY KEY,
  ask_after TEXT NOT NULL,           -- not before then is the provider asked again for a hint
  again INTEGER NOT NULL             -- 1: there was a hint since it was asked
) WITHOUT ROWID;

CREATE INDEX payments_hints_open ON payments_hints (ask_after) WHERE again = 1;
