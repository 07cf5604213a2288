-- What somebody handed out ends with what they may do: it is not good again when they are.
CREATE INDEX auth_resets_issuer ON auth_resets (issuer) WHERE issuer IS NOT NULL;

CREATE TRIGGER auth_resets_issuer_changed AFTER INSERT ON auth_events
WHEN NEW.type IN ('user.disabled', 'user.erased', 'user.roles_changed') BEGIN
  DELETE FROM auth_resets WHERE issuer = NEW.stream;
END;
