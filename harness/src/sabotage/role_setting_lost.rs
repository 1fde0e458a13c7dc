//! A setting of a role or a database is gone.

use crate::sabotage::edit::Edit;

/// A setting of a role or a database is gone.
pub(super) const ROLE_SETTING_LOST: Edit = Edit {
    name: "role_setting_lost",
    harm: "a setting of a role or of the database did not come back",
    class: "globals",
    caught_by: &["globals"],
    candidates: "\
SELECT setting || ' of ' || coalesce(r.rolname, 'all') || coalesce(' in ' || d.datname, ''),
  format('SELECT count(*) FROM pg_db_role_setting WHERE setrole = %s AND setdatabase = %s '
    'AND %L = ANY (setconfig)', s.setrole, s.setdatabase, setting),
  CASE WHEN r.oid IS NULL THEN format('ALTER DATABASE %I RESET %I', d.datname, name)
    ELSE format('ALTER ROLE %I%s RESET %I', r.rolname,
      CASE WHEN d.oid IS NULL THEN '' ELSE format(' IN DATABASE %I', d.datname) END, name) END
FROM pg_db_role_setting AS s
LEFT JOIN pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN LATERAL unnest(s.setconfig) AS setting
CROSS JOIN LATERAL split_part(setting, '=', 1) AS name
WHERE (r.oid IS NOT NULL OR d.oid IS NOT NULL) AND name !~ '[.]'
ORDER BY 1",
};
