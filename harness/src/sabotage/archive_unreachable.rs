//! The archive gives nothing to the recovery.

use crate::sabotage::tampered::{Tampered, Tampering};

/// The archive gives nothing to the recovery.
pub(super) const ARCHIVE_UNREACHABLE: Tampered = Tampered {
    name: "archive_unreachable",
    harm: "restore_command finds nothing in the archive",
    caught_by: &["target", "ledger"],
    file: "postgresql.auto.conf",
    how: Tampering::Append("restore_command = 'false'"),
};
