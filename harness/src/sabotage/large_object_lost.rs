//! A large object is gone.

use crate::sabotage::edit::Edit;

/// A large object is gone.
pub(super) const LARGE_OBJECT_LOST: Edit = Edit {
    name: "large_object_lost",
    harm: "a large object did not come back",
    class: "content",
    caught_by: &["large_objects", "inventory", "fingerprint"],
    candidates: "\
SELECT 'large object ' || oid,
  format('SELECT count(*) FROM pg_largeobject_metadata WHERE oid = %s', oid),
  format('SELECT lo_unlink(%s)', oid)
FROM pg_largeobject_metadata
ORDER BY oid",
};
