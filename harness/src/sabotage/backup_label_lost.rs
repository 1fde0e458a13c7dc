//! The label of the backup is lost after the restore.

use crate::sabotage::tampered::{Tampered, Tampering};

/// The label of the backup is lost after the restore.
pub(super) const BACKUP_LABEL_LOST: Tampered = Tampered {
    name: "backup_label_lost",
    harm: "backup_label is lost, and the server takes its files for those of a crash",
    caught_by: &["target", "server_log"],
    file: "backup_label",
    how: Tampering::Lose,
};
