-- Who may do what is judged by the statement that does it: whatever a token says, and whatever else happens meanwhile.

-- The permissions of the built-in roles, as domain/role.rs has them (a test compares the two). A view, since they are
-- code: a replay of the log finds them, too.
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
  ('ADMIN', 'discovery:write'),
  ('ADMIN', 'system:sweep');

-- What each role stands for.
CREATE VIEW auth_grants (role, permission) AS
  SELECT role, permission FROM auth_built_in
  UNION ALL SELECT name, permission.value FROM auth_roles, json_each(auth_roles.permissions) AS permission;

-- What each account may do now.
CREATE VIEW auth_held (account_id, permission) AS
  SELECT account_id, permission FROM auth_account_roles AS has JOIN auth_built_in AS built_in ON built_in.role = has.role
  UNION ALL SELECT account_id, permission.value FROM auth_account_roles AS has
    JOIN auth_roles AS custom ON custom.name = has.role, json_each(custom.permissions) AS permission;

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

-- The first ADMIN is made once, whatever becomes of the account.
CREATE TABLE auth_bootstrap (
  once INTEGER PRIMARY KEY CHECK (once = 1),
  account_id TEXT NOT NULL
);

INSERT INTO auth_bootstrap (once, account_id)
  SELECT 1, stream FROM auth_events WHERE type = 'user.registered' AND actor = 'service:auth' ORDER BY seq LIMIT 1;

CREATE TRIGGER auth_bootstrapped AFTER INSERT ON auth_events
WHEN NEW.type = 'user.registered' AND NEW.cause = 'bootstrap' BEGIN
  INSERT INTO auth_bootstrap (once, account_id) VALUES (1, NEW.stream);
END;

-- Who erases themselves has shown the password: not one that was changed meanwhile.
CREATE TRIGGER auth_erasure_proven BEFORE INSERT ON auth_events
WHEN NEW.type = 'user.erased' AND NEW.private ->> '$.credential' IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.stream AND credential = NEW.private ->> '$.credential');
END;
