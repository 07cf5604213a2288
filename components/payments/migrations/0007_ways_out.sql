-- What the provider booked where it is not what was asked for. Of a refund only in its payment's currency: NULL is what
-- cannot be read, and counts as what was asked.
ALTER TABLE payments_payments ADD COLUMN booked INTEGER;

ALTER TABLE payments_payments ADD COLUMN booked_currency TEXT;

ALTER TABLE payments_refunds ADD COLUMN booked INTEGER;

-- How often a refund was asked for again after the provider had refused it.
ALTER TABLE payments_refunds ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;

-- 1: the provider refused it, and nobody has asked for another refund of the payment since, or made one at the provider.
-- Only such a one is asked for again: else one purpose could be paid twice.
ALTER TABLE payments_refunds ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;

-- When that is next; NULL once it was often enough.
ALTER TABLE payments_refunds ADD COLUMN retry_at TEXT;

CREATE INDEX payments_refunds_owed ON payments_refunds (retry_at) WHERE owed = 1;

-- 1: its order will not have it, so all that is left goes back, whatever becomes of single refunds.
ALTER TABLE payments_payments ADD COLUMN due_back INTEGER NOT NULL DEFAULT 0;

CREATE INDEX payments_due_back ON payments_payments (id)
  WHERE due_back = 1 AND state IN ('CAPTURED', 'PARTIALLY_REFUNDED');

CREATE TRIGGER payments_return_due AFTER INSERT ON payments_events WHEN NEW.type = 'payment.return_due' BEGIN
  UPDATE payments_payments SET due_back = 1 WHERE id = NEW.stream;
END;

-- What a person has to look at: health counts it.
CREATE INDEX payments_conflicts ON payments_payments (provider) WHERE state = 'CONFLICT';

UPDATE payments_payments SET (booked, booked_currency) = (
    SELECT data ->> '$.booked.amount', data ->> '$.booked.currency' FROM payments_events
    WHERE stream = payments_payments.id AND type = 'payment.conflicted' AND data ->> 'refundId' IS NULL)
  WHERE state = 'CONFLICT';

INSERT INTO payments_transitions VALUES
  ('CAPTURED', 'payment.refund_retried', 'CAPTURED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_retried', 'PARTIALLY_REFUNDED'),
  ('CAPTURED', 'payment.return_due', 'CAPTURED'),
  ('PARTIALLY_REFUNDED', 'payment.return_due', 'PARTIALLY_REFUNDED'),
  ('CONFLICT', 'payment.return_due', 'CONFLICT'),
  ('CONFLICT', 'conflict.resolved', 'CAPTURED'),
  ('CONFLICT', 'conflict.resolved/partly', 'PARTIALLY_REFUNDED'),
  ('CONFLICT', 'conflict.resolved/full', 'REFUNDED');

CREATE TRIGGER payments_booked AFTER INSERT ON payments_events WHEN NEW.type = 'payment.conflicted' BEGIN
  UPDATE payments_payments SET booked = NEW.data ->> '$.booked.amount', booked_currency = NEW.data ->> '$.booked.currency'
    WHERE id = NEW.stream AND NEW.data ->> 'refundId' IS NULL;
  UPDATE payments_refunds SET booked = NEW.data ->> '$.booked.amount'
    WHERE id = NEW.data ->> 'refundId' AND NEW.data ->> '$.booked.currency' = NEW.data ->> 'currency';
END;

CREATE TRIGGER payments_refund_owed AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_failed' BEGIN
  UPDATE payments_refunds SET owed = 1, retry_at = NEW.private ->> 'retryAt' WHERE id = NEW.data ->> 'refundId';
END;

-- Who asks for another refund, gives money back at the provider or resolves a conflict knows of those that failed.
CREATE TRIGGER payments_refunds_superseded BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.refund_requested', 'conflict.resolved') OR NEW.type = 'payment.refunded' AND NEW.data ->> 'elsewhere' BEGIN
  UPDATE payments_refunds SET owed = 0, retry_at = NULL WHERE payment_id = NEW.stream AND owed = 1;
END;

-- The same refund is asked for anew, and takes its amount again.
CREATE TRIGGER payments_refund_retried AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_retried' BEGIN
  SELECT RAISE(ABORT, 'refund_settled:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_refunds WHERE id = NEW.data ->> 'refundId' AND payment_id = NEW.stream AND owed = 1
      AND retries + 1 = NEW.data ->> 'retries');
  UPDATE payments_payments SET refunding = refunding + (NEW.data ->> 'amount') WHERE id = NEW.stream;
  UPDATE payments_refunds SET state = 'PENDING', retries = retries + 1, owed = 0, retry_at = NULL,
    ask_after = NEW.private ->> 'askAfter', failure_code = NULL, updated_at = NEW.time
  WHERE id = NEW.data ->> 'refundId';
END;

-- A person has looked: what was really booked stands, of the charge and of refunds. Where the rest is to go back, its
-- refund begins with this very event. A charge that pays no order keeps none from being paid otherwise.
CREATE TRIGGER payments_conflict_resolved AFTER INSERT ON payments_events WHEN NEW.type = 'conflict.resolved' BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_payments WHERE id = NEW.stream AND state = 'CONFLICT');
  UPDATE payments_refunds SET
    state = CASE WHEN coalesce(booked, amount) > 0 THEN 'SUCCEEDED' ELSE 'FAILED' END,
    amount = CASE WHEN booked > 0 THEN booked ELSE amount END,
    updated_at = NEW.time
  WHERE payment_id = NEW.stream AND state = 'CONFLICT';
  UPDATE payments_payments SET
    state = (SELECT next FROM payments_transitions WHERE state = 'CONFLICT' AND event = NEW.type
      || CASE WHEN NEW.data ->> 'full' THEN '/full' WHEN NEW.data ->> 'refundedTotal' > 0 THEN '/partly' ELSE '' END),
    due_back = CASE WHEN NEW.data ->> 'accepted' THEN due_back ELSE 1 END,
    late = CASE WHEN booked IS NOT NULL AND NOT NEW.data ->> 'accepted' THEN 1 ELSE late END,
    amount = NEW.data ->> 'amount',
    currency = NEW.data ->> 'currency',
    refunded = NEW.data ->> 'refundedTotal',
    refunding = NEW.data ->> 'refunding',
    booked = NULL,
    booked_currency = NULL,
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
  INSERT INTO payments_refunds (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  SELECT NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'refundAmount', NEW.private ->> 'reason', 0,
    NEW.actor, NEW.private ->> 'askAfter', NEW.time, NEW.time
  WHERE NEW.data ->> 'refundId' IS NOT NULL;
END;

-- As for who pays or asks for a refund.
CREATE TRIGGER payments_way_out_stopped BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.refund_retried', 'conflict.resolved') BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM payments_people WHERE user_id = NEW.actor AND stopped;
END;
