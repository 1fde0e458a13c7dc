//! The server promises less than it did.

use crate::sabotage::edit::Edit;

/// The server promises less than it did.
pub(super) const SETTING_WEAKENED: Edit = Edit {
    name: "setting_weakened",
    harm: "commits are acknowledged before they are on the disk",
    class: "configuration",
    caught_by: &["configuration"],
    candidates: "\
SELECT 'synchronous_commit',
  'SELECT count(*) FROM pg_file_settings WHERE name = ''synchronous_commit'' '
    'AND setting = ''off''',
  'ALTER SYSTEM SET synchronous_commit = off',
  'SELECT pg_reload_conf()'",
};
