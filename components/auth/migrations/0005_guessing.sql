-- Where a session is used from, as a keyed hash of the address: guesses of its account from there count by themselves.
ALTER TABLE auth_sessions ADD COLUMN origin TEXT;

CREATE INDEX auth_sessions_origin ON auth_sessions (account_id, origin) WHERE revoked_at IS NULL;

DROP TRIGGER auth_session_started;

-- A session of an account that was erased since is not replayed: nothing would be left of it.
CREATE TRIGGER auth_session_started AFTER INSERT ON auth_events
WHEN NEW.type = 'session.started' AND NEW.private IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'stale_credential:') WHERE NOT EXISTS (SELECT 1 FROM auth_accounts
    WHERE id = NEW.data ->> 'userId' AND credential = NEW.private ->> 'credential' AND disabled_at IS NULL);
  INSERT INTO auth_sessions (id, account_id, token_hash, user_agent, origin, started_at, rotated_at, expires_at)
  VALUES (NEW.stream, NEW.data ->> 'userId', NEW.private ->> 'tokenHash', NEW.private ->> 'userAgent',
    NEW.private ->> 'origin', NEW.time, NEW.time, NEW.data ->> 'expiresAt');
END;

-- A session moves with its owner.
CREATE TRIGGER auth_session_moved AFTER INSERT ON auth_events
WHEN NEW.type = 'session.refreshed' AND NEW.private ->> 'origin' IS NOT NULL BEGIN
  UPDATE auth_sessions SET origin = NEW.private ->> 'origin' WHERE id = NEW.stream;
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
