//! A membership is gone.

use crate::sabotage::edit::Edit;

/// A membership is gone.
pub(super) const MEMBERSHIP_LOST: Edit = Edit {
    name: "membership_lost",
    harm: "a role is no longer a member of another",
    class: "globals",
    caught_by: &["globals"],
    candidates: "\
SELECT m.member::regrole || ' in ' || m.roleid::regrole,
  format('SELECT count(*) FROM pg_auth_members WHERE roleid = %s AND member = %s',
    m.roleid, m.member),
  format('REVOKE %s FROM %s', m.roleid::regrole, m.member::regrole)
    || CASE WHEN current_setting('server_version_num')::int >= 160000
       THEN format(' GRANTED BY %s', m.grantor::regrole) ELSE '' END
FROM pg_auth_members AS m
WHERE m.member >= 16384
ORDER BY m.member::regrole::text, m.roleid::regrole::text",
};
