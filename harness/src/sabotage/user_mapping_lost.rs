//! A user mapping is gone.

use crate::sabotage::edit::Edit;

/// A user mapping is gone.
pub(super) const USER_MAPPING_LOST: Edit = Edit {
    name: "user_mapping_lost",
    harm: "a role no longer gets to a foreign server",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT m.usename || ' at ' || m.srvname,
  format('SELECT count(*) FROM pg_user_mapping WHERE oid = %s', m.umid),
  format('DROP USER MAPPING FOR %s SERVER %I',
    CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(m.usename) END, m.srvname)
FROM pg_user_mappings AS m
ORDER BY m.srvname, m.usename",
};
