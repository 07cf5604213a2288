-- Accounts, and all by which somebody proves to be the owner of one. `fold.sql` has the triggers and views.

-- An account that was erased since can be replayed, though the private part of its events is gone: until its erasure it
-- is there without content, so that rules about accounts and admins hold as they did.
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

-- Custom roles; the built-in ones are in domain/role.rs.
CREATE TABLE auth_roles (
  name TEXT PRIMARY KEY,
  permissions TEXT NOT NULL,       -- JSON list
  CONSTRAINT built_in_role CHECK (name NOT IN ('BUYER', 'SELLER', 'ADMIN', 'SERVICE'))
) WITHOUT ROWID;

-- The first ADMIN is made once, whatever becomes of the account.
CREATE TABLE auth_bootstrap (
  once INTEGER PRIMARY KEY CHECK (once = 1),
  account_id TEXT NOT NULL
);

-- The `Idempotency-Key` of a signup belongs to nobody who is signed in, so all who sign up share one space of keys: a
-- key makes one account, whatever the body says. Both hashes are keyed: neither key nor body can be guessed from them.
CREATE TABLE auth_signups (
  key TEXT PRIMARY KEY,            -- keyed hash
  account_id TEXT NOT NULL,
  request_hash TEXT NOT NULL       -- keyed hash of the body
) WITHOUT ROWID;

CREATE INDEX auth_signups_account ON auth_signups (account_id);

-- A login and the refresh tokens that follow from it: a family. Generation n was made by version n of the stream.
CREATE TABLE auth_sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES auth_accounts (id),
  generation INTEGER NOT NULL DEFAULT 1,
  token_hash TEXT NOT NULL,        -- SHA-256 of the current refresh token
  previous_hash TEXT,              -- of its predecessor
  user_agent TEXT,
  origin TEXT,                     -- keyed hash of the address: guesses of its account from there count by themselves
  started_at TEXT NOT NULL,
  rotated_at TEXT NOT NULL,        -- when the current generation was made
  expires_at TEXT NOT NULL,        -- absolute: rotation does not move it
  revoked_at TEXT
);

CREATE INDEX auth_sessions_account ON auth_sessions (account_id, id);

CREATE INDEX auth_sessions_origin ON auth_sessions (account_id, origin) WHERE revoked_at IS NULL;

-- Who tries too often. State of a limiter, not business: it is counted before the work that it limits, and it
-- may be lost. Keys are keyed hashes of account and address: neither can be read here.
CREATE TABLE auth_throttle (
  key TEXT PRIMARY KEY,
  count INTEGER NOT NULL,          -- tries since it was last forgotten
  blocked_until INTEGER NOT NULL,  -- ms since the epoch
  forget_at INTEGER NOT NULL       -- ms since the epoch
) WITHOUT ROWID;

CREATE INDEX auth_throttle_forget ON auth_throttle (forget_at);

-- Tokens by which a new password may be set without the old one. Who shows one proves it by its hash; the token itself
-- is derived by identity from the id, and nowhere in here. An account may have several: each is good for its time, so
-- that nobody spoils an owner's mail by asking for another.
CREATE TABLE auth_resets (
  id TEXT PRIMARY KEY,             -- UUIDv7
  account_id TEXT NOT NULL,
  token_hash TEXT NOT NULL,        -- SHA-256
  issuer TEXT,                     -- who issued it; NULL when its owner had it mailed
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX auth_resets_account ON auth_resets (account_id);

CREATE INDEX auth_resets_expired ON auth_resets (expires_at);

CREATE INDEX auth_resets_issuer ON auth_resets (issuer) WHERE issuer IS NOT NULL;

-- Mails that are asked for, until the mailer has them. Whoever asks is answered before anyone looks whether the e-mail
-- has an account, and leaves the same row either way, so that answers and their times do not tell.
CREATE TABLE auth_reset_mails (
  id TEXT PRIMARY KEY,             -- of the token that goes with it
  email_hash TEXT NOT NULL,
  until INTEGER NOT NULL,          -- ms since the epoch; when the token is worth nothing
  next_try INTEGER NOT NULL,       -- ms since the epoch; also the lease of who tries
  tries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX auth_reset_mails_due ON auth_reset_mails (next_try);
