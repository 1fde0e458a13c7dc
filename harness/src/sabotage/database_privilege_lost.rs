//! The privileges of the database are what they are by default.

use crate::sabotage::edit::Edit;

/// The privileges of the database are what they are by default.
pub(super) const DATABASE_PRIVILEGE_LOST: Edit = Edit {
    name: "database_privilege_lost",
    harm: "everyone may connect to the database again",
    class: "globals",
    caught_by: &["globals"],
    candidates: "\
SELECT 'the privileges of database ' || datname,
  format('SELECT datacl IS NULL FROM pg_database WHERE oid = %s', oid),
  'SET allow_system_table_mods = on',
  format('UPDATE pg_catalog.pg_database SET datacl = NULL WHERE oid = %s', oid)
FROM pg_database
WHERE datacl IS NOT NULL AND datname = current_database()",
};
