CREATE TABLE auth_accounts (
  id TEXT PRIMARY KEY,             -- UUIDv7
  email_hash TEXT NOT NULL UNIQUE, -- keyed hash of the trimmed, lower-cased e-mail: look-up and uniqueness
  email TEXT NOT NULL,             -- as it was typed
  name TEXT NOT NULL,
  password_hash TEXT NOT NULL,     -- PHC string
  created_at TEXT NOT NULL
);

CREATE TABLE auth_account_roles (
  account_id TEXT NOT NULL REFERENCES auth_accounts (id),
  role TEXT NOT NULL,
  PRIMARY KEY (account_id, role),
  -- What other services are is not a role that a person can have.
  CONSTRAINT reserved_role CHECK (role <> 'SERVICE')
) WITHOUT ROWID;

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

CREATE TRIGGER auth_registered AFTER INSERT ON auth_events WHEN NEW.type = 'user.registered' BEGIN
  INSERT INTO auth_accounts (id, email_hash, email, name, password_hash, created_at)
  VALUES (NEW.stream, NEW.private ->> 'emailHash', NEW.private ->> 'email', NEW.private ->> 'name',
    NEW.private ->> 'passwordHash', NEW.time);
  INSERT INTO auth_account_roles (account_id, role) SELECT NEW.stream, value FROM json_each(NEW.data, '$.roles');
END;

CREATE TRIGGER auth_session_started AFTER INSERT ON auth_events WHEN NEW.type = 'session.started' BEGIN
  INSERT INTO auth_sessions (id, account_id, token_hash, user_agent, started_at, rotated_at, expires_at)
  VALUES (NEW.stream, NEW.data ->> 'userId', NEW.private ->> 'tokenHash', NEW.data ->> 'userAgent',
    NEW.time, NEW.time, NEW.data ->> 'expiresAt');
END;

-- UNIQUE (stream, version) lets one of several concurrent rotations through, and none after a revocation.
CREATE TRIGGER auth_session_refreshed AFTER INSERT ON auth_events WHEN NEW.type = 'session.refreshed' BEGIN
  UPDATE auth_sessions SET generation = NEW.version, previous_hash = token_hash,
    token_hash = NEW.private ->> 'tokenHash', rotated_at = NEW.time WHERE id = NEW.stream;
END;

-- A family ends once: a second revocation is refused, so that the log tells of the first.
CREATE TRIGGER auth_session_revoked AFTER INSERT ON auth_events WHEN NEW.type = 'session.revoked' BEGIN
  SELECT RAISE(ABORT, 'already_revoked:') FROM auth_sessions WHERE id = NEW.stream AND revoked_at IS NOT NULL;
  UPDATE auth_sessions SET revoked_at = NEW.time WHERE id = NEW.stream;
END;
