CREATE TABLE users_profiles (
  id TEXT PRIMARY KEY,                 -- the account's id (auth)
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  phone TEXT,
  addresses TEXT NOT NULL DEFAULT '[]', -- JSON list, as it is shown: only ever read and replaced as a whole
  revision INTEGER NOT NULL,           -- the stream's version: the ETag
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TRIGGER users_created AFTER INSERT ON users_events WHEN NEW.type = 'profile.created' BEGIN
  INSERT INTO users_profiles (id, email, name, revision, created_at, updated_at)
  VALUES (NEW.stream, NEW.private ->> 'email', NEW.private ->> 'name', NEW.version, NEW.time, NEW.time);
END;

CREATE TRIGGER users_updated AFTER INSERT ON users_events WHEN NEW.type = 'profile.updated' BEGIN
  UPDATE users_profiles SET name = NEW.private ->> 'name', phone = NEW.private ->> 'phone',
    addresses = NEW.private -> 'addresses', revision = NEW.version, updated_at = NEW.time
  WHERE id = NEW.stream;
END;
