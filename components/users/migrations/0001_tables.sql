-- Profiles. What is personal in them is encrypted (the vault of the identity plug-in), and can be erased. `fold.sql`
-- has the triggers.

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

-- Auth's events are folded by their place in auth's log, whatever order they arrive in: an older one that comes later
-- changes nothing. What is told of somebody whose profile is still to come waits here.
CREATE TABLE users_told (
  user_id TEXT PRIMARY KEY,
  email TEXT,                           -- ciphertext; NULL while it is the profile's first
  email_hash TEXT,
  email_sequence INTEGER NOT NULL DEFAULT 0, -- of the last news, like the next two
  roles TEXT,                           -- JSON list, likewise
  roles_sequence INTEGER NOT NULL DEFAULT 0,
  disabled INTEGER NOT NULL DEFAULT 0,
  status_sequence INTEGER NOT NULL DEFAULT 0,
  erased INTEGER NOT NULL DEFAULT 0     -- no news will change that
) WITHOUT ROWID;

-- Roles that were removed, and when: who is told to have one by older news has it no more.
CREATE TABLE users_removed_roles (
  role TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL
) WITHOUT ROWID;
