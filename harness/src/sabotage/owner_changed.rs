//! A table belongs to whoever restored it.

use crate::sabotage::edit::Edit;

/// A table belongs to whoever restored it.
pub(super) const OWNER_CHANGED: Edit = Edit {
    name: "owner_changed",
    harm: "a table belongs to the superuser, whom no policy binds",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT relowner FROM pg_class WHERE oid = %s', c.oid),
  format('ALTER TABLE %s OWNER TO CURRENT_USER', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relowner::regrole::text <> quote_ident(current_user)
ORDER BY c.oid::regclass::text",
};
