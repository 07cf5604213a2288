-- What is being given back, and has not failed: no refund may take more than is left, however many are asked for at once.
ALTER TABLE payments_payments ADD COLUMN refunding INTEGER NOT NULL DEFAULT 0
  CONSTRAINT refund_exceeds_captured CHECK (refunding >= 0 AND refunded + refunding <= amount);

-- Captured after the payment was given up: the order may have another one. It pays the order, or goes back.
ALTER TABLE payments_payments ADD COLUMN late INTEGER NOT NULL DEFAULT 0;

DROP INDEX payments_live;

CREATE UNIQUE INDEX payments_live ON payments_payments (order_id)
  WHERE late = 0 AND state IN ('PENDING', 'AUTHORIZED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'CONFLICT');

CREATE INDEX payments_of_order ON payments_payments (order_id);

CREATE INDEX payments_by_time ON payments_payments (created_at);

CREATE TABLE payments_refunds (
  id TEXT PRIMARY KEY,               -- UUIDv7; the provider's idempotency key
  payment_id TEXT NOT NULL REFERENCES payments_payments (id),
  state TEXT NOT NULL CHECK (state IN ('PENDING', 'SUCCEEDED', 'FAILED', 'CONFLICT')),
  amount INTEGER NOT NULL CHECK (amount > 0),    -- minor units of the payment's currency
  reason TEXT NOT NULL,
  restock INTEGER NOT NULL,          -- whether the goods go on sale again
  requested_by TEXT NOT NULL,
  failure_code TEXT,
  ask_after TEXT NOT NULL,           -- while pending: not before then is the provider asked again
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE INDEX payments_refunds_of ON payments_refunds (payment_id, id);

CREATE INDEX payments_refunds_open ON payments_refunds (ask_after) WHERE state = 'PENDING';

-- The circuit breaker of each provider. When a provider answered badly is nobody's business but ours: no event.
CREATE TABLE payments_breakers (
  provider TEXT PRIMARY KEY,
  since INTEGER NOT NULL,            -- when the window began; ms since the epoch, as all times here
  calls INTEGER NOT NULL,            -- in the window
  failures INTEGER NOT NULL,         -- of these
  open_until INTEGER NOT NULL        -- 0: closed; later than now: open; else half-open
);

DELETE FROM payments_transitions;

-- The same table as domain::TRANSITIONS (a test compares them). '/full': the refund that gives back the rest.
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
  ('FAILED', 'payment.captured', 'CAPTURED'),
  ('FAILED', 'payment.conflicted', 'CONFLICT'),
  ('CANCELLED', 'payment.captured', 'CAPTURED'),
  ('CANCELLED', 'payment.conflicted', 'CONFLICT'),
  ('CAPTURED', 'payment.refund_requested', 'CAPTURED'),
  ('CAPTURED', 'payment.refunded', 'PARTIALLY_REFUNDED'),
  ('CAPTURED', 'payment.refunded/full', 'REFUNDED'),
  ('CAPTURED', 'payment.refund_failed', 'CAPTURED'),
  ('CAPTURED', 'payment.conflicted', 'CONFLICT'),
  ('PARTIALLY_REFUNDED', 'payment.refund_requested', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refunded', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refunded/full', 'REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_failed', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.conflicted', 'CONFLICT'),
  ('CONFLICT', 'payment.refunded', 'CONFLICT'),
  ('CONFLICT', 'payment.refunded/full', 'CONFLICT'),
  ('CONFLICT', 'payment.refund_failed', 'CONFLICT'),
  ('CONFLICT', 'payment.conflicted', 'CONFLICT');

DROP TRIGGER payments_moved;

CREATE TRIGGER payments_moved AFTER INSERT ON payments_events WHEN NEW.type LIKE 'payment.%' AND NEW.type <> 'payment.started' BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_payments AS payment JOIN payments_transitions AS move ON move.state = payment.state
    WHERE payment.id = NEW.stream AND move.event = NEW.type || CASE WHEN NEW.data ->> 'full' THEN '/full' ELSE '' END);
  UPDATE payments_payments SET
    late = CASE WHEN state IN ('FAILED', 'CANCELLED') THEN 1 ELSE late END,
    state = (SELECT next FROM payments_transitions AS move WHERE move.state = payments_payments.state
      AND move.event = NEW.type || CASE WHEN NEW.data ->> 'full' THEN '/full' ELSE '' END),
    reference = coalesce(reference, NEW.data ->> 'reference'),
    failure_code = coalesce(NEW.data ->> 'code', CASE WHEN NEW.type <> 'payment.captured' THEN failure_code END),
    failure_retryable = coalesce(NEW.data ->> 'retryable', failure_retryable),
    action_url = NEW.private ->> 'actionUrl',
    ask_after = coalesce(NEW.private ->> 'askAfter', ask_after),
    refunded = refunded + CASE WHEN NEW.type = 'payment.refunded' THEN NEW.data ->> 'amount' ELSE 0 END,
    refunding = refunding + CASE NEW.type WHEN 'payment.refund_requested' THEN NEW.data ->> 'amount'
      WHEN 'payment.refunded' THEN -(NEW.data ->> 'amount') WHEN 'payment.refund_failed' THEN -(NEW.data ->> 'amount') ELSE 0 END,
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;

CREATE TRIGGER payments_refund_requested AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_requested' BEGIN
  INSERT INTO payments_refunds (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  VALUES (NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'amount', NEW.private ->> 'reason',
    NEW.data ->> 'restock', NEW.actor, NEW.private ->> 'askAfter', NEW.time, NEW.time);
END;

-- A refund is settled once. (A provider that booked another amount: the refund and its payment wait for a person.)
CREATE TRIGGER payments_refund_settled AFTER INSERT ON payments_events
WHEN NEW.type IN ('payment.refunded', 'payment.refund_failed', 'payment.conflicted') AND NEW.data ->> 'refundId' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'refund_settled:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_refunds WHERE id = NEW.data ->> 'refundId' AND payment_id = NEW.stream AND state = 'PENDING');
  UPDATE payments_refunds SET
    state = CASE NEW.type WHEN 'payment.refunded' THEN 'SUCCEEDED' WHEN 'payment.refund_failed' THEN 'FAILED' ELSE 'CONFLICT' END,
    failure_code = NEW.data ->> 'declineCode',
    updated_at = NEW.time
  WHERE id = NEW.data ->> 'refundId';
END;
