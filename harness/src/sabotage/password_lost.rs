//! A password is gone.

use crate::sabotage::edit::Edit;

/// A password is gone.
pub(super) const PASSWORD_LOST: Edit = Edit {
    name: "password_lost",
    harm: "a role came back without its password",
    class: "globals",
    caught_by: &["globals", "usable", "access"],
    candidates: "\
SELECT 'the password of ' || rolname,
  format('SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = %L', rolname),
  format('ALTER ROLE %I PASSWORD NULL', rolname)
FROM pg_authid
WHERE rolcanlogin AND rolpassword IS NOT NULL AND oid >= 16384
  AND rolname NOT LIKE 'pgrehearse%'
ORDER BY rolname",
};
