-- Fold 1, 1a10f6276720: raise the number when you change a statement below; a test then tells the digest.

-- Of several triggers of one event SQLite runs the one that was made last first: those of single events before
-- payments_moved, which refuses what may not happen.

DELETE FROM payments_transitions;

-- The same table as domain::TRANSITIONS (a test compares them). '/full': the refund that gives back the rest; '/partly'
-- what leaves some of it given back.
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
  ('CAPTURED', 'payment.refund_retried', 'CAPTURED'),
  ('CAPTURED', 'payment.return_due', 'CAPTURED'),
  ('CAPTURED', 'payment.conflicted', 'CONFLICT'),
  ('PARTIALLY_REFUNDED', 'payment.refund_requested', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refunded', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refunded/full', 'REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_failed', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.refund_retried', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.return_due', 'PARTIALLY_REFUNDED'),
  ('PARTIALLY_REFUNDED', 'payment.conflicted', 'CONFLICT'),
  ('CONFLICT', 'payment.refunded', 'CONFLICT'),
  ('CONFLICT', 'payment.refunded/full', 'CONFLICT'),
  ('CONFLICT', 'payment.refund_failed', 'CONFLICT'),
  ('CONFLICT', 'payment.return_due', 'CONFLICT'),
  ('CONFLICT', 'payment.conflicted', 'CONFLICT'),
  ('CONFLICT', 'conflict.resolved', 'CAPTURED'),
  ('CONFLICT', 'conflict.resolved/partly', 'PARTIALLY_REFUNDED'),
  ('CONFLICT', 'conflict.resolved/full', 'REFUNDED');

-- A payment.

-- What they began before is brought to its end: the provider has it.
CREATE TRIGGER payments_actor_stopped BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.started', 'payment.refund_requested') BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM payments_people WHERE user_id = NEW.actor AND stopped;
END;

-- The deployment's limit comes with the event, as triggers know no settings.
CREATE TRIGGER payments_too_many BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.started' AND NEW.private ->> '$.tries.limit' > 0 BEGIN
  SELECT RAISE(ABORT, 'too_many_attempts:') WHERE NEW.private ->> '$.tries.limit' <= (
    SELECT count(*) FROM (SELECT 1 FROM payments_payments INDEXED BY payments_tries
      WHERE buyer_id = NEW.data ->> 'buyerId' AND created_at > NEW.private ->> '$.tries.since'
        AND state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED')
      LIMIT NEW.private ->> '$.tries.limit'));
END;

CREATE TRIGGER payments_started AFTER INSERT ON payments_events WHEN NEW.type = 'payment.started' BEGIN
  INSERT INTO payments_payments (id, order_id, buyer_id, state, amount, currency, provider, card_brand, card_last4,
    card_expiry, ask_after, version, created_at, updated_at)
  VALUES (NEW.stream, NEW.data ->> 'orderId', NEW.data ->> 'buyerId', 'PENDING', NEW.data ->> 'amount',
    NEW.data ->> 'currency', NEW.data ->> 'provider', NEW.private ->> '$.card.brand', NEW.private ->> '$.card.last4',
    NEW.private ->> '$.card.expiry', NEW.private ->> 'askAfter', NEW.version, NEW.time, NEW.time);
END;

-- Every other event moves a payment. RAISE takes no expression before SQLite 3.47 and libSQL is older, so the
-- message cannot name the two states.
CREATE TRIGGER payments_moved AFTER INSERT ON payments_events
WHEN NEW.type LIKE 'payment.%' AND NEW.type <> 'payment.started' BEGIN
  SELECT RAISE(ABORT, 'invalid_transition:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_payments AS payment JOIN payments_transitions AS move ON move.state = payment.state
    WHERE payment.id = NEW.stream
      AND move.event = NEW.type || CASE WHEN NEW.data ->> 'full' THEN '/full' ELSE '' END);
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
    refunding = refunding + CASE NEW.type
      WHEN 'payment.refund_requested' THEN NEW.data ->> 'amount'
      WHEN 'payment.refunded' THEN -(NEW.data ->> 'amount')
      WHEN 'payment.refund_failed' THEN -(NEW.data ->> 'amount')
      ELSE 0 END,
    version = NEW.version,
    updated_at = NEW.time
  WHERE id = NEW.stream;
