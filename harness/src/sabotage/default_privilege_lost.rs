//! A default privilege is gone.

use crate::sabotage::edit::Edit;

/// A default privilege is gone.
pub(super) const DEFAULT_PRIVILEGE_LOST: Edit = Edit {
    name: "default_privilege_lost",
    harm: "what is granted on tables of next week did not come back",
    class: "globals",
    caught_by: &["inventory", "globals"],
    candidates: "\
SELECT 'the default privileges ' || a.oid,
  format('SELECT count(*) FROM pg_default_acl WHERE oid = %s', a.oid),
  'SET allow_system_table_mods = on',
  format('DELETE FROM pg_catalog.pg_default_acl WHERE oid = %s', a.oid)
FROM pg_default_acl AS a
ORDER BY a.defaclrole::regrole::text, a.defaclnamespace::regnamespace::text, a.defaclobjtype",
};
