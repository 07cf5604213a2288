-- Fold 1, 3a4efbe77a2e: raise the number when you change a statement below; a test then tells the digest.

-- A profile that was erased since is not replayed: its events have no private part any more. Nor does one come into
-- being after its erasure, or twice.
CREATE TRIGGER users_created AFTER INSERT ON users_events
WHEN NEW.type = 'profile.created' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_profile:') FROM users_told WHERE user_id = NEW.stream AND erased;
  INSERT INTO users_told (user_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE users_told SET roles = NEW.data -> '$.roles', roles_sequence = coalesce(NEW.data ->> '$.sequence', 0)
    WHERE user_id = NEW.stream AND roles IS NULL;
  INSERT INTO users_profiles (id, email, name, email_hash, disabled, revision, created_at, updated_at)
    SELECT NEW.stream, coalesce(email, NEW.private ->> 'email'), NEW.private ->> 'name',
      coalesce(email_hash, NEW.private ->> 'emailHash'), disabled, NEW.version, NEW.time, NEW.time
    FROM users_told WHERE user_id = NEW.stream;
  INSERT INTO users_words (word, user_id) SELECT value, NEW.stream FROM json_each(NEW.private, '$.words');
  INSERT INTO users_roles (role, user_id)
    SELECT role.value, user_id FROM users_told, json_each(roles) AS role WHERE user_id = NEW.stream
    AND NOT EXISTS (
      SELECT 1 FROM users_removed_roles AS gone WHERE gone.role = role.value AND sequence > roles_sequence);
END;

-- Nobody's profile can be written after it was erased: nothing personal may get into the log then. Nor does somebody
-- who is disabled write one, whatever is left of their token's time.
CREATE TRIGGER users_updated AFTER INSERT ON users_events
WHEN NEW.type = 'profile.updated' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_profile:') WHERE NOT EXISTS (SELECT 1 FROM users_profiles WHERE id = NEW.stream);
  SELECT RAISE(ABORT, 'person_stopped:') FROM users_told WHERE user_id = NEW.actor AND (disabled OR erased);
  UPDATE users_profiles SET name = NEW.private ->> 'name', phone = NEW.private ->> 'phone',
    addresses = NEW.private ->> 'addresses', revision = NEW.version, updated_at = NEW.time
  WHERE id = NEW.stream;
  DELETE FROM users_words WHERE user_id = NEW.stream;
  INSERT INTO users_words (word, user_id) SELECT value, NEW.stream FROM json_each(NEW.private, '$.words');
END;

CREATE TRIGGER users_email_changed AFTER INSERT ON users_events
WHEN NEW.type = 'profile.email_changed' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'no_such_profile:') FROM users_told WHERE user_id = NEW.stream AND erased;
  INSERT INTO users_told (user_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE users_told SET email = NEW.private ->> 'email', email_hash = NEW.private ->> 'emailHash',
      email_sequence = coalesce(NEW.data ->> '$.sequence', email_sequence)
    WHERE user_id = NEW.stream AND coalesce(NEW.data ->> '$.sequence', email_sequence) >= email_sequence;
  UPDATE users_profiles SET revision = NEW.version, updated_at = NEW.time,
      email = (SELECT email FROM users_told WHERE user_id = NEW.stream),
      email_hash = (SELECT email_hash FROM users_told WHERE user_id = NEW.stream)
    WHERE id = NEW.stream;
END;

CREATE TRIGGER users_roles_changed AFTER INSERT ON users_events WHEN NEW.type = 'profile.roles_changed' BEGIN
  INSERT INTO users_told (user_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE users_told SET roles = NEW.data -> '$.roles',
      roles_sequence = coalesce(NEW.data ->> '$.sequence', roles_sequence)
    WHERE user_id = NEW.stream AND NOT erased
    AND coalesce(NEW.data ->> '$.sequence', roles_sequence) >= roles_sequence;
  DELETE FROM users_roles WHERE user_id = NEW.stream;
  INSERT INTO users_roles (role, user_id)
    SELECT role.value, user_id FROM users_told JOIN users_profiles AS profile ON profile.id = user_id,
      json_each(roles) AS role WHERE user_id = NEW.stream
    AND NOT EXISTS (
      SELECT 1 FROM users_removed_roles AS gone WHERE gone.role = role.value AND sequence > roles_sequence);
  UPDATE users_profiles SET revision = NEW.version, updated_at = NEW.time WHERE id = NEW.stream;
END;

-- Who was given a role of that name by later news keeps it.
CREATE TRIGGER users_role_removed AFTER INSERT ON users_events WHEN NEW.type = 'profiles.role_removed' BEGIN
  INSERT INTO users_removed_roles (role, sequence)
    VALUES (NEW.data ->> 'role', coalesce(NEW.data ->> '$.sequence', 0))
    ON CONFLICT (role) DO UPDATE SET sequence = max(sequence, excluded.sequence);
  DELETE FROM users_roles WHERE role = NEW.data ->> 'role' AND (NEW.data ->> '$.sequence' IS NULL
    OR EXISTS (SELECT 1 FROM users_told AS told
      WHERE told.user_id = users_roles.user_id AND told.roles_sequence < NEW.data ->> '$.sequence'));
END;

CREATE TRIGGER users_switched AFTER INSERT ON users_events
WHEN NEW.type IN ('profile.disabled', 'profile.enabled') BEGIN
  INSERT INTO users_told (user_id) VALUES (NEW.stream) ON CONFLICT DO NOTHING;
  UPDATE users_told SET disabled = NEW.type = 'profile.disabled',
      status_sequence = coalesce(NEW.data ->> '$.sequence', status_sequence)
    WHERE user_id = NEW.stream AND NOT erased
    AND coalesce(NEW.data ->> '$.sequence', status_sequence) >= status_sequence;
  UPDATE users_profiles SET disabled = (SELECT disabled FROM users_told WHERE user_id = NEW.stream),
      revision = NEW.version, updated_at = NEW.time
    WHERE id = NEW.stream;
END;

CREATE TRIGGER users_erased AFTER INSERT ON users_events WHEN NEW.type = 'profile.erased' BEGIN
  UPDATE users_events SET private = NULL WHERE private IS NOT NULL AND stream = NEW.stream;
  DELETE FROM users_words WHERE user_id = NEW.stream;
  DELETE FROM users_roles WHERE user_id = NEW.stream;
  DELETE FROM users_profiles WHERE id = NEW.stream;
  DELETE FROM users_told WHERE user_id = NEW.stream;
  INSERT INTO users_told (user_id, erased) VALUES (NEW.stream, 1);
END;
