//! A publication is gone.

use crate::sabotage::edit::Edit;

/// A publication is gone.
pub(super) const PUBLICATION_LOST: Edit = Edit {
    name: "publication_lost",
    harm: "a publication did not come back: its subscribers get nothing any more",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT pubname, format('SELECT count(*) FROM pg_publication WHERE oid = %s', oid),
  format('DROP PUBLICATION %I', pubname)
FROM pg_publication
ORDER BY pubname",
};
