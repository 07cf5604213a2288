-- What the provider itself calls the reason of a decline, for whoever looks into it.
ALTER TABLE payments_payments ADD COLUMN failure_provider_code TEXT;

CREATE TRIGGER payments_failure_named AFTER INSERT ON payments_events
WHEN NEW.type IN ('payment.declined', 'payment.failed') AND NEW.data ->> 'providerCode' IS NOT NULL BEGIN
  UPDATE payments_payments SET failure_provider_code = NEW.data ->> 'providerCode' WHERE id = NEW.stream;
END;

-- Webhooks may name a charge by the provider's id only.
CREATE INDEX payments_by_reference ON payments_payments (reference) WHERE reference IS NOT NULL;

-- Money that the provider gave back without being asked by us is a refund too: it is asked for and settled by one
-- event. What follows (payments_moved, payments_refund_settled) is the same as for our own.
CREATE TRIGGER payments_refunded_elsewhere BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.refunded' AND NEW.data ->> 'elsewhere' BEGIN
  INSERT INTO payments_refunds (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  VALUES (NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'amount', NEW.private ->> 'reason', 0,
    NEW.actor, NEW.time, NEW.time, NEW.time);
  UPDATE payments_payments SET refunding = refunding + (NEW.data ->> 'amount') WHERE id = NEW.stream;
END;

-- Anybody may say that something happened to a payment, where a provider does not sign. The first word has the provider
-- asked; more of them within a while have it asked once more, by the next reader or the sweep. No events: one row per
-- payment at most.
CREATE TABLE payments_hints (
  payment_id TEXT PRIMARY KEY,
  ask_after TEXT NOT NULL,           -- not before then is the provider asked again for a hint
  again INTEGER NOT NULL             -- 1: there was a hint since it was asked
) WITHOUT ROWID;

CREATE INDEX payments_hints_open ON payments_hints (ask_after) WHERE again = 1;

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

CREATE TRIGGER payments_disputed AFTER INSERT ON payments_events WHEN NEW.type = 'dispute.recorded' BEGIN
  INSERT INTO payments_disputes (id, payment_id, amount, currency, reason, status, provider, is_open, as_of, created_at, updated_at)
  VALUES (NEW.data ->> 'disputeId', NEW.data ->> 'paymentId', NEW.data ->> 'amount', NEW.data ->> 'currency',
    NEW.data ->> 'reason', NEW.data ->> 'status', NEW.data ->> 'provider', NEW.data ->> 'open', NEW.data ->> 'asOf', NEW.data ->> 'openedAt', NEW.time)
  ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, reason = excluded.reason, status = excluded.status,
    is_open = excluded.is_open, as_of = excluded.as_of, updated_at = excluded.updated_at
  -- Of two in one second, the one that decides it is the later.
  WHERE excluded.as_of > as_of OR (excluded.as_of = as_of AND excluded.is_open <= is_open);
END;
