-- Permissions to set a new password without the old one: one per account, good once. Who holds the token proves it by
-- its hash; the token itself is derived by identity and nowhere in here.
CREATE TABLE auth_resets (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,         -- UUIDv7; the token is this with its keyed hash
  token_hash TEXT NOT NULL,        -- SHA-256
  expires_at TEXT NOT NULL,
  mail_from INTEGER                -- ms since the epoch from which the token may be mailed; NULL when it is not to be
) WITHOUT ROWID;

CREATE INDEX auth_resets_mail ON auth_resets (mail_from) WHERE mail_from IS NOT NULL;

-- The last one counts. One for an address without an account has nothing private, and does nothing.
CREATE TRIGGER auth_reset_requested AFTER INSERT ON auth_events
WHEN NEW.type = 'password.reset_requested' AND NEW.private ->> 'tokenHash' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_user:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream AND disabled_at IS NULL);
  INSERT INTO auth_resets (account_id, id, token_hash, expires_at, mail_from)
  VALUES (NEW.stream, NEW.private ->> 'reset', NEW.private ->> 'tokenHash', NEW.data ->> 'expiresAt',
    iif(NEW.data ->> 'by' = 'owner', 0, NULL))
  ON CONFLICT (account_id) DO UPDATE SET id = excluded.id, token_hash = excluded.token_hash,
    expires_at = excluded.expires_at, mail_from = excluded.mail_from;
END;

CREATE TRIGGER auth_reset_mailed AFTER INSERT ON auth_events WHEN NEW.type = 'password.reset_mailed' BEGIN
  UPDATE auth_resets SET mail_from = NULL WHERE account_id = NEW.stream AND id = NEW.private ->> 'reset';
END;

-- One statement decides who of two with the same token was first.
CREATE TRIGGER auth_password_reset AFTER INSERT ON auth_events
WHEN NEW.type = 'password.reset' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'reset_token:') WHERE NOT EXISTS (SELECT 1 FROM auth_resets JOIN auth_accounts ON auth_accounts.id = account_id
    WHERE account_id = NEW.stream AND token_hash = NEW.private ->> 'tokenHash' AND expires_at > NEW.time AND disabled_at IS NULL);
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash', credential = credential + 1
    WHERE id = NEW.stream;
  UPDATE auth_sessions SET revoked_at = NEW.time WHERE account_id = NEW.stream AND revoked_at IS NULL;
  DELETE FROM auth_resets WHERE account_id = NEW.stream;
END;

-- What changes who the account belongs to ends what was asked for before.
CREATE TRIGGER auth_resets_ended AFTER INSERT ON auth_events
WHEN NEW.type IN ('password.changed', 'user.email_changed', 'user.disabled', 'user.erased') BEGIN
  DELETE FROM auth_resets WHERE account_id = NEW.stream;
END;