END;

CREATE TRIGGER payments_failure_named AFTER INSERT ON payments_events
WHEN NEW.type IN ('payment.declined', 'payment.failed') AND NEW.data ->> 'providerCode' IS NOT NULL BEGIN
  UPDATE payments_payments SET failure_provider_code = NEW.data ->> 'providerCode' WHERE id = NEW.stream;
END;

-- Its refunds.

-- Money that the provider gave back without being asked by us is a refund too: it is asked for and settled by one
-- event. What follows (payments_moved, payments_refund_settled) is the same as for our own.
CREATE TRIGGER payments_refunded_elsewhere BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.refunded' AND NEW.data ->> 'elsewhere' BEGIN
  INSERT INTO payments_refunds
    (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  VALUES (NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'amount', NEW.private ->> 'reason', 0,
    NEW.actor, NEW.time, NEW.time, NEW.time);
  UPDATE payments_payments SET refunding = refunding + (NEW.data ->> 'amount') WHERE id = NEW.stream;
END;

-- Goods go on sale again by the refund that gives back the rest, and when no other one is on its way: else who asks for
-- it could be told so, and nothing would come of it.
CREATE TRIGGER payments_restock_of_a_part BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.refund_requested' AND NEW.data ->> 'restock' BEGIN
  SELECT RAISE(ABORT, 'restock_of_a_part:') FROM payments_payments
  WHERE id = NEW.stream AND (refunding > 0 OR amount - refunded > NEW.data ->> 'amount');
END;

CREATE TRIGGER payments_refund_requested AFTER INSERT ON payments_events
WHEN NEW.type = 'payment.refund_requested' BEGIN
  INSERT INTO payments_refunds
    (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  VALUES (NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'amount', NEW.private ->> 'reason',
    NEW.data ->> 'restock', NEW.actor, NEW.private ->> 'askAfter', NEW.time, NEW.time);
END;

-- A refund is settled once. (A provider that booked another amount: the refund and its payment wait for a person.)
CREATE TRIGGER payments_refund_settled AFTER INSERT ON payments_events
WHEN NEW.type IN ('payment.refunded', 'payment.refund_failed', 'payment.conflicted')
  AND NEW.data ->> 'refundId' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'refund_settled:') WHERE NOT EXISTS (
    SELECT 1 FROM payments_refunds
    WHERE id = NEW.data ->> 'refundId' AND payment_id = NEW.stream AND state = 'PENDING');
  UPDATE payments_refunds SET
    state = CASE NEW.type WHEN 'payment.refunded' THEN 'SUCCEEDED' WHEN 'payment.refund_failed' THEN 'FAILED'
      ELSE 'CONFLICT' END,
    failure_code = NEW.data ->> 'declineCode',
    updated_at = NEW.time
  WHERE id = NEW.data ->> 'refundId';
END;

CREATE TRIGGER payments_refund_owed AFTER INSERT ON payments_events WHEN NEW.type = 'payment.refund_failed' BEGIN
  UPDATE payments_refunds SET owed = 1, retry_at = NEW.private ->> 'retryAt' WHERE id = NEW.data ->> 'refundId';
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

-- Who asks for another refund, gives money back at the provider or resolves a conflict knows of those that failed.
CREATE TRIGGER payments_refunds_superseded BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.refund_requested', 'conflict.resolved')
  OR NEW.type = 'payment.refunded' AND NEW.data ->> 'elsewhere' BEGIN
  UPDATE payments_refunds SET owed = 0, retry_at = NULL WHERE payment_id = NEW.stream AND owed = 1;
END;

CREATE TRIGGER payments_return_due AFTER INSERT ON payments_events WHEN NEW.type = 'payment.return_due' BEGIN
  UPDATE payments_payments SET due_back = 1 WHERE id = NEW.stream;
END;

-- Conflicts.

CREATE TRIGGER payments_booked AFTER INSERT ON payments_events WHEN NEW.type = 'payment.conflicted' BEGIN
  UPDATE payments_payments
    SET booked = NEW.data ->> '$.booked.amount', booked_currency = NEW.data ->> '$.booked.currency'
    WHERE id = NEW.stream AND NEW.data ->> 'refundId' IS NULL;
  UPDATE payments_refunds SET booked = NEW.data ->> '$.booked.amount'
    WHERE id = NEW.data ->> 'refundId' AND NEW.data ->> '$.booked.currency' = NEW.data ->> 'currency';
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
  INSERT INTO payments_refunds
    (id, payment_id, state, amount, reason, restock, requested_by, ask_after, created_at, updated_at)
  SELECT NEW.data ->> 'refundId', NEW.stream, 'PENDING', NEW.data ->> 'refundAmount', NEW.private ->> 'reason', 0,
    NEW.actor, NEW.private ->> 'askAfter', NEW.time, NEW.time
  WHERE NEW.data ->> 'refundId' IS NOT NULL;
END;

-- As for who pays or asks for a refund.
CREATE TRIGGER payments_way_out_stopped BEFORE INSERT ON payments_events
WHEN NEW.type IN ('payment.refund_retried', 'conflict.resolved') BEGIN
  SELECT RAISE(ABORT, 'person_stopped:') FROM payments_people WHERE user_id = NEW.actor AND stopped;
END;

-- Disputes.

CREATE TRIGGER payments_disputed AFTER INSERT ON payments_events WHEN NEW.type = 'dispute.recorded' BEGIN
  INSERT INTO payments_disputes
    (id, payment_id, amount, currency, reason, status, provider, is_open, as_of, created_at, updated_at)
  VALUES (NEW.data ->> 'disputeId', NEW.data ->> 'paymentId', NEW.data ->> 'amount', NEW.data ->> 'currency',
    NEW.data ->> 'reason', NEW.data ->> 'status', NEW.data ->> 'provider', NEW.data ->> 'open', NEW.data ->> 'asOf',
    NEW.data ->> 'openedAt', NEW.time)
  ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, reason = excluded.reason, status = excluded.status,
    is_open = excluded.is_open, as_of = excluded.as_of, updated_at = excluded.updated_at
  -- Of two in one second, the one that decides it is the later.
  WHERE excluded.as_of > as_of OR (excluded.as_of = as_of AND excluded.is_open <= is_open);
END;

-- What days sum up to.

CREATE TRIGGER payments_daily_new AFTER INSERT ON payments_payments BEGIN
  INSERT INTO payments_daily (day, currency, state, payments, captured, refunded)
  VALUES (substr(NEW.created_at, 1, 10), NEW.currency, NEW.state, 1,
    iif(NEW.state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), NEW.amount, 0), NEW.refunded)
  ON CONFLICT (day, currency, state) DO UPDATE SET payments = payments + 1, captured = captured + excluded.captured,
    refunded = refunded + excluded.refunded;
