//! A partition is no longer one.

use crate::sabotage::edit::Edit;

/// A partition is no longer one.
pub(super) const PARTITION_DETACHED: Edit = Edit {
    name: "partition_detached",
    harm: "a partition came back as a table by itself",
    class: "catalogue",
    caught_by: &["inventory", "fingerprint"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT relispartition FROM pg_class WHERE oid = %s', c.oid),
  format('ALTER TABLE %s DETACH PARTITION %s', i.inhparent::regclass, c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.confrelid = c.oid)
ORDER BY c.oid::regclass::text",
};
