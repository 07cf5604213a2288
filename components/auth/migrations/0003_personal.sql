-- Accounts anew: what is personal in them is encrypted (the vault of the identity plug-in), and can be erased.
-- There was no release before this: accounts made by earlier builds are not kept, and what the log holds of them is
-- erased.
--
-- From here on an account's life can be replayed after its erasure, when the private part of its events is gone: up
-- to the erasure the account is there without content, so that rules about accounts and admins hold as they did.
DROP TABLE auth_sessions;

DROP TABLE auth_account_roles;

DROP TABLE auth_accounts;

UPDATE auth_events SET private = NULL WHERE private IS NOT NULL;

CREATE TABLE auth_accounts (
  id TEXT PRIMARY KEY,             -- UUIDv7
  email_hash TEXT UNIQUE,          -- fingerprint of the trimmed, lower-cased e-mail: look-up and uniqueness
  email TEXT,                      -- ciphertext of the e-mail as it was typed
  name TEXT,                       -- ciphertext
  password_hash TEXT,              -- PHC string
  credential INTEGER NOT NULL DEFAULT 1, -- counts the changes of the password
  disabled_at TEXT,                -- since when nobody can log in
  created_at TEXT NOT NULL
);

CREATE TABLE auth_account_roles (
  account_id TEXT NOT NULL REFERENCES auth_accounts (id),
  role TEXT NOT NULL,
  PRIMARY KEY (account_id, role),
  -- What other services are is not a role that a person can have.
  CONSTRAINT reserved_role CHECK (role <> 'SERVICE')
) WITHOUT ROWID;

CREATE INDEX auth_account_roles_role ON auth_account_roles (role);

-- A login and the refresh tokens that follow from it: a family. Generation n was made by version n of the stream.
CREATE TABLE auth_sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES auth_accounts (id),
  generation INTEGER NOT NULL DEFAULT 1,
  token_hash TEXT NOT NULL,        -- SHA-256 of the current refresh token
  previous_hash TEXT,              -- of its predecessor
  user_agent TEXT,
  started_at TEXT NOT NULL,
  rotated_at TEXT NOT NULL,        -- when the current generation was made
  expires_at TEXT NOT NULL,        -- absolute: rotation does not move it
  revoked_at TEXT
);

CREATE INDEX auth_sessions_account ON auth_sessions (account_id, id);

-- Those who can do what only an ADMIN can.
CREATE VIEW auth_admins AS
  SELECT account_id FROM auth_account_roles JOIN auth_accounts ON id = account_id
  WHERE role = 'ADMIN' AND disabled_at IS NULL;

DROP TRIGGER auth_registered;

CREATE TRIGGER auth_registered AFTER INSERT ON auth_events WHEN NEW.type = 'user.registered' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:') FROM json_each(NEW.data, '$.roles')
    WHERE value NOT IN ('BUYER', 'SELLER', 'ADMIN') AND value NOT IN (SELECT name FROM auth_roles);
  INSERT INTO auth_accounts (id, email_hash, email, name, password_hash, created_at)
  VALUES (NEW.stream, NEW.private ->> 'emailHash', NEW.private ->> 'email', NEW.private ->> 'name',
    NEW.private ->> 'passwordHash', NEW.time);
  INSERT INTO auth_account_roles (account_id, role) SELECT NEW.stream, value FROM json_each(NEW.data, '$.roles');
END;

DROP TRIGGER auth_session_credential;

DROP TRIGGER auth_session_started;

-- A session of an account that was erased since is not replayed: nothing would be left of it.
CREATE TRIGGER auth_session_started AFTER INSERT ON auth_events
WHEN NEW.type = 'session.started' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.data ->> 'userId' AND credential = NEW.private ->> 'credential' AND disabled_at IS NULL);
  DELETE FROM auth_throttle WHERE key = NEW.private ->> 'throttle';
  INSERT INTO auth_sessions (id, account_id, token_hash, user_agent, started_at, rotated_at, expires_at)
  VALUES (NEW.stream, NEW.data ->> 'userId', NEW.private ->> 'tokenHash', NEW.private ->> 'userAgent',
    NEW.time, NEW.time, NEW.data ->> 'expiresAt');
END;

DROP TRIGGER auth_session_live;

