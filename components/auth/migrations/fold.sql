-- Fold 2, 757018ac969f: raise the number when you change a statement below; a test then tells the digest.

-- Of several triggers of one event SQLite runs the one that was made last first.

-- Roles and permissions.

-- The permissions of the built-in roles, as domain/role.rs has them (a test compares the two).
CREATE VIEW auth_built_in (role, permission) AS VALUES
  ('BUYER', 'orders:create'),
  ('BUYER', 'orders:read'),
  ('BUYER', 'payments:create'),
  ('BUYER', 'payments:read'),
  ('SELLER', 'products:write'),
  ('SELLER', 'orders:read'),
  ('SELLER', 'orders:fulfil'),
  ('SELLER', 'payments:read'),
  ('SELLER', 'payments:refund'),
  ('ADMIN', 'orders:read'),
  ('ADMIN', 'orders:any'),
  ('ADMIN', 'orders:fulfil'),
  ('ADMIN', 'payments:read'),
  ('ADMIN', 'payments:any'),
  ('ADMIN', 'payments:refund'),
  ('ADMIN', 'products:write'),
  ('ADMIN', 'products:any'),
  ('ADMIN', 'users:any'),
  ('ADMIN', 'roles:read'),
  ('ADMIN', 'roles:write'),
  ('ADMIN', 'keys:rotate'),
  ('ADMIN', 'audit:read'),
  ('ADMIN', 'audit:write'),
  ('ADMIN', 'events:read'),
  ('ADMIN', 'events:write'),
  ('ADMIN', 'discovery:read'),
  ('ADMIN', 'discovery:write'),
  ('ADMIN', 'system:sweep');

-- What each role stands for.
CREATE VIEW auth_grants (role, permission) AS
  SELECT role, permission FROM auth_built_in
  UNION ALL SELECT name, permission.value FROM auth_roles, json_each(auth_roles.permissions) AS permission;

-- What each account may do now.
CREATE VIEW auth_held (account_id, permission) AS
  SELECT account_id, permission
    FROM auth_account_roles AS has JOIN auth_built_in AS built_in ON built_in.role = has.role
  UNION ALL SELECT account_id, permission.value FROM auth_account_roles AS has
    JOIN auth_roles AS custom ON custom.name = has.role, json_each(custom.permissions) AS permission;

-- Those who can do what only an ADMIN can.
CREATE VIEW auth_admins AS
  SELECT account_id FROM auth_account_roles JOIN auth_accounts ON id = account_id
  WHERE role = 'ADMIN' AND disabled_at IS NULL;

CREATE TRIGGER auth_role_created AFTER INSERT ON auth_events WHEN NEW.type = 'role.created' BEGIN
  INSERT INTO auth_roles (name, permissions) VALUES (NEW.data ->> 'role', NEW.data -> 'permissions');
END;

CREATE TRIGGER auth_role_changed AFTER INSERT ON auth_events WHEN NEW.type = 'role.changed' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_roles WHERE name = NEW.data ->> 'role');
  UPDATE auth_roles SET permissions = NEW.data -> 'permissions' WHERE name = NEW.data ->> 'role';
END;

CREATE TRIGGER auth_role_removed AFTER INSERT ON auth_events WHEN NEW.type = 'role.removed' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_roles WHERE name = NEW.data ->> 'role');
  DELETE FROM auth_account_roles WHERE role = NEW.data ->> 'role';
  DELETE FROM auth_roles WHERE name = NEW.data ->> 'role';
END;

-- An account begins.

CREATE TRIGGER auth_registered AFTER INSERT ON auth_events WHEN NEW.type = 'user.registered' BEGIN
  SELECT RAISE(ABORT, 'no_such_role:') FROM json_each(NEW.data, '$.roles')
    WHERE value NOT IN ('BUYER', 'SELLER', 'ADMIN') AND value NOT IN (SELECT name FROM auth_roles);
  INSERT INTO auth_accounts (id, email_hash, email, name, password_hash, created_at)
  VALUES (NEW.stream, NEW.private ->> 'emailHash', NEW.private ->> 'email', NEW.private ->> 'name',
    NEW.private ->> 'passwordHash', NEW.time);
  INSERT INTO auth_account_roles (account_id, role) SELECT NEW.stream, value FROM json_each(NEW.data, '$.roles');
END;

CREATE TRIGGER auth_bootstrapped AFTER INSERT ON auth_events
WHEN NEW.type = 'user.registered' AND NEW.cause = 'bootstrap' BEGIN
  INSERT INTO auth_bootstrap (once, account_id) VALUES (1, NEW.stream);
END;

-- Made after auth_registered: the same signup again is told by its key, not by its e-mail.
CREATE TRIGGER auth_signed_up AFTER INSERT ON auth_events
WHEN NEW.type = 'user.registered' AND NEW.private -> '$.signup' IS NOT NULL BEGIN
  INSERT INTO auth_signups (key, account_id, request_hash)
  VALUES (NEW.private ->> '$.signup.key', NEW.stream, NEW.private ->> '$.signup.requestHash');
