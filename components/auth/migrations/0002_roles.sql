-- Counts the changes of the password: a login that was checked against an older one starts no session.
ALTER TABLE auth_accounts ADD COLUMN credential INTEGER NOT NULL DEFAULT 1;

CREATE INDEX auth_sessions_account ON auth_sessions (account_id, id);

-- Custom roles; the built-in ones are in domain/role.rs.
CREATE TABLE auth_roles (
  name TEXT PRIMARY KEY,
  permissions TEXT NOT NULL,       -- JSON list
  CONSTRAINT built_in_role CHECK (name NOT IN ('BUYER', 'SELLER', 'ADMIN', 'SERVICE'))
) WITHOUT ROWID;

CREATE INDEX auth_account_roles_role ON auth_account_roles (role);

-- Who tries too often. State of a limiter, not business: it is counted before the work that it limits, and it
-- may be lost. Keys are keyed hashes of account and address: neither can be read here.
CREATE TABLE auth_throttle (
  key TEXT PRIMARY KEY,
  count INTEGER NOT NULL,          -- tries since it was last forgotten
  blocked_until INTEGER NOT NULL,  -- ms since the epoch
  forget_at INTEGER NOT NULL       -- ms since the epoch
) WITHOUT ROWID;

CREATE INDEX auth_throttle_forget ON auth_throttle (forget_at);

CREATE TRIGGER auth_session_credential AFTER INSERT ON auth_events WHEN NEW.type = 'session.started' BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.data ->> 'userId' AND credential = NEW.private ->> 'credential');
  DELETE FROM auth_throttle WHERE key = NEW.private ->> 'throttle';
END;

-- Sessions also end by events of their account, which leave the session's own version as it is.
CREATE TRIGGER auth_session_live AFTER INSERT ON auth_events WHEN NEW.type = 'session.refreshed' BEGIN
  SELECT RAISE(ABORT, 'session_ended:') FROM auth_sessions WHERE id = NEW.stream AND revoked_at IS NOT NULL;
END;

CREATE TRIGGER auth_sessions_ended AFTER INSERT ON auth_events WHEN NEW.type IN ('sessions.ended', 'password.changed') BEGIN
  UPDATE auth_sessions SET revoked_at = NEW.time
    WHERE account_id = NEW.stream AND revoked_at IS NULL AND id IS NOT (NEW.data ->> 'except');
END;

CREATE TRIGGER auth_password_changed AFTER INSERT ON auth_events WHEN NEW.type = 'password.changed' BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential');
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash', credential = credential + 1
    WHERE id = NEW.stream;
END;

-- The same password under today's parameters; nothing happens when it was changed meanwhile.
CREATE TRIGGER auth_password_rehashed AFTER INSERT ON auth_events WHEN NEW.type = 'password.rehashed' BEGIN
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash'
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential';
END;

CREATE TRIGGER auth_role_created AFTER INSERT ON auth_events WHEN NEW.type = 'role.created' BEGIN
  INSERT INTO auth_roles (name, permissions) VALUES (NEW.data ->> 'role', NEW.data -> 'permissions');
END;

CREATE TRIGGER auth_role_changed AFTER INSERT ON auth_events WHEN NEW.type = 'role.changed' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:') WHERE NOT EXISTS (SELECT 1 FROM auth_roles WHERE name = NEW.data ->> 'role');
  UPDATE auth_roles SET permissions = NEW.data -> 'permissions' WHERE name = NEW.data ->> 'role';
END;

CREATE TRIGGER auth_role_removed AFTER INSERT ON auth_events WHEN NEW.type = 'role.removed' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:') WHERE NOT EXISTS (SELECT 1 FROM auth_roles WHERE name = NEW.data ->> 'role');
  DELETE FROM auth_account_roles WHERE role = NEW.data ->> 'role';
  DELETE FROM auth_roles WHERE name = NEW.data ->> 'role';
END;

-- Two admins that demote each other at the same time: the second finds no other ADMIN and is refused.
CREATE TRIGGER auth_roles_assigned AFTER INSERT ON auth_events WHEN NEW.type = 'user.roles_changed' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'no_such_role:') FROM json_each(NEW.data, '$.roles')
    WHERE value NOT IN ('BUYER', 'SELLER', 'ADMIN') AND value NOT IN (SELECT name FROM auth_roles);
  SELECT RAISE(ABORT, 'last_admin:') FROM auth_account_roles WHERE account_id = NEW.stream AND role = 'ADMIN'
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.data, '$.roles') WHERE value = 'ADMIN')
    AND NOT EXISTS (SELECT 1 FROM auth_account_roles WHERE role = 'ADMIN' AND account_id <> NEW.stream);
  DELETE FROM auth_account_roles WHERE account_id = NEW.stream;
  INSERT INTO auth_account_roles (account_id, role) SELECT NEW.stream, value FROM json_each(NEW.data, '$.roles');
END;
