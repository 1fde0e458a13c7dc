//! The planner knows nothing of a table that has rows: of one without there is nothing to know.

use crate::sabotage::edit::Edit;

/// The planner knows nothing of a table.
pub(super) const STATISTICS_LOST: Edit = Edit {
    name: "statistics_lost",
    harm: "a table came back without statistics",
    class: "performance",
    caught_by: &["statistics"],
    candidates: "\
SELECT 'the statistics of ' || c.oid::regclass,
  format('SELECT count(*) FROM pg_statistic WHERE starelid = %s', c.oid),
  'SET allow_system_table_mods = on',
  format('DELETE FROM pg_catalog.pg_statistic WHERE starelid = %s', c.oid)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND pg_relation_size(c.oid) > 0
  AND EXISTS (SELECT FROM pg_statistic AS s WHERE s.starelid = c.oid)
ORDER BY c.oid::regclass::text",
};
