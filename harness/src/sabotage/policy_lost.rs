//! A policy of row level security is gone.

use crate::sabotage::edit::Edit;

/// A policy of row level security is gone.
pub(super) const POLICY_LOST: Edit = Edit {
    name: "policy_lost",
    harm: "a policy that hid rows, or showed them, did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT p.polname || ' on ' || p.polrelid::regclass,
  format('SELECT count(*) FROM pg_policy WHERE oid = %s', p.oid),
  format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
JOIN pg_policy AS p ON p.polrelid = c.oid
ORDER BY p.polrelid::regclass::text, p.polname",
};
