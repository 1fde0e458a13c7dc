//! A column no longer numbers its rows by itself.

use crate::sabotage::edit::Edit;

/// A column no longer numbers its rows by itself.
pub(super) const IDENTITY_LOST: Edit = Edit {
    name: "identity_lost",
    harm: "an identity column came back as an ordinary one",
    class: "catalogue",
    caught_by: &["inventory", "sequences"],
    candidates: "\
SELECT a.attname || ' of ' || c.oid::regclass,
  format('SELECT attidentity FROM pg_attribute WHERE attrelid = %s AND attnum = %s',
    c.oid, a.attnum),
  format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', c.oid::regclass, a.attname)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND NOT c.relispartition AND a.attnum > 0 AND a.attidentity <> ''
ORDER BY c.oid::regclass::text, a.attnum",
};
