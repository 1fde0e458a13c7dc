//! A column may be null that must not be.

use crate::sabotage::edit::Edit;

/// A column may be null that must not be.
pub(super) const NOT_NULL_LOST: Edit = Edit {
    name: "not_null_lost",
    harm: "a column lost its NOT NULL",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT a.attname || ' of ' || c.oid::regclass,
  format('SELECT attnotnull FROM pg_attribute WHERE attrelid = %s AND attnum = %s',
    c.oid, a.attnum),
  format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', c.oid::regclass, a.attname)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND NOT c.relispartition AND a.attnum > 0 AND a.attnotnull
  AND a.attidentity = '' AND NOT EXISTS (
    SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
      AND (i.indisprimary OR i.indisreplident))
ORDER BY c.oid::regclass::text, a.attnum",
};
