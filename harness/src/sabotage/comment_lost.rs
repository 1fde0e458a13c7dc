//! The comment on a table is gone.

use crate::sabotage::edit::Edit;

/// The comment on a table is gone.
pub(super) const COMMENT_LOST: Edit = Edit {
    name: "comment_lost",
    harm: "the comment on a table did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT obj_description(%s, ''pg_class'')', c.oid),
  format('COMMENT ON TABLE %s IS NULL', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') IS NOT NULL
ORDER BY c.oid::regclass::text",
};
