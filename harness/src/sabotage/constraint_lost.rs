//! A constraint is gone.

use crate::sabotage::edit::Edit;

/// A constraint is gone.
pub(super) const CONSTRAINT_LOST: Edit = Edit {
    name: "constraint_lost",
    harm: "a constraint did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT k.conname || ' on ' || k.conrelid::regclass,
  format('SELECT count(*) FROM pg_constraint WHERE oid = %s', k.oid),
  format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
FROM pg_constraint AS k JOIN ours AS n ON n.oid = k.connamespace
WHERE k.contype IN ('f', 'c') AND k.conrelid <> 0 AND k.conparentid = 0 AND k.coninhcount = 0
ORDER BY k.conrelid::regclass::text, k.conname",
};
