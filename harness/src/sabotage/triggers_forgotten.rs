//! A table does not know of its triggers, as damage of its row in the catalogue leaves it.

use crate::sabotage::edit::Edit;

/// A table does not know of its triggers, as damage of its row in the catalogue leaves it.
pub(super) const TRIGGERS_FORGOTTEN: Edit = Edit {
    name: "triggers_forgotten",
    harm: "a table's triggers are all there and enabled, and none fires, nor is a reference kept",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT 'the triggers of ' || c.oid::regclass,
  format('SELECT relhastriggers FROM pg_class WHERE oid = %s', c.oid),
  format('UPDATE pg_class SET relhastriggers = false WHERE oid = %s', c.oid)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relhastriggers
  AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid)
ORDER BY c.oid::regclass::text",
};
