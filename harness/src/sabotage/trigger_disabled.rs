//! A trigger is disabled, as a load leaves it that was cut off.

use crate::sabotage::edit::Edit;

/// A trigger is disabled, as a load leaves it that was cut off.
pub(super) const TRIGGER_DISABLED: Edit = Edit {
    name: "trigger_disabled",
    harm: "a trigger is there, and does not fire",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT t.tgname || ' on ' || t.tgrelid::regclass,
  format('SELECT tgenabled FROM pg_trigger WHERE oid = %s', t.oid),
  format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
JOIN pg_trigger AS t ON t.tgrelid = c.oid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgparentid = 0 AND c.relkind = 'r'
ORDER BY t.tgrelid::regclass::text, t.tgname",
};