END;

-- Its sessions.

-- A login that was checked against an older password starts none. A session of an account that was erased since is not
-- replayed: nothing would be left of it.
CREATE TRIGGER auth_session_started AFTER INSERT ON auth_events
WHEN NEW.type = 'session.started' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.data ->> 'userId' AND credential = NEW.private ->> 'credential' AND disabled_at IS NULL);
  INSERT INTO auth_sessions (id, account_id, token_hash, user_agent, origin, started_at, rotated_at, expires_at)
  VALUES (NEW.stream, NEW.data ->> 'userId', NEW.private ->> 'tokenHash', NEW.private ->> 'userAgent',
    NEW.private ->> 'origin', NEW.time, NEW.time, NEW.data ->> 'expiresAt');
END;

-- Who knew the password was not guessing: the tries of this account and address are forgotten, and given back to what
-- counts them with those of others.
CREATE TRIGGER auth_tries_given_back AFTER INSERT ON auth_events WHEN NEW.private -> 'tries' IS NOT NULL BEGIN
  UPDATE auth_throttle SET blocked_until = 0, count = max(0, count -
      coalesce((SELECT own.count FROM auth_throttle AS own WHERE own.key = NEW.private ->> '$.tries.own'), 0))
    WHERE key = NEW.private ->> '$.tries.strangers';
  UPDATE auth_throttle SET blocked_until = 0, count = max(0, count - 1)
    WHERE key = NEW.private ->> '$.tries.address';
  DELETE FROM auth_throttle WHERE key = NEW.private ->> '$.tries.own';
END;

-- UNIQUE (stream, version) lets one of several concurrent rotations through, and none after a revocation.
CREATE TRIGGER auth_session_refreshed AFTER INSERT ON auth_events WHEN NEW.type = 'session.refreshed' BEGIN
  UPDATE auth_sessions SET generation = NEW.version, previous_hash = token_hash,
    token_hash = NEW.private ->> 'tokenHash', rotated_at = NEW.time WHERE id = NEW.stream;
END;

-- Sessions also end by events of their account, which leave the session's own version as it is.
CREATE TRIGGER auth_session_live AFTER INSERT ON auth_events
WHEN NEW.type = 'session.refreshed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'session_ended:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_sessions WHERE id = NEW.stream AND revoked_at IS NULL);
END;

-- A session moves with its owner.
CREATE TRIGGER auth_session_moved AFTER INSERT ON auth_events
WHEN NEW.type = 'session.refreshed' AND NEW.private ->> 'origin' IS NOT NULL BEGIN
  UPDATE auth_sessions SET origin = NEW.private ->> 'origin' WHERE id = NEW.stream;
END;

-- A family ends once: a second revocation is refused, so that the log tells of the first.
CREATE TRIGGER auth_session_revoked AFTER INSERT ON auth_events WHEN NEW.type = 'session.revoked' BEGIN
  SELECT RAISE(ABORT, 'already_revoked:') FROM auth_sessions WHERE id = NEW.stream AND revoked_at IS NOT NULL;
  UPDATE auth_sessions SET revoked_at = NEW.time WHERE id = NEW.stream;
END;

CREATE TRIGGER auth_sessions_ended AFTER INSERT ON auth_events
WHEN NEW.type IN ('sessions.ended', 'password.changed', 'user.email_changed', 'user.disabled') BEGIN
  UPDATE auth_sessions SET revoked_at = NEW.time
    WHERE account_id = NEW.stream AND revoked_at IS NULL AND id IS NOT (NEW.data ->> 'except');
END;

-- Its password and its e-mail.

CREATE TRIGGER auth_password_changed AFTER INSERT ON auth_events
WHEN NEW.type = 'password.changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential');
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash', credential = credential + 1
    WHERE id = NEW.stream;
END;

-- The same password under today's parameters; nothing happens when it was changed meanwhile.
CREATE TRIGGER auth_password_rehashed AFTER INSERT ON auth_events WHEN NEW.type = 'password.rehashed' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  UPDATE auth_accounts SET password_hash = NEW.private ->> 'passwordHash'
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential';
END;

CREATE TRIGGER auth_reset_requested AFTER INSERT ON auth_events
WHEN NEW.type = 'password.reset_requested' AND NEW.private ->> 'tokenHash' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'account_disabled:') FROM auth_accounts WHERE id = NEW.stream AND disabled_at IS NOT NULL;
  DELETE FROM auth_resets WHERE expires_at <= NEW.time;
  INSERT INTO auth_resets (id, account_id, token_hash, issuer, expires_at)
  VALUES (NEW.data ->> 'resetId', NEW.stream, NEW.private ->> 'tokenHash', NEW.private ->> 'issuer',
    NEW.data ->> 'expiresAt');
END;

