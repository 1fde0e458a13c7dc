//! A table is gone, as where an entry of an archive was left out.

use crate::sabotage::edit::Edit;

/// A table is gone, as where an entry of an archive was left out.
pub(super) const TABLE_LOST: Edit = Edit {
    name: "table_lost",
    harm: "a table did not come back, nor what depends on it",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT count(*) FROM pg_class WHERE oid = %s', c.oid),
  format('DROP TABLE %s CASCADE', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.oid::regclass::text",
};