-- Sessions also end by events of their account, which leave the session's own version as it is.
CREATE TRIGGER auth_session_live AFTER INSERT ON auth_events
WHEN NEW.type = 'session.refreshed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'session_ended:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_sessions WHERE id = NEW.stream AND revoked_at IS NULL);
END;

DROP TRIGGER auth_password_changed;

CREATE TRIGGER auth_password_changed AFTER INSERT ON auth_events
WHEN NEW.type = 'password.changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential');
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash', credential = credential + 1
    WHERE id = NEW.stream;
END;

DROP TRIGGER auth_password_rehashed;

-- The same password under today's parameters; nothing happens when it was changed meanwhile.
CREATE TRIGGER auth_password_rehashed AFTER INSERT ON auth_events WHEN NEW.type = 'password.rehashed' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash'
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential';
END;

DROP TRIGGER auth_sessions_ended;

CREATE TRIGGER auth_sessions_ended AFTER INSERT ON auth_events
WHEN NEW.type IN ('sessions.ended', 'password.changed', 'user.email_changed', 'user.disabled') BEGIN
  UPDATE auth_sessions SET revoked_at = NEW.time
    WHERE account_id = NEW.stream AND revoked_at IS NULL AND id IS NOT (NEW.data ->> 'except');
END;

CREATE TRIGGER auth_email_changed AFTER INSERT ON auth_events
WHEN NEW.type = 'user.email_changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential');
  UPDATE auth_accounts SET email = NEW.private ->> 'email', email_hash = NEW.private ->> 'emailHash'
    WHERE id = NEW.stream;
END;

DROP TRIGGER auth_roles_assigned;

-- Two admins that demote each other at the same time: the second finds no other ADMIN and is refused.
CREATE TRIGGER auth_roles_assigned AFTER INSERT ON auth_events WHEN NEW.type = 'user.roles_changed' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'no_such_role:') FROM json_each(NEW.data, '$.roles')
    WHERE value NOT IN ('BUYER', 'SELLER', 'ADMIN') AND value NOT IN (SELECT name FROM auth_roles);
  SELECT RAISE(ABORT, 'last_admin:') WHERE NOT EXISTS (SELECT 1 FROM json_each(NEW.data, '$.roles') WHERE value = 'ADMIN')
    AND EXISTS (SELECT 1 FROM auth_admins WHERE account_id = NEW.stream)
    AND NOT EXISTS (SELECT 1 FROM auth_admins WHERE account_id <> NEW.stream);
  DELETE FROM auth_account_roles WHERE account_id = NEW.stream;
  INSERT INTO auth_account_roles (account_id, role) SELECT NEW.stream, value FROM json_each(NEW.data, '$.roles');
END;

CREATE TRIGGER auth_user_ending BEFORE INSERT ON auth_events WHEN NEW.type IN ('user.disabled', 'user.erased') BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'last_admin:') WHERE EXISTS (SELECT 1 FROM auth_admins WHERE account_id = NEW.stream)
    AND NOT EXISTS (SELECT 1 FROM auth_admins WHERE account_id <> NEW.stream);
END;

-- Its sessions end by auth_sessions_ended.
CREATE TRIGGER auth_user_disabled AFTER INSERT ON auth_events WHEN NEW.type = 'user.disabled' BEGIN
  UPDATE auth_accounts SET disabled_at = NEW.time WHERE id = NEW.stream;
END;

CREATE TRIGGER auth_user_enabled AFTER INSERT ON auth_events WHEN NEW.type = 'user.enabled' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  UPDATE auth_accounts SET disabled_at = NULL WHERE id = NEW.stream;
END;

-- Nothing personal is left: not in the tables, not in the log. What stays in the log is that it happened.
CREATE TRIGGER auth_user_erased AFTER INSERT ON auth_events WHEN NEW.type = 'user.erased' BEGIN
  UPDATE auth_events SET private = NULL WHERE private IS NOT NULL AND stream = NEW.stream;
  UPDATE auth_events SET private = NULL WHERE private IS NOT NULL
    AND stream IN (SELECT id FROM auth_sessions WHERE account_id = NEW.stream);
  DELETE FROM auth_sessions WHERE account_id = NEW.stream;
  DELETE FROM auth_account_roles WHERE account_id = NEW.stream;
  DELETE FROM auth_accounts WHERE id = NEW.stream;
END;
