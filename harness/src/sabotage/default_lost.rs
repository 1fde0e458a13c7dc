//! A column has lost its default.

use crate::sabotage::edit::Edit;

/// A column has lost its default.
pub(super) const DEFAULT_LOST: Edit = Edit {
    name: "default_lost",
    harm: "a column came back without its default",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT a.attname || ' of ' || c.oid::regclass,
  format('SELECT atthasdef FROM pg_attribute WHERE attrelid = %s AND attnum = %s',
    c.oid, a.attnum),
  format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', c.oid::regclass, a.attname)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND a.attnum > 0 AND a.atthasdef AND a.attgenerated = ''
ORDER BY c.oid::regclass::text, a.attnum",
};
