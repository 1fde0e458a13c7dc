//! The record of the first commits is zeroed after the restore: which rows are seen does not tell,
//! as long as each carries a mark of its own.

use crate::sabotage::tampered::{Tampered, Tampering};

/// The record of the first commits is zeroed after the restore. Two bits tell of a transaction:
/// these bytes reach to the first that loaded the fixture, which no checksum covers.
pub(super) const COMMITS_FORGOTTEN: Tampered = Tampered {
    name: "commits_forgotten",
    harm: "pg_xact does not know that the fixture was ever committed",
    caught_by: &["pages", "inventory", "fingerprint", "usable"],
    file: "pg_xact/0000",
    how: Tampering::Zero(200),
};
