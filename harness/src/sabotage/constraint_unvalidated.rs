//! A constraint is there, but marked as not validated.

use crate::sabotage::edit::Edit;

/// A constraint is there, but marked as not validated.
pub(super) const CONSTRAINT_UNVALIDATED: Edit = Edit {
    name: "constraint_unvalidated",
    harm: "a constraint came back as one that old rows need not keep",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT k.conname || ' on ' || k.conrelid::regclass,
  format('SELECT convalidated FROM pg_constraint WHERE oid = %s', k.oid),
  'SET allow_system_table_mods = on',
  format('UPDATE pg_catalog.pg_constraint SET convalidated = false WHERE oid = %s', k.oid)
FROM pg_constraint AS k JOIN ours AS n ON n.oid = k.connamespace
WHERE k.contype IN ('f', 'c') AND k.conrelid <> 0 AND k.convalidated AND k.conparentid = 0
ORDER BY k.conrelid::regclass::text, k.conname",
};
