//! A table is there that is in no backup.

use crate::sabotage::edit::Edit;

/// A table is there that is in no backup.
pub(super) const TABLE_EXTRA: Edit = Edit {
    name: "table_extra",
    harm: "a table is there that the source never had",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT 'a table in ' || nspname,
  format('SELECT count(*) FROM pg_class WHERE relname = ''stray_of_a_control'' '
    'AND relnamespace = %s', oid),
  format('CREATE TABLE %I.stray_of_a_control (id int)', nspname)
FROM ours
ORDER BY nspname",
};