-- Tokens that may be used, but for their time: one that was issued is worth what its issuer may do now. Said so that
-- SQLite begins at the account that is asked about: it does not look into auth_held for one that another row names, but
-- reads all accounts' roles.
CREATE VIEW auth_resets_good AS
  SELECT reset.id, reset.account_id, reset.token_hash, reset.issuer, reset.expires_at, account.email
  FROM auth_resets AS reset JOIN auth_accounts AS account ON account.id = reset.account_id
  WHERE account.disabled_at IS NULL AND (reset.issuer IS NULL OR (
    EXISTS (SELECT 1 FROM auth_accounts WHERE id = reset.issuer AND disabled_at IS NULL)
    AND EXISTS (
      SELECT 1 FROM auth_account_roles AS has CROSS JOIN auth_grants AS granted ON granted.role = has.role
      WHERE has.account_id = reset.issuer AND granted.permission = 'users:any')
    AND NOT EXISTS (
      SELECT 1 FROM auth_account_roles AS over CROSS JOIN auth_grants AS wanted ON wanted.role = over.role
      WHERE over.account_id = reset.account_id
        AND wanted.permission NOT IN (SELECT permission FROM auth_built_in WHERE role IN ('BUYER', 'SELLER'))
        AND NOT EXISTS (
          SELECT 1 FROM auth_account_roles AS has CROSS JOIN auth_grants AS granted ON granted.role = has.role
          WHERE has.account_id = reset.issuer AND granted.permission = wanted.permission))));

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

-- What somebody handed out ends with what they may do: it is not good again when they are.
CREATE TRIGGER auth_resets_issuer_changed AFTER INSERT ON auth_events
WHEN NEW.type IN ('user.disabled', 'user.erased', 'user.roles_changed') BEGIN
  DELETE FROM auth_resets WHERE issuer = NEW.stream;
END;

CREATE TRIGGER auth_email_changed AFTER INSERT ON auth_events
WHEN NEW.type = 'user.email_changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> 'credential');
  UPDATE auth_accounts SET email = NEW.private ->> 'email', email_hash = NEW.private ->> 'emailHash'
    WHERE id = NEW.stream;
END;

-- Its roles, and its end.

-- Two admins that demote each other at the same time: the second finds no other ADMIN and is refused.
CREATE TRIGGER auth_roles_assigned AFTER INSERT ON auth_events WHEN NEW.type = 'user.roles_changed' BEGIN
  SELECT RAISE(ABORT, 'no_such_user:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'no_such_role:') FROM json_each(NEW.data, '$.roles')
    WHERE value NOT IN ('BUYER', 'SELLER', 'ADMIN') AND value NOT IN (SELECT name FROM auth_roles);
  SELECT RAISE(ABORT, 'last_admin:')
    WHERE NOT EXISTS (SELECT 1 FROM json_each(NEW.data, '$.roles') WHERE value = 'ADMIN')
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

CREATE TRIGGER auth_signup_erased AFTER INSERT ON auth_events WHEN NEW.type = 'user.erased' BEGIN
  DELETE FROM auth_signups WHERE account_id = NEW.stream;
END;

-- Who may do what is judged by the statement that does it: whatever a token says, and whatever else happens meanwhile.

-- An event with `by` happens only while the session in it lives, its actor has the permissions that it `needs`, and has
-- all that is given, taken or touched by it, too: the permissions and roles in its data, those that its role has
-- already, and those of the account that it is `over`. What anyone gets at signup is anyone's to pass on.
-- (A session that is not there is one of an account that was erased since: this is a replay.)
CREATE TRIGGER auth_judged BEFORE INSERT ON auth_events WHEN NEW.private ->> '$.by.session' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'actor_gone:')
    WHERE NOT EXISTS (SELECT 1 FROM auth_accounts WHERE id = NEW.actor AND disabled_at IS NULL)
    OR EXISTS (SELECT 1 FROM auth_sessions WHERE id = NEW.private ->> '$.by.session'
      AND (revoked_at IS NOT NULL OR account_id <> NEW.actor));
  SELECT RAISE(ABORT, 'not_permitted:') FROM json_each(NEW.private, '$.by.needs')
    WHERE value NOT IN (SELECT permission FROM auth_held WHERE account_id = NEW.actor);
  SELECT RAISE(ABORT, 'not_permitted:') FROM (
      SELECT value AS permission FROM json_each(NEW.data, '$.permissions')
      UNION ALL SELECT permission FROM auth_grants WHERE role IN (SELECT value FROM json_each(NEW.data, '$.roles'))
      UNION ALL SELECT permission FROM auth_grants WHERE role = NEW.data ->> '$.role'
      UNION ALL SELECT permission FROM auth_held WHERE account_id = NEW.private ->> '$.by.over')
    WHERE permission NOT IN (SELECT permission FROM auth_held WHERE account_id = NEW.actor)
    AND permission NOT IN (SELECT permission FROM auth_built_in WHERE role IN ('BUYER', 'SELLER'));
END;

-- Who erases themselves has shown the password: not one that was changed meanwhile.
CREATE TRIGGER auth_erasure_proven BEFORE INSERT ON auth_events
WHEN NEW.type = 'user.erased' AND NEW.private ->> '$.credential' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> '$.credential');
END;
