CREATE TABLE payments_payments (
  id TEXT PRIMARY KEY,               -- UUIDv7: in the order of creation; the provider's idempotency key
  order_id TEXT NOT NULL,
  buyer_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'DECLINED', 'FAILED', 'CANCELLED',
    'PARTIALLY_REFUNDED', 'REFUNDED', 'CONFLICT')),
  amount INTEGER NOT NULL CHECK (amount >= 0),   -- minor units
  currency TEXT NOT NULL,
  refunded INTEGER NOT NULL DEFAULT 0,           -- of amount, given back
  provider TEXT NOT NULL,                        -- the plug-in's name
  reference TEXT,                                -- the provider's own id of the charge
  card_brand TEXT NOT NULL,
  card_last4 TEXT NOT NULL,
  card_expiry TEXT NOT NULL,                     -- MM/YY
  failure_code TEXT,                             -- why it was declined or failed
  failure_retryable INTEGER,
  action_url TEXT,                               -- where the payer has to confirm
  ask_after TEXT NOT NULL,                       -- while open: not before then is the provider asked what became of it
  version INTEGER NOT NULL,                      -- of its last event: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CONSTRAINT refund_exceeds_captured CHECK (refunded BETWEEN 0 AND amount),
  CONSTRAINT refunded_in_full CHECK (state <> 'REFUNDED' OR refunded = amount)
);

-- At most one payment of an order that took, holds or may take its money: decides who of two that pay at once wins.
CREATE UNIQUE INDEX payments_live ON payments_payments (order_id)
  WHERE state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'CONFLICT');

CREATE INDEX payments_of_buyer ON payments_payments (buyer_id, id);

-- What reconciliation has to look at.
CREATE INDEX payments_open ON payments_payments (ask_after) WHERE state IN ('PENDING', 'AUTHORIZED');

-- The same table as domain::TRANSITIONS (a test compares them): from this state, this event leads to that state.
CREATE TABLE payments_transitions (
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (state, event)
) WITHOUT ROWID;

INSERT INTO payments_transitions VALUES
  ('PENDING', 'payment.deferred', 'PENDING'),
  ('PENDING', 'payment.authorized', 'AUTHORIZED'),
  ('PENDING', 'payment.captured', 'CAPTURED'),
  ('PENDING', 'payment.declined', 'DECLINED'),
  ('PENDING', 'payment.failed', 'FAILED'),
  ('PENDING', 'payment.cancelled', 'CANCELLED'),
  ('PENDING', 'payment.conflicted', 'CONFLICT'),
  ('AUTHORIZED', 'payment.captured', 'CAPTURED'),
  ('AUTHORIZED', 'payment.declined', 'DECLINED'),
  ('AUTHORIZED', 'payment.cancelled', 'CANCELLED'),
  ('AUTHORIZED', 'payment.conflicted', 'CONFLICT'),
  ('CAPTURED', 'payment.partially_refunded', 'PARTIALLY_REFUNDED'),
  ('CAPTURED', 'payment.refunded', 'REFUNDED'),
  ('CAPTURED', 'payment.refund_declined', 'CAPTURED'),
  ('CAPTURED', 'payment.conflicted', 'CONFLICT'),
  ('PARTIALLY_REFUNDED', 'payment.partially_refunded', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refunded', 'REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_declined', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.conflicted', 'CONFLICT');

CREATE TRIGGER payments_started AFTER INSERT ON payments_events WHEN NEW.type = 'payment.started' BEGIN
  INSERT INTO payments_payments (id, order_id, buyer_id, state, amount, currency, provider, card_brand, card_last4,
    card_expiry, ask_after, version, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'orderId', NEW.data ->> 'buyerId', 'PENDING', NEW.data ->> 'amount',
    NEW.data ->> 'currency', NEW.data ->> 'provider', NEW.private ->> '$.card.brand', NEW.private ->> '$.card.last4',
    NEW.private ->> '$.card.expiry', NEW.private ->> 'askAfter', NEW.version, NEW.time, NEW.time);
END;

-- Every other event moves a payment. RAISE takes no expression before SQLite 3.47 and libSQL is older, so the
-- message cannot name the two states.
CREATE TRIGGER payments_moved AFTER INSERT ON payments_events WHEN NEW.type LIKE 'payment.%' AND NEW.type <> 'payment.started' BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_payments AS payment JOIN payments_transitions AS move ON move.state = payment.state
    WHERE payment.id = NEW.stream AND move.event = NEW.type);
  UPDATE payments_payments SET
    state = (SELECT next FROM payments_transitions AS move WHERE move.state = payments_payments.state AND move.event = NEW.type),
    reference = coalesce(reference, NEW.data ->> 'reference'),
    failure_code = coalesce(NEW.data ->> 'code', failure_code),
    failure_retryable = coalesce(NEW.data ->> 'retryable', failure_retryable),
    action_url = NEW.private ->> 'actionUrl',
    ask_after = coalesce(NEW.private ->> 'askAfter', ask_after),
    refunded = refunded + CASE WHEN NEW.type IN ('payment.refunded', 'payment.partially_refunded')
      THEN NEW.data ->> 'amount' ELSE 0 END,
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;
