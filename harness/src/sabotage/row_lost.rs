//! One row of a table is gone.

use crate::sabotage::edit::Edit;

/// One row of a table is gone.
pub(super) const ROW_LOST: Edit = Edit {
    name: "row_lost",
    harm: "one row of a table did not come back",
    class: "content",
    caught_by: &["fingerprint"],
    candidates: "\
SELECT 'a row of ' || c.oid::regclass, format('SELECT count(*) FROM ONLY %s', c.oid::regclass),
  'SET session_replication_role = replica',
  format('DELETE FROM ONLY %1$s WHERE ctid = (SELECT ctid FROM ONLY %1$s LIMIT 1)',
    c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND pg_relation_size(c.oid) BETWEEN 1 AND 64 << 20
ORDER BY c.oid::regclass::text",
};
