-- What a buyer has tried of late: bounded, since who tries stolen cards tries many. Attempts that are open count, or
-- those that come at once would pass. The deployment's limit comes with the event, as triggers know no settings.
CREATE INDEX payments_tries ON payments_payments (buyer_id, created_at)
  WHERE state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED');

CREATE TRIGGER payments_too_many BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.started' AND NEW.private ->> '$.tries.limit' > 0 BEGIN
  SELECT RAISE(ABORT, 'too_many_attempts:') WHERE NEW.private ->> '$.tries.limit' <= (
    SELECT count(*) FROM (SELECT 1 FROM payments_payments INDEXED BY payments_tries
      WHERE buyer_id = NEW.data ->> 'buyerId' AND created_at > NEW.private ->> '$.tries.since'
        AND state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED')
      LIMIT NEW.private ->> '$.tries.limit'));
END;

-- What the provider booked where it was not what was asked for. Of a charge, and of a refund.
ALTER TABLE payments_payments ADD COLUMN booked INTEGER;

ALTER TABLE payments_payments ADD COLUMN booked_currency TEXT;

ALTER TABLE payments_refunds ADD COLUMN booked INTEGER;

-- How often a refund failed and was asked for again, when it is next, and whether it no longer needs to be: its money
-- went back otherwise.
ALTER TABLE payments_refunds ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;

ALTER TABLE payments_refunds ADD COLUMN retry_at TEXT;

ALTER TABLE payments_refunds ADD COLUMN moot INTEGER NOT NULL DEFAULT 0;

CREATE INDEX payments_refunds_failed ON payments_refunds (retry_at) WHERE state = 'FAILED' AND moot = 0;

CREATE INDEX payments_conflicts ON payments_payments (updated_at) WHERE state = 'CONFLICT';

INSERT INTO payments_transitions VALUES
  ('CAPTURED', 'payment.refund_retried', 'CAPTURED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_retried', 'PARTIALLY_REFUNDED'),
  ('CONFLICT', 'conflict.resolved', 'CAPTURED'),
  ('CONFLICT', 'conflict.resolved/partly', 'PARTIALLY_REFUNDED'),
  ('CONFLICT', 'conflict.resolved/full', 'REFUNDED');

CREATE TRIGGER payments_booked AFTER INSERT ON payments_events WHEN NEW.type = 'payment.conflicted' BEGIN
  UPDATE payments_payments SET booked = NEW.data ->> '$.booked.amount', booked_currency = NEW.data ->> '$.booked.currency'
    WHERE id = NEW.stream AND NEW.data ->> 'refundId' IS NULL;
  UPDATE payments_refunds SET booked = CASE WHEN NEW.data ->> '$.booked.currency' = NEW.data ->> 'currency'
      THEN NEW.data ->> '$.booked.amount' ELSE amount END
    WHERE id = NEW.data ->> 'refundId';
END;

-- A refund that failed is tried again at its time.
CREATE TRIGGER payments_refund_put_off AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_failed' BEGIN
  UPDATE payments_refunds SET retry_at = NEW.private ->> 'retryAt' WHERE id = NEW.data ->> 'refundId';
END;

-- The same refund is asked for anew, and takes its amount again.
CREATE TRIGGER payments_refund_retried AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_retried' BEGIN
  SELECT RAISE(ABORT, 'refund_settled:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_refunds WHERE id = NEW.data ->> 'refundId' AND payment_id = NEW.stream AND state = 'FAILED');
  UPDATE payments_payments SET refunding = refunding + (NEW.data ->> 'amount') WHERE id = NEW.stream;
  UPDATE payments_refunds SET state = 'PENDING', retries = retries + 1, retry_at = NULL,
    ask_after = NEW.private ->> 'askAfter', updated_at = NEW.time
  WHERE id = NEW.data ->> 'refundId';
END;

-- Of what went back otherwise nothing is owed any more.
CREATE TRIGGER payments_refunds_moot AFTER INSERT ON payments_events WHEN NEW.type IN ('payment.refunded', 'conflict.resolved') BEGIN
  UPDATE payments_refunds SET moot = 1
  WHERE payment_id = NEW.stream AND state = 'FAILED'
    AND amount > CASE NEW.type WHEN 'conflict.resolved' THEN NEW.data ->> 'amount'
      ELSE (SELECT amount FROM payments_payments WHERE id = NEW.stream) END - (NEW.data ->> 'refundedTotal');
END;

-- A person has looked: what was really booked stands. Refunds in conflict are settled by it, and where the rest is to go
-- back, its refund begins with this very event.
CREATE TRIGGER payments_resolved AFTER INSERT ON payments_events WHEN NEW.type = 'conflict.resolved' BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_payments AS payment JOIN payments_transitions AS move ON move.state = payment.state
    WHERE payment.id = NEW.stream AND move.event = 'conflict.resolved');
  UPDATE payments_refunds SET updated_at = NEW.time,
    amount = CASE WHEN booked > 0 THEN booked ELSE amount END,
    state = CASE WHEN booked > 0 THEN 'SUCCEEDED' ELSE 'FAILED' END
  WHERE payment_id = NEW.stream AND state = 'CONFLICT';
  UPDATE payments_payments SET
    state = (SELECT next FROM payments_transitions WHERE state = 'CONFLICT' AND event = 'conflict.resolved'
      || CASE WHEN NEW.data ->> 'full' THEN '/full' WHEN NEW.data ->> 'refundedTotal' > 0 THEN '/partly' ELSE '' END),
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
