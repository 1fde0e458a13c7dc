//! What was granted on a table is gone.

use crate::sabotage::edit::Edit;

/// What was granted on a table is gone.
pub(super) const GRANT_LOST: Edit = Edit {
    name: "grant_lost",
    harm: "a role may no longer do with a table what it could",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT a.grantee::regrole || ' on ' || c.oid::regclass,
  format('SELECT relacl FROM pg_class WHERE oid = %s', c.oid),
  format('REVOKE ALL ON TABLE %s FROM %s CASCADE', c.oid::regclass, a.grantee::regrole)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.grantee NOT IN (0, c.relowner)
GROUP BY c.oid, a.grantee
ORDER BY c.oid::regclass::text, a.grantee::regrole::text",
};
