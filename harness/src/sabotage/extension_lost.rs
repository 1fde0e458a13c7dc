//! An extension is gone, and whatever is made of it.

use crate::sabotage::edit::Edit;

/// An extension is gone, and whatever is made of it.
pub(super) const EXTENSION_LOST: Edit = Edit {
    name: "extension_lost",
    harm: "an extension did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT extname, format('SELECT count(*) FROM pg_extension WHERE oid = %s', oid),
  format('DROP EXTENSION %I CASCADE', extname)
FROM pg_extension
WHERE oid >= 16384
ORDER BY extname",
};
