//! A materialized view holds nothing.

use crate::sabotage::edit::Edit;

/// A materialized view holds nothing.
pub(super) const VIEW_EMPTIED: Edit = Edit {
    name: "view_emptied",
    harm: "a materialized view came back without its rows",
    class: "content",
    caught_by: &["inventory", "fingerprint"],
    candidates: "\
SELECT c.oid::regclass::text, format('SELECT relispopulated FROM pg_class WHERE oid = %s', c.oid),
  format('REFRESH MATERIALIZED VIEW %s WITH NO DATA', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated
ORDER BY c.oid::regclass::text",
};
