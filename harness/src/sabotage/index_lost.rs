//! An index is gone, as where the last part of a dump was forgotten.

use crate::sabotage::edit::Edit;

/// An index is gone, as where the last part of a dump was forgotten.
pub(super) const INDEX_LOST: Edit = Edit {
    name: "index_lost",
    harm: "an index did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT count(*) FROM pg_class WHERE oid = %s', c.oid),
  format('DROP INDEX %s', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE c.relkind = 'i' AND NOT c.relispartition AND NOT i.indisreplident
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)
ORDER BY c.oid::regclass::text",
};
