//! An index is marked as invalid.

use crate::sabotage::edit::Edit;

/// An index is marked as invalid.
pub(super) const INDEX_INVALID: Edit = Edit {
    name: "index_invalid",
    harm: "an index is there, and nobody uses it or keeps it unique",
    class: "catalogue",
    caught_by: &["inventory", "indexes"],
    candidates: "\
SELECT c.oid::regclass::text,
  format('SELECT indisvalid FROM pg_index WHERE indexrelid = %s', c.oid),
  'SET allow_system_table_mods = on',
  format('UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = %s', c.oid)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE c.relkind = 'i' AND i.indisvalid AND NOT c.relispartition AND NOT i.indisprimary
ORDER BY c.oid::regclass::text",
};
