//! Row level security of a table is off.

use crate::sabotage::edit::Edit;

/// Row level security of a table is off.
pub(super) const ROW_SECURITY_OFF: Edit = Edit {
    name: "row_security_off",
    harm: "the policies of a table bind nobody any more",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT c.oid::regclass::text,
  format('SELECT relrowsecurity FROM pg_class WHERE oid = %s', c.oid),
  format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relrowsecurity
ORDER BY c.oid::regclass::text",
};
