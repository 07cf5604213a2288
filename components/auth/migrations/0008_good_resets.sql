DROP VIEW auth_resets_good;

-- As before, said so that SQLite begins at the account that is asked about: it does not look into auth_held for one that
-- another row names, but reads all accounts' roles.
CREATE VIEW auth_resets_good AS
  SELECT reset.id, reset.account_id, reset.token_hash, reset.issuer, reset.expires_at, account.email
  FROM auth_resets AS reset JOIN auth_accounts AS account ON account.id = reset.account_id
  WHERE account.disabled_at IS NULL AND (reset.issuer IS NULL OR (
    EXISTS (SELECT 1 FROM auth_accounts WHERE id = reset.issuer AND disabled_at IS NULL)
    AND EXISTS (SELECT 1 FROM auth_account_roles AS has CROSS JOIN auth_grants AS granted ON granted.role = has.role
      WHERE has.account_id = reset.issuer AND granted.permission = 'users:any')
    AND NOT EXISTS (SELECT 1 FROM auth_account_roles AS over CROSS JOIN auth_grants AS wanted ON wanted.role = over.role
      WHERE over.account_id = reset.account_id
        AND wanted.permission NOT IN (SELECT permission FROM auth_built_in WHERE role IN ('BUYER', 'SELLER'))
        AND NOT EXISTS (SELECT 1 FROM auth_account_roles AS has CROSS JOIN auth_grants AS granted ON granted.role = has.role
          WHERE has.account_id = reset.issuer AND granted.permission = wanted.permission))));
