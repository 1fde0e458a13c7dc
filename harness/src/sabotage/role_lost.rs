//! A role is gone, with all that it was granted.

use crate::sabotage::edit::Edit;

/// A role is gone, with all that it was granted.
pub(super) const ROLE_LOST: Edit = Edit {
    name: "role_lost",
    harm: "a role did not come back, nor what it was granted",
    class: "globals",
    caught_by: &["globals", "inventory"],
    candidates: "\
SELECT 'role ' || r.rolname,
  format('SELECT count(*) FROM pg_roles WHERE rolname = %L', r.rolname),
  format('DROP OWNED BY %I', r.rolname), format('DROP ROLE %I', r.rolname)
FROM pg_roles AS r
WHERE NOT r.rolsuper AND r.oid >= 16384 AND r.rolname NOT LIKE 'pgrehearse%' AND NOT EXISTS (
  SELECT FROM pg_shdepend AS d
  WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND (d.deptype = 'o'
    OR d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))))
ORDER BY r.rolname",
};