END;

CREATE TRIGGER payments_daily_moved AFTER UPDATE OF state, refunded ON payments_payments
WHEN NEW.state <> OLD.state OR NEW.refunded <> OLD.refunded BEGIN
  UPDATE payments_daily SET payments = payments - 1, refunded = refunded - OLD.refunded,
      captured = captured - iif(OLD.state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), OLD.amount, 0)
    WHERE day = substr(OLD.created_at, 1, 10) AND currency = OLD.currency AND state = OLD.state;
  INSERT INTO payments_daily (day, currency, state, payments, captured, refunded)
  VALUES (substr(NEW.created_at, 1, 10), NEW.currency, NEW.state, 1,
    iif(NEW.state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), NEW.amount, 0), NEW.refunded)
  ON CONFLICT (day, currency, state) DO UPDATE SET payments = payments + 1, captured = captured + excluded.captured,
    refunded = refunded + excluded.refunded;
END;

-- People.

CREATE TRIGGER payments_person AFTER INSERT ON payments_events
WHEN NEW.type IN ('person.stopped', 'person.resumed') BEGIN
  INSERT INTO payments_people (user_id, stopped, erased, sequence)
  VALUES (NEW.stream, NEW.type = 'person.stopped', NEW.data ->> '$.reason' IS 'erased',
    coalesce(NEW.data ->> '$.sequence', 0))
  ON CONFLICT (user_id) DO UPDATE
    SET stopped = excluded.stopped, erased = excluded.erased, sequence = excluded.sequence
    WHERE NOT payments_people.erased AND (excluded.erased OR excluded.sequence >= payments_people.sequence);
END;
