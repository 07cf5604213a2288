-- The `Idempotency-Key` of a signup belongs to nobody who is signed in, so all who sign up share one space of keys: a key
-- makes one account, whatever the body says. Both hashes are keyed: neither the key nor the body can be guessed from them.
CREATE TABLE auth_signups (
  key TEXT PRIMARY KEY,            -- keyed hash
  account_id TEXT NOT NULL,
  request_hash TEXT NOT NULL       -- keyed hash of the body
) WITHOUT ROWID;

CREATE INDEX auth_signups_account ON auth_signups (account_id);

CREATE TRIGGER auth_signed_up AFTER INSERT ON auth_events
WHEN NEW.type = 'user.registered' AND NEW.private -> '$.signup' IS NOT NULL BEGIN
  INSERT INTO auth_signups (key, account_id, request_hash)
  VALUES (NEW.private ->> '$.signup.key', NEW.stream, NEW.private ->> '$.signup.requestHash');
END;

CREATE TRIGGER auth_signup_erased AFTER INSERT ON auth_events WHEN NEW.type = 'user.erased' BEGIN
  DELETE FROM auth_signups WHERE account_id = NEW.stream;
END;
