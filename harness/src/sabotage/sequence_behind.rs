//! A sequence stands where it began.

use crate::sabotage::edit::Edit;

/// A sequence stands where it began.
pub(super) const SEQUENCE_BEHIND: Edit = Edit {
    name: "sequence_behind",
    harm: "a sequence gives out numbers again that it gave out",
    class: "content",
    caught_by: &["sequences"],
    candidates: "\
SELECT format('%I.%I', s.schemaname, s.sequencename),
  format('SELECT last_value FROM %I.%I', s.schemaname, s.sequencename),
  format('SELECT setval(%L, %s, false)', format('%I.%I', s.schemaname, s.sequencename),
    s.start_value)
FROM pg_sequences AS s JOIN ours AS n ON n.nspname = s.schemaname
WHERE s.last_value - s.start_value > 40
ORDER BY s.schemaname, s.sequencename",
};
