-- Profiles anew: what is personal in them is encrypted (the vault of the identity plug-in), and can be erased.
-- There was no release before this: profiles made by earlier builds are not kept, as their accounts are not (auth),
-- and what the log holds of them is erased.
DROP TABLE users_profiles;

UPDATE users_events SET private = NULL WHERE private IS NOT NULL;

CREATE TABLE users_profiles (
  id TEXT PRIMARY KEY,                 -- the account's id (auth), UUIDv7: in the order of signing up
  email TEXT NOT NULL,                 -- ciphertext, like the next three
  name TEXT NOT NULL,
  phone TEXT,
  addresses TEXT,                      -- of a JSON list: only ever read and replaced as a whole; NULL is none
  email_hash TEXT NOT NULL,            -- fingerprint of the trimmed, lower-cased e-mail: look-up
  disabled INTEGER NOT NULL DEFAULT 0, -- as auth told, like the roles
  revision INTEGER NOT NULL,           -- the stream's version: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX users_profiles_email ON users_profiles (email_hash);

-- Fingerprints of the words of names: an encrypted name cannot be searched itself.
CREATE TABLE users_words (
  word TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (word, user_id)
) WITHOUT ROWID;

CREATE INDEX users_words_user ON users_words (user_id);

CREATE TABLE users_roles (
  role TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (role, user_id)
) WITHOUT ROWID;

CREATE INDEX users_roles_user ON users_roles (user_id);

DROP TRIGGER users_created;

DROP TRIGGER users_updated;

-- A profile that was erased since is not replayed: its events have no private part any more.
CREATE TRIGGER users_created AFTER INSERT ON users_events
WHEN NEW.type = 'profile.created' AND NEW.private IS NOT NULL BEGIN
  INSERT INTO users_profiles (id, email, name, email_hash, revision, created_at, updated_at)
  VALUES (NEW.stream, NEW.private ->> 'email', NEW.private ->> 'name', NEW.private ->> 'emailHash',
    NEW.version, NEW.time, NEW.time);
  INSERT INTO users_words (word, user_id) SELECT value, NEW.stream FROM json_each(NEW.private, '$.words');
  INSERT INTO users_roles (role, user_id) SELECT value, NEW.stream FROM json_each(NEW.data, '$.roles');
END;

-- Nobody's profile can be written after it was erased: nothing personal may get into the log then.
CREATE TRIGGER users_updated AFTER INSERT ON users_events
WHEN NEW.type = 'profile.updated' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_profile:') WHERE NOT EXISTS (SELECT 1 FROM users_profiles WHERE id = NEW.stream);
  UPDATE users_profiles SET name = NEW.private ->> 'name', phone = NEW.private ->> 'phone',
    addresses = NEW.private ->> 'addresses', revision = NEW.version, updated_at = NEW.time
  WHERE id = NEW.stream;
  DELETE FROM users_words WHERE user_id = NEW.stream;
  INSERT INTO users_words (word, user_id) SELECT value, NEW.stream FROM json_each(NEW.private, '$.words');
END;

CREATE TRIGGER users_email_changed AFTER INSERT ON users_events
WHEN NEW.type = 'profile.email_changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_profile:') WHERE NOT EXISTS (SELECT 1 FROM users_profiles WHERE id = NEW.stream);
  UPDATE users_profiles SET email = NEW.private ->> 'email', email_hash = NEW.private ->> 'emailHash',
    revision = NEW.version, updated_at = NEW.time
  WHERE id = NEW.stream;
END;

CREATE TRIGGER users_roles_changed AFTER INSERT ON users_events WHEN NEW.type = 'profile.roles_changed' BEGIN
  DELETE FROM users_roles WHERE user_id = NEW.stream;
  INSERT INTO users_roles (role, user_id)
    SELECT role.value, profile.id FROM users_profiles AS profile, json_each(NEW.data, '$.roles') AS role
    WHERE profile.id = NEW.stream;
  UPDATE users_profiles SET revision = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;

CREATE TRIGGER users_role_removed AFTER INSERT ON users_events WHEN NEW.type = 'profiles.role_removed' BEGIN
  DELETE FROM users_roles WHERE role = NEW.data ->> 'role';
END;

CREATE TRIGGER users_switched AFTER INSERT ON users_events
WHEN NEW.type IN ('profile.disabled', 'profile.enabled') BEGIN
  UPDATE users_profiles SET disabled = NEW.type = 'profile.disabled', revision = NEW.version, updated_at = NEW.time
  WHERE id = NEW.stream;
END;

CREATE TRIGGER users_erased AFTER INSERT ON users_events WHEN NEW.type = 'profile.erased' BEGIN
  UPDATE users_events SET private = NULL WHERE private IS NOT NULL AND stream = NEW.stream;
  DELETE FROM users_words WHERE user_id = NEW.stream;
  DELETE FROM users_roles WHERE user_id = NEW.stream;
  DELETE FROM users_profiles WHERE id = NEW.stream;
END;
