-- What a buyer has tried of late: bounded, since who tries stolen cards tries many. Attempts that are open count, or
-- those that come at once would pass.
CREATE INDEX payments_tries ON payments_payments (buyer_id, created_at)
  WHERE state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED');

-- The deployment's limit comes with the event, as triggers know no settings.
CREATE TRIGGER payments_too_many BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.started' AND NEW.private ->> '$.tries.limit' > 0 BEGIN
  SELECT RAISE(ABORT, 'too_many_attempts:') WHERE NEW.private ->> '$.tries.limit' <= (
    SELECT count(*) FROM (SELECT 1 FROM payments_payments INDEXED BY payments_tries
      WHERE buyer_id = NEW.data ->> 'buyerId' AND created_at > NEW.private ->> '$.tries.since'
        AND state IN ('PENDING', 'AUTHORIZED', 'DECLINED', 'CANCELLED')
      LIMIT NEW.private ->> '$.tries.limit'));
END;

-- Goods go on sale again by the refund that gives back the rest, and when no other one is on its way: else who asks for
-- it could be told so, and nothing would come of it.
CREATE TRIGGER payments_restock_of_a_part BEFORE INSERT ON payments_events
WHEN NEW.type = 'payment.refund_requested' AND NEW.data ->> 'restock' BEGIN
  SELECT RAISE(ABORT, 'restock_of_a_part:') FROM payments_payments
  WHERE id = NEW.stream AND (refunding > 0 OR amount - refunded > NEW.data ->> 'amount');
END;
