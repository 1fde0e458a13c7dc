//! The database takes no writes.

use crate::sabotage::edit::Edit;

/// The database takes no writes.
pub(super) const DATABASE_READ_ONLY: Edit = Edit {
    name: "database_read_only",
    harm: "the database came back with a setting that keeps it from being written",
    class: "globals",
    caught_by: &["globals", "usable"],
    candidates: "\
SELECT 'database ' || current_database(),
  'SELECT count(*) FROM pg_db_role_setting WHERE setrole = 0 AND '
    '''default_transaction_read_only=on'' = ANY (setconfig)',
  format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())",
};
