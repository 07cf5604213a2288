-- What all payments of a day sum up to: the history's totals are sums of whole days, and of single payments at their ends.
CREATE TABLE payments_daily (
  day TEXT NOT NULL,               -- UTC, such as 2026-11-21
  currency TEXT NOT NULL,
  state TEXT NOT NULL,
  payments INTEGER NOT NULL,       -- that were started on that day and are in that state now
  captured INTEGER NOT NULL,       -- minor units, like the next
  refunded INTEGER NOT NULL,
  PRIMARY KEY (day, currency, state)
) WITHOUT ROWID;

INSERT INTO payments_daily
  SELECT substr(created_at, 1, 10), currency, state, count(*),
    iif(state IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), sum(amount), 0), sum(refunded)
  FROM payments_payments GROUP BY 1, 2, 3;

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

-- Everyone's payments in a state, newest first.
CREATE INDEX payments_of_state ON payments_payments (state, id);
