-- Tokens by which a new password may be set without the old one. Who shows one proves it by its hash; the token itself
-- is derived by identity from the id, and nowhere in here. An account may have several: each is good for its time, so
-- that nobody spoils an owner's mail by asking for another.
CREATE TABLE auth_resets (
  id TEXT PRIMARY KEY,             -- UUIDv7
  account_id TEXT NOT NULL,
  token_hash TEXT NOT NULL,        -- SHA-256
  issuer TEXT,                     -- who issued it; NULL when its owner had it mailed
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX auth_resets_account ON auth_resets (account_id);

CREATE INDEX auth_resets_expired ON auth_resets (expires_at);

-- Those that may be used, but for their time: one that was issued is worth what its issuer may do now.
CREATE VIEW auth_resets_good AS
  SELECT reset.id, reset.account_id, reset.token_hash, reset.issuer, reset.expires_at, account.email
  FROM auth_resets AS reset JOIN auth_accounts AS account ON account.id = reset.account_id
  WHERE account.disabled_at IS NULL AND (reset.issuer IS NULL OR (
    EXISTS (SELECT 1 FROM auth_accounts WHERE id = reset.issuer AND disabled_at IS NULL)
    AND EXISTS (SELECT 1 FROM auth_held WHERE account_id = reset.issuer AND permission = 'users:any')
    AND NOT EXISTS (SELECT 1 FROM auth_held AS over WHERE over.account_id = reset.account_id
      AND over.permission NOT IN (SELECT permission FROM auth_held WHERE account_id = reset.issuer)
      AND over.permission NOT IN (SELECT permission FROM auth_built_in WHERE role IN ('BUYER', 'SELLER')))));

CREATE TRIGGER auth_reset_requested AFTER INSERT ON auth_events
WHEN NEW.type = 'password.reset_requested' AND NEW.private ->> 'tokenHash' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'account_disabled:') FROM auth_accounts WHERE id = NEW.stream AND disabled_at IS NOT NULL;
  DELETE FROM auth_resets WHERE expires_at <= NEW.time;
  INSERT INTO auth_resets (id, account_id, token_hash, issuer, expires_at)
  VALUES (NEW.data ->> 'resetId', NEW.stream, NEW.private ->> 'tokenHash', NEW.private ->> 'issuer',
    NEW.data ->> 'expiresAt');
END;

-- Of several with tokens of one account the first one wins, and ends the others.
CREATE TRIGGER auth_password_reset AFTER INSERT ON auth_events
WHEN NEW.type = 'password.reset' AND NEW.private ->> 'tokenHash' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'reset_token:') WHERE NOT EXISTS (SELECT 1 FROM auth_resets_good
    WHERE id = NEW.data ->> 'resetId' AND account_id = NEW.stream AND token_hash = NEW.private ->> 'tokenHash'
      AND expires_at > NEW.time);
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash', credential = credential + 1
    WHERE id = NEW.stream;
  UPDATE auth_sessions SET revoked_at = NEW.time WHERE account_id = NEW.stream AND revoked_at IS NULL;
  DELETE FROM auth_resets WHERE account_id = NEW.stream;
END;

-- What changes whose the account is ends what was handed out before.
CREATE TRIGGER auth_resets_ended AFTER INSERT ON auth_events
WHEN NEW.type IN ('password.changed', 'user.email_changed', 'user.disabled', 'user.erased') BEGIN
  DELETE FROM auth_resets WHERE account_id = NEW.stream;
END;

-- Mails that are asked for, until the mailer has them. Whoever asks is answered before anyone looks whether the e-mail has
-- an account, and leaves the same row either way, so that answers and their times do not tell.
CREATE TABLE auth_reset_mails (
  id TEXT PRIMARY KEY,             -- of the token that goes with it
  email_hash TEXT NOT NULL,
  until INTEGER NOT NULL,          -- ms since the epoch; when the token is worth nothing
  next_try INTEGER NOT NULL,       -- ms since the epoch; also the lease of who tries
  tries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX auth_reset_mails_due ON auth_reset_mails (next_try);
